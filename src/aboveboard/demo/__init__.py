"""A simulated population of aider's users, so that a new collector has something to show.

Everyone in it uses the real client, a false clock and real HTTP; nothing about them is real.
"""
