"""The commands through which events come, go, and are kept."""
