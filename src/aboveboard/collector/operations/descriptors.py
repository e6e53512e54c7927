"""File descriptors: how many the process may have, and how many of them connections get.

Where connections could take them all, the warehouse could open no file and SQLite no journal, and
whoever opens idle connections would decide what is stored.
"""

from __future__ import annotations

import errno
import os
import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_MAX = 65_536
"""Descriptors that are asked for, however many there could be."""

MACOS_MAX = 10_240
"""What macOS lets every process have (OPEN_MAX), where it refuses more than its limit shows."""

CONNECTIONS_MAX = 4096
"""Connections at once, however many descriptors there are: each takes memory too."""

NEEDED = 128
"""Fewer than this and the warehouse cannot work: about 60 are open at rest."""

CONNECTIONS_MIN = 16

OWN = 192
"""Descriptors that are no connection's, however few there are: some hundred are open at rest, and
an insert opens a file a column."""

SPARE = 16
"""Fewer than this left and the next insert may fail: it opens a file a column."""


def raise_limit(*, _set: Callable[[int, tuple[int, int]], None] = resource.setrlimit) -> int:
    """Allow the process as many descriptors as the system lets it, and return how many it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return LIMIT_MAX
    for most in (LIMIT_MAX, MACOS_MAX):
        wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
        if soft >= wanted:
            return soft
        try:
            _set(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            continue
        return wanted
    return soft


def connections(limit: int) -> int:
    """Return how many connections there may be at once: at most half of the descriptors."""
    return max(CONNECTIONS_MIN, min(CONNECTIONS_MAX, limit // 2, limit - OWN))


def nearly_none() -> bool:
    """Return whether the process can open nearly no file more."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return False
    try:
        return soft - len(os.listdir("/dev/fd")) < SPARE  # noqa: PTH208  # one that is left may do
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
