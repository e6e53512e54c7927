"""What is counted beside the events: what was not taken, and how late is what was."""
