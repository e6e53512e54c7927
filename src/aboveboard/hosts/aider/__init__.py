"""aider, the first host: what it may collect."""
