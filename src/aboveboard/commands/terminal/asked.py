"""Secrets that a command is given: asked for in a terminal, or read from a file or a pipe.

Never as an argument: whoever lists a machine's processes reads those, and a shell keeps them.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

LONGEST = 4096
"""Bytes of a file that is read for a secret."""


class AskedError(ValueError):
    """No secret was given; the text says what to do."""


def add_file_argument(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--file`, which names where a secret is read from."""
    parser.add_argument(
        "--file",
        metavar="FILE",
        help=f"read {what} from the first line of FILE (- is standard input); otherwise it is "
        "asked for, or read from standard input where that is no terminal",
    )


def secret(what: str, file: str | None) -> str:
    """Return a secret that a person or a file gives.

    Raises:
        AskedError: none was given, it was typed in two ways, is no text, or the file cannot be
            read.
    """
    try:
        line = _given(what, file)
        line.encode()
    except UnicodeError:  # a terminal or a pipe may give any bytes
        raise AskedError(f"the {what} is not UTF-8: write it so") from None
    return line


def _given(what: str, file: str | None) -> str:
    if file is not None and file != "-":
        return _first_line(_read(file), file)
    if file == "-" or not sys.stdin.isatty():
        return _first_line(sys.stdin.readline(LONGEST), "standard input")
    try:
        given = getpass.getpass(f"New {what}: ")
        again = getpass.getpass("The same again: ")
    except EOFError:
        raise AskedError(f"no {what} was given") from None
    if given != again:
        raise AskedError("the two were not the same: nothing has changed")
    return _first_line(given, "what was typed")


def _read(file: str) -> str:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(LONGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise AskedError(f"{file} cannot be read: {reason}") from None


def _first_line(text: str, where: str) -> str:
    line = text.partition("\n")[0].rstrip("\r")
    if not line:
        raise AskedError(f"nothing is in {where}")
    return line
