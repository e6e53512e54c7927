"""A published site as a stranger gets it: the files that it names itself, small ones from memory.

`aboveboard publish --public` writes a site into `public/NAME` of the data directory, and has it
take the earlier one's place in one step. A site's own list names its files, so an address is looked
up in that list and never becomes a path by itself; no link on the way to a file is followed.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import stat
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIRECTORY = "public"
"""Where sites are in a data directory, each under its project's name."""

NAMES = "v1/files.txt"
"""The file of a site that names all others, a line each."""

NAMES_MAX = 16 * 2**20
"""Bytes of such a list that are read: a century of weeks has a tenth of it."""

SMALL = 2**20
"""Bytes of a file that is kept in memory. A larger one is read from the disk each time."""

MEMORY = 32 * 2**20
"""Bytes of files, packed ones included, that are kept in memory, of all sites together."""

WORTH = 1400
"""Bytes that fit one packet are not worth compressing."""

_BLOCK = 2**16

_INDEX = "index.html"

_PACKED = (".parquet",)
"""Names of what is compressed already."""


State = tuple[int, int, int]
"""What tells one state of a site from the next: its directory, and when that was written."""


@dataclass(frozen=True)
class File:
    """A file of a site.

    Args:
        name: Its path within the site.
        digest: Of its content, for the validator.
        state: Of which state of the site it is.
        content: All of it, if it is small.
        packed: The same by gzip, if that is worth it.
    """

    name: str
    digest: str
    state: State
    size: int
    content: bytes | None = field(repr=False)
    packed: bytes | None = field(repr=False)

    @property
    def weight(self) -> int:
        """How many bytes of memory it takes."""
        return len(self.content or b"") + len(self.packed or b"") + 512


@dataclass
class _Site:
    """What is known of one state of a site."""

    state: State
    names: frozenset[str]
    large: dict[str, File] = field(default_factory=dict)


class Sites:
    """The sites of a data directory. Safe to use from several threads.

    Files are read one at a time: whoever asks for many at once waits, and takes no memory for it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory / DIRECTORY
        self._lock = threading.Lock()
        self._sites: dict[str, _Site] = {}
        self._kept: OrderedDict[tuple[str, str], File] = OrderedDict()
        self._weight = 0

    def find(self, project: str, path: str) -> File | None:
        """Return the file at a path of a project's site, the first page for none.

        Args:
            project: The name of a project that there is.
            path: As it stands in the address, decoded, without a slash before it.
        """
        name = path or _INDEX
        with self._lock:
            # A site that has just been replaced may go while it is read: the next one is there.
            for _ in range(2):
                with contextlib.suppress(OSError, ValueError):
                    return self._find(project, name)
        return None

    def blocks(self, project: str, file: File) -> Iterator[bytes]:
        """Yield a large file's content, from the disk.

        Raises:
            OSError: the site has been replaced since the file was found.
        """
        with contextlib.ExitStack() as held:
            root = self._root(project, held)
            # The size and the digest that have been sent already are of the site of before.
            if _state(root) != file.state:
                raise OSError(f"the site of {project} is another one now")
            descriptor = _open(root, file.name, held)
            left = file.size
            while left and (block := os.read(descriptor, min(_BLOCK, left))):
                left -= len(block)
                yield block
            if left:
                raise OSError("the file is shorter than it was")

    def _root(self, project: str, held: contextlib.ExitStack) -> int:
        top = _held(os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY), held)
        return _held(_enter(project, top), held)

    def _find(self, project: str, name: str) -> File | None:
        with contextlib.ExitStack() as held:
            root = self._root(project, held)
            site = self._of(project, root)
            if name not in site.names:
                return None
            if name in site.large:
                return site.large[name]
            if (project, name) in self._kept:
                self._kept.move_to_end((project, name))
                return self._kept[project, name]
            file = _read(root, name, site.state)
            if file.content is None:
                site.large[name] = file
            else:
                self._keep(project, file)
            return file

    def _of(self, project: str, root: int) -> _Site:
        state = _state(root)
        site = self._sites.get(project)
        if site is None or site.state != state:
            for other, name in [key for key in self._kept if key[0] == project]:
                self._weight -= self._kept.pop((other, name)).weight
            site = self._sites[project] = _Site(state, _names(root))
        return site

    def _keep(self, project: str, file: File) -> None:
        self._kept[project, file.name] = file
        self._weight += file.weight
        while self._weight > MEMORY:
            self._weight -= self._kept.popitem(last=False)[1].weight


def _held(descriptor: int, held: contextlib.ExitStack) -> int:
    held.callback(os.close, descriptor)
    return descriptor


def _enter(name: str, within: int) -> int:
    if name in ("", ".", ".."):
        raise ValueError(name)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=within)


def _open(root: int, name: str, held: contextlib.ExitStack) -> int:
    """Open a regular file of a site, with no link anywhere on the way.

    Raises:
        OSError, ValueError: there is none.
    """
    *folders, last = name.split("/")
    within = root
    for folder in folders:
        within = _held(_enter(folder, within), held)
    # A pipe that somebody put there would be waited for.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = _held(os.open(last, flags, dir_fd=within), held)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise ValueError(name)
    return descriptor


def _state(root: int) -> State:
    seen = os.fstat(root)
    return seen.st_dev, seen.st_ino, seen.st_mtime_ns


def _names(root: int) -> frozenset[str]:
    with contextlib.ExitStack() as held:
        descriptor = _open(root, NAMES, held)
        text = b"".join(_blocks(descriptor, NAMES_MAX)).decode()
    return frozenset((NAMES, *text.splitlines()))


def _read(root: int, name: str, state: State) -> File:
    with contextlib.ExitStack() as held:
        descriptor = _open(root, name, held)
        size = os.fstat(descriptor).st_size
        digest = hashlib.sha256()
        blocks = []
        for block in _blocks(descriptor, size):
            digest.update(block)
            if size <= SMALL:
                blocks.append(block)
    told = digest.hexdigest()[:32]
    if size > SMALL:
        return File(name, told, state, size, None, None)
    content = b"".join(blocks)
    is_worth = len(content) >= WORTH and not name.endswith(_PACKED)
    packed = gzip.compress(content, 6, mtime=0) if is_worth else None
    return File(name, told, state, len(content), content, packed)


def _blocks(descriptor: int, most: int) -> Iterator[bytes]:
    while most > 0 and (block := os.read(descriptor, min(_BLOCK, most))):
        most -= len(block)
        yield block
