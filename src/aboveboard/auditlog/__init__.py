"""What one's own audit log says, without a server: read it, count it, make a sample of it.

Standard library and the client only, so that whoever has the tool has this too.
"""
