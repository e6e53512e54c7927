"""`aboveboard stats`: what one's own audit log says, in the terminal. No server is needed."""

from __future__ import annotations

import argparse
import datetime
import json
import sys

from aboveboard.auditlog.files import opened
from aboveboard.auditlog.reading import LogReader
from aboveboard.auditlog.report import as_json, as_text
from aboveboard.auditlog.tally import Tally
from aboveboard.auditlog.terminal import page_for
from aboveboard.commands.terminal.printing import say, warn


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
    reader = LogReader()
    tally = Tally(args.since, args.until)
    try:
        for name in args.logs:
            with opened(name) as file:
                tally.count(reader.read(file))
    except OSError as error:
        warn(f"aboveboard stats: {name} cannot be read: {error.strerror}")
        return 1
    for sentence in left_out(reader):
        warn(f"aboveboard stats: {sentence}")
    if not tally.events:
        warn(f"aboveboard stats: {nothing(args)}")
        return 1
    if args.json:
        say(*json.dumps(as_json(tally, args.logs, reader.damaged), indent=1).split("\n"))
    else:
        lines = as_text(tally, args.logs, page_for(sys.stdout), values=args.values)
        # The page has cleaned what is the log's; what is left are its own colours.
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    return 0


def left_out(reader: LogReader) -> list[str]:
    """Return what was not read of the logs, a sentence each."""
    told = []
    if reader.damaged:
        lines = "1 line is" if reader.damaged == 1 else f"{reader.damaged:,} lines are"
        told.append(f"{lines} damaged and left out")
    if reader.cut_off:
        logs = "a log is" if reader.cut_off == 1 else f"{reader.cut_off} logs are"
        told.append(f"{logs} damaged or cut off: what stands behind that place is left out")
    return told


def nothing(args: argparse.Namespace) -> str:
    logs = ", ".join(args.logs)
    if args.since or args.until:
        return f"no event in {logs} is from these days"
    return f"there is no event in {logs}; `--analytics-log FILE` makes a tool write one"
