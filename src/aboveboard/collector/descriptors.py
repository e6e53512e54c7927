"""File descriptors: how many the process may have, and how many of them connections get.

Where connections could take them all, the warehouse could open no file and SQLite no journal, and
whoever opens idle connections would decide what is stored.
"""

from __future__ import annotations

import resource

LIMIT_MAX = 65_536
"""Descriptors that are asked for, however many there could be."""

CONNECTIONS_MAX = 4096
"""Connections at once, however many descriptors there are: each takes memory too."""

NEEDED = 128
"""Fewer than this and the warehouse cannot work: about 60 are open at rest."""


def raise_limit() -> int:
    """Allow the process as many descriptors as the system lets it, and return how many it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = LIMIT_MAX if hard == resource.RLIM_INFINITY else min(hard, LIMIT_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # macOS has another, lower limit that it does not tell
            return soft
        return wanted
    return LIMIT_MAX if soft == resource.RLIM_INFINITY else soft


def connections(limit: int) -> int:
    """Return how many connections there may be at once: at most half of the descriptors."""
    return min(CONNECTIONS_MAX, limit // 2)
