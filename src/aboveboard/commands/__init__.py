"""The `aboveboard` command line: one module a command, loaded when it is called."""

from __future__ import annotations

import argparse
import errno
import importlib
import keyword
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from aboveboard import __version__
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.printing import hold_streams, lenient, warn

ROOMS = {
    "server": {
        "serve": "the collector and its dashboard",
        "doctor": "what is wrong with a collector's installation, and what to do",
    },
    "access": {
        "projects": "the collector's projects: list, add, set, remove",
        "keys": "the write keys that clients send with: list, add, revoke",
        "secret": "the admin secret, which opens the dashboard: set it, make one, remove it",
        "people": "who else may look at the dashboard: list, add, remove",
        "tokens": "read tokens, for programs that fetch JSON and CSV: list, add, revoke",
        "webhooks": "where a project's alerts are sent, signed: list, add, remove",
    },
    "data": {
        "import": "audit logs into the warehouse, ours and stock aider's, and exports",
        "export": "a project's events as a file: lines of JSON, CSV or Parquet",
        "backup": "a copy of everything, while the collector runs or not",
        "restore": "a data directory out of a backup",
        "erase": "an install out of a project for good, or rows that should not be there",
    },
    "answers": {
        "compare": "which of two models, versions or commands is used more, by a published site",
        "errors": "what fails, as work: groups, what is new, issues for a tracker",
        "publish": "a site of what you choose to share: counts with noise, and how they were made",
        "query": "a question of one's own: SQL over a project's data, read-only",
        "report": "the pages as one HTML file, or one chart as PNG or SVG",
        "watch": "alerts in the terminal: new errors, crashes of a release, what moved",
    },
    "contract": {
        "catalog": "what a tool may collect: show, check, compare, find and publish it",
    },
    "machine": {
        "aider": "the installed aider, its analytics kept by aboveboard; the rest is its own",
        "status": "what was decided on this machine, what waits to be sent, where the files are",
        "show": "every event that waits to be sent, byte for byte",
        "view": "a page of one's own, on this machine: what was sent, what waits, and what for",
        "resend": "what a collector refused, once more, after the reason is mended",
        "disable": "a tool's analytics off on this machine, for good",
        "reset": "take back what you decided about a tool, a no for good too: it may ask you again",
        "forget": "ask for all that this install has sent to be erased, and take a new id",
        "stats": "what one's own audit log says, in the terminal; needs no server",
        "debug": "your yes to seeing your own events of a tool in its collector, for a day",
        "sample": "the last 1,000 events of an audit log, fit to publish",
    },
}
"""The rooms of this package, and in each the commands with a line about them.

A command is in the module of its name; `import` is in `import_.py`, Python having taken the word.
"""

COMMANDS = {name: line for commands in ROOMS.values() for name, line in commands.items()}

USAGE, FAILURE, INTERRUPTED = 2, 1, 130


class Command(Protocol):
    """What a command's module has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code that a shell expects."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in words if not word.startswith("-")), None)
    who = f"aboveboard {command}" if command in COMMANDS else "aboveboard"
    try:
        hold_streams()
        code = _run(words, command)
        sys.stdout.flush()  # what cannot be written is to be said here, not at Python's end
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; Python would say so once more at exit.
        _close_output()
        return FAILURE
    except OSError as error:  # a full disk, a name that is too long: no fault of the program's
        if error.errno is None:
            raise
        place = f"{error.filename}: " if error.filename is not None else ""
        is_closed = error.errno == errno.EBADF and not place
        warn(f"{who}: {place}{'standard output is closed' if is_closed else error.strerror}")
        if error.filename is None:
            _close_output()
        return FAILURE
    except UnicodeEncodeError:
        odd = next((word for word in words if not _is_text(word)), None)
        if odd is None:
            raise
        warn(f"{who}: {odd!r} is not UTF-8, and can be the name of a file only")
        return USAGE


def _run(words: Sequence[str], chosen: str | None) -> int:
    parser = argparse.ArgumentParser(
        prog="aboveboard",
        description="Usage analytics for command-line tools that the people who run those tools "
        "can check for themselves.",
        epilog="`aboveboard COMMAND --help` tells more about a command.",
    )
    parser.add_argument("--version", action="version", version=f"aboveboard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = None
    for name, line in COMMANDS.items():
        described = f"{line[0].upper()}{line[1:]}."
        below = commands.add_parser(name, help=line, description=described)
        if name == chosen:
            try:
                module = _load(name)
            except ModuleNotFoundError as missing:
                return explain_missing(name, missing)
            module.add_arguments(below)
            run = module.run
    if not words:
        parser.print_help(sys.stderr)
        return USAGE
    args = parser.parse_args(words)
    if run is None:  # argparse has left already where no command was named
        return USAGE
    lenient()
    return run(args)


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _close_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _load(name: str) -> Command:
    room = next(room for room, commands in ROOMS.items() if name in commands)
    file = f"{name}_" if keyword.iskeyword(name) else name
    module = importlib.import_module(f"aboveboard.commands.{room}.{file}")
    loaded: Command = module
    return loaded
