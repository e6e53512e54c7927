"""What a command prints: a line at a time, and whatever a file says obeyed by no terminal.

Files, and the names in them, may be anybody's: an escape sequence could recolour, erase or retitle
the terminal of whoever looks, and a line break could make a word of theirs look like a line of
ours.
"""

from __future__ import annotations

import io
import sys

from aboveboard.auditlog.terminal import plain

__all__ = ["lenient", "plain", "say", "warn"]


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
