"""The commands about what may be collected."""
