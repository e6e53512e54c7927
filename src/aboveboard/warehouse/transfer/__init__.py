"""Rows and files, out of the warehouse and back into it."""
