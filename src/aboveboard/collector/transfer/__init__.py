"""Events that come and go in files."""
