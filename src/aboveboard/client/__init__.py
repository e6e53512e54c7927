"""What runs inside the host: standard library only, silent, never in the way."""
