"""A project's tables: made, grown, and brought up to date."""
