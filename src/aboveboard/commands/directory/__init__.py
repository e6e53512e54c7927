"""How commands find a data directory, and reach what is in it."""
