"""Request bodies: read and inflated within bounds, and the write key that stands in one."""
