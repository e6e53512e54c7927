"""A file to which whole lines are appended: a segment, or the audit log.

A host may close every descriptor that it did not open, as daemons do, and open files of its own
under the same numbers. A line of ours in a host's database would be worse than any line that is
lost, so each write looks first whether the descriptor still names the file that was opened.
"""

from __future__ import annotations

import errno
import os

from . import locks


class LostError(OSError):
    """The descriptor is no longer the file's: the host has closed it."""


class AppendFile:
    """An open file, of this process's own.

    Args:
        descriptor: The file's descriptor, open for appending.
    """

    __slots__ = ("_descriptor", "_device", "_inode")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        _, self._inode, self._device, *_ = os.fstat(descriptor)

    def append(self, line: bytes) -> None:
        """Append a line as a whole, or not at all.

        Raises:
            LostError: the descriptor is not this file's any more; nothing was written.
            OSError: it could not be written; the file is as it was before.
        """
        # Every recorded event passes here: by index and in place, which is twice as fast.
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            raise LostError(_LOST) from None
        if status[1] != self._inode or status[2] != self._device:
            raise LostError(_LOST)
        written = os.write(self._descriptor, line)
        if written != len(line):
            self._take_back(written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Close the file, unless the descriptor is someone else's by now."""
        descriptor, self._descriptor = self._descriptor, -1
        try:
            status = os.fstat(descriptor)
        except OSError:
            return
        if (status.st_ino, status.st_dev) == (self._inode, self._device):
            os.close(descriptor)

    def _take_back(self, written: int) -> None:
        """Remove a part of a line from the end, unless somebody has appended to it since."""
        end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        if os.fstat(self._descriptor).st_size == end:
            os.ftruncate(self._descriptor, end - written)


_LOST = "the host has closed the file"


class AuditLog:
    """The file that `--analytics-log` names, opened again where the host has closed it.

    Attributes:
        path: Where it is.
        failed: Whether a line could not be written to it.

    Raises:
        OSError: it cannot be written.
    """

    __slots__ = ("_file", "failed", "path")

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)  # the host may go elsewhere
        self.failed = False
        self._file = self._open()

    def append(self, line: bytes) -> None:
        """Append a line as a whole, or not at all.

        Raises:
            OSError: it could not be written.
        """
        try:
            try:
                self._file.append(line)
            except LostError:
                self._file = self._open()
                self._file.append(line)
        except OSError:
            self.failed = True
            raise

    def close(self) -> None:
        self._file.close()

    def _open(self) -> AppendFile:
        # A pipe that nobody reads is not waited for; a reader that is there is.
        nonblocking = getattr(os, "O_NONBLOCK", 0)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | nonblocking
        descriptor = locks.above_stdio(os.open(self.path, flags, 0o600))
        if nonblocking:
            os.set_blocking(descriptor, True)
        return AppendFile(descriptor)
