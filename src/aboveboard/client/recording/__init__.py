"""A session that records: events become lines of a segment."""
