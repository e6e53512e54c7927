"""`aboveboard import`: audit logs and exports into the warehouse, each event once."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.paths import typed_path

NAME = "import"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        type=typed_path,
        metavar="FILE",
        help="an audit log, what --analytics-log wrote, under aboveboard or by aider itself; or "
        "what `aboveboard export` wrote, in any of its formats",
    )
    parser.add_argument("--project", required=True, metavar="NAME", help="whose events they are")
    add_data_argument(parser)
    add_warehouse_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:
        from . import importer  # what a collector needs may be missing, and the help is there still
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return importer.run(args)
