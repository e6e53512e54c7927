"""The host's disk: places, locks, and files that are read and written with care."""
