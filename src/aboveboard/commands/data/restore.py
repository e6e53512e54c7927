"""`aboveboard restore`: a data directory out of a backup."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.paths import typed_path

NAME = "restore"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", type=typed_path, metavar="BACKUP", help="what `aboveboard backup` wrote"
    )
    parser.add_argument(
        "--erased",
        type=typed_path,
        metavar="DIR",
        help="a data directory of this collector, or a later backup: who was erased by then is "
        "erased here too",
    )
    add_data_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:
        from . import saving  # what a collector needs may be missing, and the help is there still
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return saving.restore(args)
