"""A person's own page of what this machine has of a tool's events, for one browser of theirs."""
