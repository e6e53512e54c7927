"""What the child does, once the host has ended."""
