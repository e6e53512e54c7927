"""Locks on open files: flock where there is one, Windows' byte-range locks elsewhere.

Both are released by the system when their process dies, however it dies.
"""

from __future__ import annotations

import os

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

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
