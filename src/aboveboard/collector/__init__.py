"""The collector: what senders bring, checked, kept, and moved into the warehouse."""
