"""`aboveboard report`: the pages as one HTML file, or one chart as a picture."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.paths import typed_path

NAME = "report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True, metavar="NAME", help="of which project")
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="where to; - is standard output (%(default)s)",
    )
    parser.add_argument(
        "--chart",
        metavar="NAME",
        help="only this insight's chart, as SVG, or as PNG where the file's name ends so",
    )
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="of a chart")
    parser.add_argument(
        "--only", metavar="NAMES", help="only these insights, with commas: models,commands"
    )
    parser.add_argument(
        "--insights",
        type=typed_path,
        metavar="DIR",
        help="a directory of insights of your own, as serve takes it; they come first",
    )
    parser.add_argument("--since", metavar="DAY", help="the first day, or 30d (30d)")
    parser.add_argument("--until", metavar="DAY", help="the last day (today)")
    parser.add_argument("--version", metavar="VERSION", help="of this version only")
    parser.add_argument("--os", metavar="SYSTEM", help="of this system only")
    add_data_argument(parser)
    add_warehouse_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from . import reporter
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return reporter.run(args)
