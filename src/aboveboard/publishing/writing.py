"""Writing a site: the new one takes the old one's place in one step, or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MARK = "v1/files.txt"
"""The file by which a site is known to be one: it names all the others."""

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


class WritingError(Exception):
    """The site cannot be written; the text says what to do."""


def check(out: Path) -> None:
    """Say whether a site may be written there.

    Raises:
        WritingError: there is something that this command has not written.
    """
    try:
        if not os.path.lexists(out):
            return
        if out.is_symlink() or not out.is_dir():
            raise WritingError(
                f"{out} is no directory: name one that is empty, or a site of before"
            )
        paths = [*out.rglob("*")]
        there = {path.relative_to(out).as_posix() for path in paths if not path.is_dir()}
        links = [path.relative_to(out).as_posix() for path in paths if path.is_symlink()]
        mark = out / MARK
        known = {MARK, *mark.read_text("utf-8").splitlines()} if mark.is_file() else set()
    except (OSError, UnicodeDecodeError) as error:
        raise WritingError(f"{out} cannot be read: {error}") from None
    foreign = sorted(there - known) + links
    if foreign:
        raise WritingError(
            f"{out} has what is not of a site ({foreign[0]}): publish into a directory of its "
            "own, and copy the site from there"
        )


def write(
    out: Path, files: Mapping[str, bytes], _crash: Callable[[str], None] = lambda _step: None
) -> None:
    """Write a site. Killed at any moment, the site of before is there as it was.

    Args:
        out: Where to, a directory: not there yet, empty, or a site that this function wrote.
        files: Path to content.
        _crash: Called with the name of each step after it, for tests that end the process there.

    Raises:
        WritingError: it cannot be written, and nothing has changed.
    """
    check(out)
    out = out.absolute()
    prefix = f".{out.name}."
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for old in out.parent.iterdir():  # of one that was killed
            if re.fullmatch(rf"{re.escape(prefix)}[a-z0-9_]{{8}}\.part", old.name):
                shutil.rmtree(old, ignore_errors=True)
        made = Path(tempfile.mkdtemp(".part", prefix, out.parent))
        try:
            made.chmod(0o755)  # what is made for the public may be read by its server
            for name, content in {**files, MARK: _names(files)}.items():
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as writing:
                    writing.write(content)
            os.sync()
            _crash("written")
            _swap(made, out)
            _crash("swapped")
        finally:
            shutil.rmtree(made, ignore_errors=True)  # of before, after the swap
    except OSError as error:
        raise WritingError(f"{out} cannot be written: {error.strerror}") from None


def _names(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(files)).encode()


def _swap(made: Path, out: Path) -> None:
    if not out.exists():
        made.rename(out)
        return
    if _exchange(made, out):
        return
    # Where a system has no exchange, there is a moment without a site, and both are kept for it.
    aside = Path(tempfile.mkdtemp(".part", f".{out.name}.", out.parent)) / "before"
    try:
        out.rename(aside)
        try:
            made.rename(out)
        except OSError:
            aside.rename(out)
            raise
    except OSError:
        with contextlib.suppress(OSError):  # not empty if neither name could be given back
            aside.parent.rmdir()
        raise
    shutil.rmtree(aside.parent, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two directories in one step; return False where the system has no such step."""
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError, AttributeError):
        call = ctypes.CDLL(None, use_errno=True).renameat2
        names = (os.fsencode(one), os.fsencode(other))
        if call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
            return True
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            raise WritingError(f"{other} cannot be written: {os.strerror(number)}")
    return False
