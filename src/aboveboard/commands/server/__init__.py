"""The commands of who runs a collector."""
