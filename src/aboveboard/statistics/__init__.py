"""The numbers behind the answers."""
