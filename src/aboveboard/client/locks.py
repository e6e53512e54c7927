"""Locks on open files: flock where there is one, Windows' byte-range locks elsewhere.

Both are released by the system when their process dies, however it dies.
"""

from __future__ import annotations

import os

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FIRST = 3
"""The first descriptor that is nobody's input or output."""


def above_stdio(descriptor: int) -> int:
    """Return the open file under a descriptor from `FIRST` on.

    Where a program's own streams are closed, the next file that is opened takes their place, and
    whatever is printed goes into it.
    """
    if descriptor >= FIRST or fcntl is None:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST)
    finally:
        os.close(descriptor)


_FAR = 1 << 40  # Windows locks bytes, not files: one far behind anything that is written


def acquire(descriptor: int, *, wait: bool) -> bool:
    """Lock the open file; return False where another holds it and `wait` is false.

    Raises:
        OSError: the file system knows no locks.
    """
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
    return _acquire_windows(descriptor, wait=wait)


def _acquire_windows(descriptor: int, *, wait: bool) -> bool:
    import msvcrt

    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            except OSError:
                if not wait:
                    return False
                import time

                time.sleep(0.02)
            else:
                return True
    finally:
        os.lseek(descriptor, position, os.SEEK_SET)
