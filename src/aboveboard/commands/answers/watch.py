"""`aboveboard watch`: alerts in a terminal, as they come up."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing

NAME = "watch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True, metavar="NAME", help="which project")
    parser.add_argument(
        "--every",
        type=_seconds,
        default=300,
        metavar="SECONDS",
        help="how often to look (%(default)s)",
    )
    parser.add_argument(
        "--once", action="store_true", help="look once; the exit code is 3 if there is any alert"
    )
    add_data_argument(parser)
    add_warehouse_argument(parser)


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 10 <= int(text) <= 86400:
        raise argparse.ArgumentTypeError("use from 10 to 86400 seconds")
    return int(text)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from . import watcher
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return watcher.run(args)
