"""An export's file: written under a temporary name and renamed, so that it is whole or not there.

JSON lines, packed where the name ends in `.gz`; or a table (CSV, Parquet), made of lines that lie
beside it meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from aboveboard.warehouse import convert

from . import rows
from .scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

JSONL = "jsonl"
FORMATS = (JSONL, *convert.FORMATS)
STANDARD_OUTPUT = "-"
PACKED = ".gz"


class UnwritableError(Exception):
    """The file cannot be written; the text is one line that says what to do."""


def format_of(name: str) -> str:
    """Return the format that a file's name asks for; JSON lines where it asks for none."""
    return next((each for each in convert.FORMATS if name.endswith(f".{each}")), JSONL)


def is_flat(kind: str) -> bool:
    """Return whether a format needs lines whose columns are keys of their own."""
    return kind != JSONL


def write(
    name: str, kind: str, first: bytes, columns: Mapping[str, str], lines: Iterable[bytes]
) -> Callable[[], None]:
    """Write lines; return what completes the file, for when no warehouse is open any more.

    Args:
        name: The file's; `-` is standard output.
        kind: One of `FORMATS`.
        first: The line with which JSON lines begin.
        columns: The keys of flat lines, and their types.
        lines: The lines.

    Raises:
        UnwritableError: the file cannot be written; by what completes it too.
    """
    if not is_flat(kind):
        with written(name) as file:
            packed = gzip.GzipFile("", "wb", 6, file, 0) if name.endswith(PACKED) else None
            into = cast("BinaryIO", packed or file)
            into.write(first)
            for each in lines:
                into.write(each)
            if packed is not None:
                packed.close()
        return lambda: None
    place = None if name == STANDARD_OUTPUT else Path(name).absolute().parent
    with _plain(name), contextlib.ExitStack() as opened:
        beside = opened.enter_context(scratch(".aboveboard-export-", place))
        with (beside / "lines.jsonl").open("wb") as file:
            for each in lines:
                file.write(each)
        remaining = opened.pop_all()

    def complete() -> None:
        with remaining, written(name) as file:
            convert.to_table(beside / "lines.jsonl", beside / "table", kind, columns)
            (beside / "lines.jsonl").unlink()
            with (beside / "table").open("rb") as table:
                shutil.copyfileobj(table, file, 1 << 20)

    return complete


@contextlib.contextmanager
def written(name: str) -> Iterator[BinaryIO]:
    """Give a file to write, which has its name once all is written, and is on the disk then.

    Raises:
        UnwritableError: it cannot be written.
    """
    if name == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(name)
    partial = target.with_name(f".{target.name}.partial")
    with _plain(name):
        if target.is_dir():
            raise UnwritableError(f"{name} is a directory: name a file in it")
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UnwritableError(f"another export writes {name} now") from None
            file.truncate()
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                partial.replace(target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        _sync(target.absolute().parent)


@contextlib.contextmanager
def _plain(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableError(f"{name} cannot be written: {error.strerror}") from None


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kind_of(first: bytes) -> str | None:
    """Return what a file is by its first bytes; None for a log, or another file of lines."""
    if first.startswith(b"PAR1"):
        return convert.PARQUET
    if first.removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(b"event") and b"," in first:
        return convert.CSV
    return JSONL if rows.is_header(first) else None
