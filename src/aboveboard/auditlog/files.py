"""Log files as they lie on a disk: plain, or packed by what rotates logs there."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

STANDARD_INPUT = "-"

_OPENERS: dict[bytes, Callable[[BinaryIO], object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""By the bytes with which a packed file begins; no line of JSON begins with them."""


@contextlib.contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open a log for reading its lines; `-` is standard input.

    Raises:
        OSError: it cannot be opened.
    """
    if name == STANDARD_INPUT:
        yield unpacked(sys.stdin.buffer)
    else:
        with Path(name).open("rb") as file:
            yield unpacked(file)


def unpacked(file: BinaryIO) -> BinaryIO:
    """Return a file that reads as the log that `file` holds, packed by gzip, bzip2, xz or not.

    How it is packed is told by its first bytes: a rotated log has any name.
    """
    first = cast("io.BufferedReader", file).peek(8)
    for magic, open_packed in _OPENERS.items():
        if first.startswith(magic):
            return cast("BinaryIO", open_packed(file))
    return file


def is_damage(error: Exception) -> bool:
    """Return whether reading failed because a packed log is cut off or damaged.

    Of an `OSError` that is the case if the system has no number for it: the libraries raised it.
    """
    if isinstance(error, OSError):
        return error.errno is None
    return isinstance(error, (EOFError, zlib.error, lzma.LZMAError))
