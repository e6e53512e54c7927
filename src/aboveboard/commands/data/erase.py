"""`aboveboard erase`: an install out of a project for good, or rows that should not be there."""

from __future__ import annotations

import argparse
import datetime
import uuid

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing

NAME = "erase"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "user_id",
        nargs="?",
        type=_uuid,
        metavar="UUID",
        help="an install: all of it is erased, and nothing of it is taken any more",
    )
    parser.add_argument("--project", metavar="NAME", help="whose events they are")
    parser.add_argument(
        "--since",
        type=_moment,
        metavar="TIME",
        help="erase rows from then on, as 2026-11-27 or 2026-11-27T15 (UTC)",
    )
    parser.add_argument("--until", type=_moment, metavar="TIME", help="and before then")
    parser.add_argument(
        "--install",
        action="append",
        type=_uuid,
        metavar="UUID",
        help="rows of this install only; its later events are taken. May be given again",
    )
    parser.add_argument("--list", action="store_true", help="what was asked for, and what is gone")
    parser.add_argument("--dry-run", action="store_true", help="say how many rows, erase nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_data_argument(parser)
    add_warehouse_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:
        from . import erasure  # what a collector needs may be missing, and the help is there still
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return erasure.run(args)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no UUID") from None


def _moment(text: str) -> int:
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H"):
        try:
            when = datetime.datetime.strptime(f"{text} +0000", f"{form} %z")
        except ValueError:
            continue
        return int(when.timestamp())
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither a day (2026-11-27) nor an hour (2026-11-27T15); events have no minute"
    )
