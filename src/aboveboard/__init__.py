"""Usage analytics that the people who run a tool can check for themselves."""

__version__ = "0.1.0"
