"""A tool's source, read without running it: every place that records an event."""
