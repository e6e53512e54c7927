"""Segments: the files of events that wait to be sent, on disk as soon as `write` returns.

A segment is created by one process, locked for as long as that process writes to it, and never
changed afterwards, so that its id names its bytes. Whoever sends takes the ones that nobody holds.
A crash of the host loses nothing: what was written is the system's, and the lock dies with it.
"""

from __future__ import annotations

import os
import stat
import time
from _thread import RLock

from aboveboard.client.decision.identity import new_id
from aboveboard.client.files import locks
from aboveboard.client.files.appendfile import AppendFile, LostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".jsonl"
SIZE_MAX = 256 * 1024
"""Bytes in a segment; the next line starts another. Below what a collector takes in one body."""

OWN_MAX = 256
OWN_BYTES_MAX = 16 * 1024 * 1024
"""What one process may leave; a host that never ends drops its own oldest after that."""

EMPTY_SECONDS_MAX = 3600
"""After which an empty segment is one whose process died before its first line."""

WAITING_MAX = 1000
WAITING_BYTES_MAX = 16 * 1024 * 1024
WAITING_SECONDS_MAX = 28 * 24 * 3600
"""What may wait on one machine. The age stays below the thirty days for which a collector
remembers the ids that it has taken, so that a late segment can't count twice."""


class Writer:
    """Appends lines to this process's segment in `directory`.

    Safe for threads, for forks, and for a signal handler that records while a line is written.
    Nothing is created before the first line.
    """

    __slots__ = ("_directory", "_file", "_lock", "_own", "_path", "_size", "dropped")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._file: AppendFile | None = None
        self._size = 0
        self._path = ""
        self._own: list[tuple[str, int]] = []
        self._lock = RLock()
        self.dropped = 0
        _writers.append(self)

    def write(self, line: bytes) -> None:
        """Append one line, ending in a newline, as a whole or not at all.

        Raises:
            OSError: it could not be written; the segment is as it was before.
        """
        with self._lock:
            file = self._file
            if file is None or self._size + len(line) > SIZE_MAX:
                file = self._open_next()
            try:
                file.append(line)
            except LostError:
                file = self._open_next()
                file.append(line)
            self._size += len(line)

    def close(self) -> None:
        """Release the segment to whoever sends. A later `write` starts another."""
        with self._lock:
            self._release()

    def _open_next(self) -> AppendFile:
        self._release()
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        path = os.path.join(self._directory, new_id() + SUFFIX)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = locks.above_stdio(os.open(path, flags, 0o600))
        try:
            # Nobody competes: a sender leaves empty segments alone, and this one is empty.
            locks.acquire(descriptor)
        except OSError:
            os.close(descriptor)
            os.unlink(path)
            raise
        self._file = file = AppendFile(descriptor)
        self._size, self._path = 0, path
        own = self._own
        while len(own) >= OWN_MAX or sum(size for _, size in own) > OWN_BYTES_MAX - SIZE_MAX:
            try:
                os.unlink(own.pop(0)[0])
                self.dropped += 1
            except OSError:
                pass  # sent already
        return file

    def _release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
            self._own.append((self._path, self._size))

    def _after_fork(self) -> None:
        # The child has copies of the lock (held, perhaps) and of the descriptor. It lets go of
        # both and starts a segment of its own; the parent's stays locked by the parent.
        self._lock = RLock()
        self._release()
        self._own = []


_writers: list[Writer] = []
"""All that this process ever made, which is one a session: a fork may come at any moment, also
while one is between two segments."""


def _after_fork_in_child() -> None:
    for writer in _writers:
        writer._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


