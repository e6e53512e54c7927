"""What a command prints: a line at a time, and whatever a file says obeyed by no terminal.

Files, and the names in them, may be anybody's: an escape sequence could recolour, erase or retitle
the terminal of whoever looks, and a line break could make a word of theirs look like a line of
ours.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Literal

from aboveboard.auditlog.terminal import plain

__all__ = ["hold_streams", "lenient", "plain", "say", "warn"]


def hold_streams() -> None:
    """Open what of the standard streams is closed (`>&-`), so that no file takes its number.

    A database that had it would be written over by what is printed. Output that is closed fails at
    the first word, as on a full disk: what nobody gets was not done. Input has ended, and what is
    said on a closed standard error is lost.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        if not _is_open(number):
            os.set_inheritable(os.open(os.devnull, flags), True)  # the lowest number that is free
    sys.stdin = sys.stdin or _stream(0, "r")
    sys.stdout = sys.stdout or _stream(1, "w")
    sys.stderr = sys.stderr or _stream(2, "w")


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _stream(number: int, mode: Literal["r", "w"]) -> io.TextIOWrapper:
    return open(number, mode, encoding="utf-8", closefd=False)


def lenient() -> None:
    """Have what a stream cannot write told by its number, and no command fail of it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(*lines: str) -> None:
    """Print lines; what is no letter, digit, mark or space in them is shown as a question mark."""
    for line in lines:
        print(plain(line))
    sys.stdout.flush()


def warn(line: str) -> None:
    """Print a line on standard error, likewise."""
    print(plain(line), file=sys.stderr)
