"""Short files: whatever lies in their place, nobody waits for it."""

from __future__ import annotations

import os

SIZE_MAX = 65536


def read(path: str, size: int = SIZE_MAX) -> bytes:
    """Return a file's first bytes. A pipe in its place is not waited for.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        found = b""
        while len(found) < size:
            more = os.read(descriptor, size - len(found))
            if not more:
                break
            found += more
        return found
    finally:
        os.close(descriptor)


_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
