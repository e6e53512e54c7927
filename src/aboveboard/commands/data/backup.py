"""`aboveboard backup`: a copy of everything, of one moment, while a server runs or not."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.paths import typed_path

NAME = "backup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", type=typed_path, metavar="DIR", help="a directory that is not there yet"
    )
    add_data_argument(parser)
    add_warehouse_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:
        from . import saving  # what a collector needs may be missing, and the help is there still
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return saving.backup(args)
