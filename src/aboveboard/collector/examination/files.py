"""The data directory: whose it is, who may read it, and how much room there is."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.collector.inbox.inbox import RESERVE

from .finding import Finding, notice, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

ABOUT = "files"
SPACE = "free space"

LITTLE = 2**30
"""Bytes of disk below which somebody should see to it: merges of a large table need room."""

MEBIBYTE = 2**20


def examine(directory: Path) -> Iterator[Finding]:
    """Yield what there is to say about a data directory; nothing else is wrong if it is missing."""
    try:
        mine = directory.stat()
        entries = sorted(directory.iterdir())
    except FileNotFoundError:
        yield wrong(
            ABOUT,
            f"{directory} is not there: name the collector's with --data, or start "
            "`aboveboard serve`, which makes it",
        )
        return
    except OSError as error:
        yield wrong(
            ABOUT,
            f"{directory} cannot be looked into ({error.strerror}): ask as the user whom the "
            "collector runs as",
        )
        return
    found = [*_modes(directory, entries), *_owners(directory, mine.st_uid, entries)]
    yield from found or [well(ABOUT, f"{directory} and what is in it are its owner's alone")]
    yield _space(directory)


def is_there(directory: Path) -> bool:
    """Return whether the rest can be examined."""
    return os.access(directory, os.R_OK | os.X_OK) and directory.is_dir()


def _modes(directory: Path, entries: list[Path]) -> Iterator[Finding]:
    opened = [entry.name for entry in entries if _mode(entry) & 0o077]
    if opened:
        yield wrong(
            ABOUT,
            f"other users may read {_some(opened)}: "
            f"`chmod -R go= {shlex.quote(str(directory))}` closes it",
        )


def _mode(entry: Path) -> int:
    try:
        mode = entry.lstat().st_mode
        return 0 if stat.S_ISLNK(mode) else stat.S_IMODE(mode)  # a link's own says nothing
    except OSError:  # removed meanwhile
        return 0


def _owners(directory: Path, owner: int, entries: list[Path]) -> Iterator[Finding]:
    others = sorted({name for entry in entries for name in _anothers(entry, directory, owner)})
    if others:
        yield wrong(
            ABOUT,
            f"{_some(others)} are not of the directory's owner, as after a run with sudo: "
            f"`sudo chown -R {owner} {shlex.quote(str(directory))}` gives them back",
        )
    if os.geteuid() not in (0, owner):
        yield notice(ABOUT, f"{directory} is of user {owner}, and you are {os.geteuid()}")


def _anothers(entry: Path, directory: Path, owner: int) -> Iterator[str]:
    """Yield what is another user's of an entry, and of what is below it."""
    places = [entry]
    if entry.is_dir() and not entry.is_symlink():
        for folder, _, names in os.walk(entry):
            places.append(Path(folder))
            places += [Path(folder) / name for name in names]
    for place in places:
        with contextlib.suppress(OSError):  # merged away meanwhile
            if place.lstat().st_uid != owner:
                yield str(place.relative_to(directory))


def _space(directory: Path) -> Finding:
    free = shutil.disk_usage(directory).free
    told = f"{free // MEBIBYTE:,} MiB are free on the disk of {directory}"
    if free < RESERVE:
        return wrong(
            SPACE, f"{told}, and with less than {RESERVE // MEBIBYTE} nothing is taken: make room"
        )
    if free < LITTLE:
        return wrong(SPACE, f"{told}: make room, or events will be refused soon")
    return well(SPACE, told)


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
