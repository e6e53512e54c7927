"""A lock on a directory: one process has it, and it ends with that process, however that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from pathlib import Path


def hold(file: Path) -> FileLock:
    """Take a lock on a file, made if it is missing, without waiting; `release` gives it free.

    A file system that has no locks is an error: what the library would do there instead outlives a
    process that is killed, and the next start would find the directory taken.

    Raises:
        filelock.Timeout: another has it.
        OSError: the file cannot be made.
    """
    lock = FileLock(file, mode=0o600, blocking=False, thread_local=False, fallback_to_soft=False)
    lock.acquire()
    return lock
