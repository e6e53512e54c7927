"""`aboveboard query`: a question of one's own, in SQL, over one project's data."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing

NAME = "query"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sql", nargs="?", metavar="SQL", help="the question; - or nothing for standard input"
    )
    parser.add_argument("--project", required=True, metavar="NAME", help="whose data")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--csv", action="store_true", help="as CSV")
    how.add_argument("--json", action="store_true", help='as {"columns": […], "rows": […]}')
    how.add_argument(
        "--schema", action="store_true", help="what can be asked: tables, columns, types"
    )
    add_data_argument(parser)
    add_warehouse_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from . import questions
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return questions.run(args)
