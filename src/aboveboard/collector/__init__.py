"""The HTTP side: protocols, allow-list, keys, inbox, and the way into the warehouse."""
