"""A file to which whole lines are appended: a segment, or the audit log.

A host may close every descriptor that it did not open, as daemons do, and open files of its own
under the same numbers. A line of ours in a host's database would be worse than any line that is
lost, so each write looks first whether the descriptor still names the file that was opened.
"""

from __future__ import annotations

import os

from . import locks


class LostError(OSError):
    """The descriptor is no longer the file's: the host has closed it."""


class AppendFile:
    """An open file, of this process's own.

    Args:
        descriptor: The file's descriptor, open for appending.
    """

    __slots__ = ("_descriptor", "_identity")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        self._identity = status.st_dev, status.st_ino

    def append(self, line: bytes) -> None:
        """Append a line as a whole, or not at all.

        Raises:
            LostError: the descriptor is not this file's any more; nothing was written.
            OSError: it could not be written; the file is as it was before.
        """
        if not self._is_open():
            raise LostError("the file was closed by someone else")
        written = os.write(self._descriptor, line)
        if written != len(line):  # a full disk: no half line may stay
            end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
            if os.fstat(self._descriptor).st_size == end:  # nobody has appended to it since
                os.ftruncate(self._descriptor, end - written)
            raise OSError("the disk is full")

    def close(self) -> None:
        """Close the file, unless the descriptor is someone else's by now."""
        if self._is_open():
            os.close(self._descriptor)
        self._descriptor = -1

    def _is_open(self) -> bool:
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity


class AuditLog:
    """The file that `--analytics-log` names, opened again where the host has closed it.

    Raises:
        OSError: it cannot be written.
    """

    __slots__ = ("_file", "_path")

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)  # the host may go elsewhere
        self._file = self._open()

    def append(self, line: bytes) -> None:
        """Append a line as a whole, or not at all.

        Raises:
            OSError: it could not be written.
        """
        try:
            self._file.append(line)
        except LostError:
            self._file = self._open()
            self._file.append(line)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> AppendFile:
        # A pipe that nobody reads is not waited for; a reader that is there is.
        nonblocking = getattr(os, "O_NONBLOCK", 0)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | nonblocking
        descriptor = locks.above_stdio(os.open(self._path, flags, 0o600))
        if nonblocking:
            os.set_blocking(descriptor, True)
        return AppendFile(descriptor)
