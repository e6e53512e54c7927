"""Locks on open files: flock where there is one, Windows' byte-range locks elsewhere.

Both are released by the system when their process dies, however it dies.
"""

from __future__ import annotations

import os
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FIRST = 3
"""The first descriptor that is nobody's input or output."""


def above_stdio(descriptor: int, first: int = FIRST) -> int:
    """Return the open file under a descriptor from `first` on.

    Where a program's own streams are closed, the next file that is opened takes their place, and
    whatever is printed goes into it.
    """
    if descriptor >= first or fcntl is None:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, first)
    finally:
        os.close(descriptor)


_FAR = 1 << 40  # Windows locks bytes, not files: one far behind anything that is written
_LOOK_SECONDS = 0.01


def acquire(descriptor: int, *, seconds: float = 0) -> bool:
    """Lock the open file; return False where another holds it for `seconds` from now on.

    Raises:
        OSError: the file system knows no locks.
    """
    if _acquire(descriptor):
        return True
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
        if _acquire(descriptor):
            return True
    return False


def release(descriptor: int) -> None:
    """Give the lock back before the file is closed, also where a copy of it stays open."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return
    import msvcrt

    os.lseek(descriptor, _FAR, os.SEEK_SET)
    msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def _acquire(descriptor: int) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    return _acquire_windows(descriptor)


def _acquire_windows(descriptor: int) -> bool:
    import msvcrt

    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    finally:
        os.lseek(descriptor, position, os.SEEK_SET)
    return True
