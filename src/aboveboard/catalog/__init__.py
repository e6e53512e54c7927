"""What an app may collect: events, kinds of values, the models known. Standard library only.

Client and server share this room, and nothing else.
"""
