"""Requests: bodies within bounds, keys, access, and the deliveries that they bring."""
