"""What anybody can do with a published site, with the standard library: fetch it, compare."""
