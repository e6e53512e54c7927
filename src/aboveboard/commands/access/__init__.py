"""The commands that say who may send, and who may look."""