class Waiting:
    """A segment that nobody writes to, held by this process until `release` or `remove`."""

    __slots__ = ("_descriptor", "id", "path")

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.id = os.path.basename(path)[: -len(SUFFIX)]
        self._descriptor = descriptor

    def read(self) -> bytes:
        """Return the segment's bytes."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            return file.read()

    def remove(self) -> None:
        if os.name == "nt":  # an open file can't be removed there
            self.release()
        os.unlink(self.path)
        self.release()

    def set_aside(self, status: int) -> int:
        """Move the segment to `aside/`, where the last few are kept for a person to look at.

        The status with which it was refused becomes a part of its name.

        Returns how many older ones had to be dropped for it.
        """
        directory = os.path.join(os.path.dirname(self.path), "aside")
        os.makedirs(directory, mode=0o700, exist_ok=True)
        if os.name == "nt":
            self.release()
        os.replace(self.path, os.path.join(directory, f"{self.id}.{status}{SUFFIX}"))
        self.release()
        too_many = listed(directory)[:-ASIDE_MAX]
        for path in too_many:
            os.unlink(path)
        return len(too_many)

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


ASIDE_MAX = 20


def bring_back(directory: str) -> tuple[int, int]:
    """Have what was set aside in `directory` wait again, under the id that it had.

    Returns how many segments wait again, and how many are too old to be sent, which stay there.

    Raises:
        OSError: not all could be moved; the same call goes on.
    """
    brought = too_old = 0
    for path in listed(os.path.join(directory, "aside")):
        if time.time() - os.stat(path).st_mtime > WAITING_SECONDS_MAX:
            too_old += 1
            continue
        name = os.path.basename(path)[: -len(SUFFIX)].partition(".")[0]
        os.replace(path, os.path.join(directory, name + SUFFIX))
        brought += 1
    return brought, too_old


def listed(directory: str) -> list[str]:
    """Return the paths of all segments in `directory`, oldest first; none where there is none."""
    found = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue  # sent and removed meanwhile
                    if stat.S_ISREG(status.st_mode):  # no pipe, and no link to what is not ours
                        found.append((status.st_mtime_ns, entry.path))
    except OSError:
        return []
    return [path for _, path in sorted(found)]


def any_waits(directory: str) -> bool:
    """Return whether there is any segment, at the price of one look."""
    try:
        with os.scandir(directory) as entries:
            return any(_is_segment(entry) for entry in entries)
    except OSError:
        return False


def any_left(directory: str) -> bool:
    """Return whether there is a segment that no process writes to."""
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                held = hold(entry.path) if _is_segment(entry) else None
                if held is not None:
                    held.release()
                    return True
    except OSError:
        pass
    return False


def _is_segment(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False)


def waiting(directory: str) -> Iterator[Waiting]:
    """Yield the segments that no process writes to, oldest first, each held until released."""
    for path in listed(directory):
        held = hold(path)
        if held is not None:
            yield held


def hold(path: str) -> Waiting | None:
    """Return the segment at `path`, held, or None where it is gone, empty or someone's."""
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        # Empty: just created, and about to be locked by its writer, who must not meet us there.
        if os.fstat(descriptor).st_size and locks.acquire(descriptor):
            return Waiting(path, descriptor)
    except OSError:
        pass
    os.close(descriptor)
    return None


def prune(directory: str) -> int:
    """Drop what is too old, too many or too much, the oldest first; return how many segments."""
    dropped = 0
    sizes = []
    now = time.time()
    for path in listed(directory):
        try:
            status = os.stat(path)
        except OSError:
            continue
        age = now - status.st_mtime
        if age > (WAITING_SECONDS_MAX if status.st_size else EMPTY_SECONDS_MAX):
            dropped += _drop(path, even_empty=True)
        else:
            sizes.append((path, status.st_size))
    total = sum(size for _, size in sizes)
    number = len(sizes)
    for path, size in sizes:
        if number <= WAITING_MAX and total <= WAITING_BYTES_MAX:
            break
        if _drop(path):
            dropped += 1
            number -= 1
            total -= size
    return dropped


def remove_all(directory: str) -> None:
    """Remove every segment, also those being written: what was recorded there is never sent."""
    for folder in (directory, os.path.join(directory, "aside")):
        for path in listed(folder):
            try:
                os.unlink(path)
            except OSError:
                pass  # on Windows one that is open; its process finds the no when it sends


def _drop(path: str, *, even_empty: bool = False) -> bool:
    held = hold(path)
    if held is None:
        if even_empty and os.path.getsize(path) == 0:
            os.unlink(path)
        return False
    held.remove()
    return True
