"""`aboveboard stats`: what one's own audit log says, in the terminal. No server is needed."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.auditlog.reading import Reader
from aboveboard.auditlog.report import as_json, as_text
from aboveboard.auditlog.tally import Tally
from aboveboard.auditlog.terminal import page_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

STANDARD_INPUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "logs", nargs="+", metavar="LOG", help="an audit log, ours or aider's; - for standard input"
    )
    parser.add_argument("--since", type=day, metavar="DAY", help="the first day: YYYY-MM-DD")
    parser.add_argument("--until", type=day, metavar="DAY", help="the last day: YYYY-MM-DD")
    parser.add_argument(
        "--values", action="store_true", help="also how often each choice was made, for each event"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def day(text: str) -> datetime.date:
    """Return the day that an argument names."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2025-08-13") from None


def run(args: argparse.Namespace) -> int:
    reader = Reader()
    tally = Tally(args.since, args.until)
    try:
        for name in args.logs:
            with opened(name) as file:
                tally.count(reader.read(file))
    except OSError as error:
        print(f"aboveboard stats: {name} cannot be read: {error.strerror}", file=sys.stderr)
        return 1
    if reader.damaged:
        print(f"aboveboard stats: {skipped(reader.damaged)}", file=sys.stderr)
    if not tally.events:
        print(f"aboveboard stats: {nothing(args)}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(as_json(tally, args.logs, reader.damaged), indent=1))
    else:
        lines = as_text(tally, args.logs, page_for(sys.stdout), values=args.values)
        print("\n".join(lines))
    return 0


@contextlib.contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open a log for reading.

    Raises:
        OSError: it cannot be opened.
    """
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
    else:
        with Path(name).open("rb") as file:
            yield file


def skipped(damaged: int) -> str:
    return f"{damaged:,} {'line is' if damaged == 1 else 'lines are'} damaged and left out"


def nothing(args: argparse.Namespace) -> str:
    logs = ", ".join(args.logs)
    if args.since or args.until:
        return f"no event in {logs} is from these days"
    return f"there is no event in {logs}; `--analytics-log FILE` makes a tool write one"
