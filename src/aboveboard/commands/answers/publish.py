"""`aboveboard publish`: a static site of what a maker chooses to share, and how it was counted."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.paths import typed_path

NAME = "publish"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "out",
        type=typed_path,
        nargs="?",
        metavar="OUT",
        help="the site's directory: new, empty, or a site of before",
    )
    parser.add_argument(
        "--public",
        action="store_true",
        help="in the place of OUT: where the collector shows it at /public/NAME, once "
        "`aboveboard projects set NAME --public on` has said that everybody may see it",
    )
    parser.add_argument("--project", required=True, metavar="NAME", help="of which project")
    parser.add_argument(
        "--tables",
        metavar="NAMES",
        help="what is shared, with commas; NAME=2: an install counts for two of its values at most "
        "(app_version,os)",
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="only say which tables there are, and which period is next; draws nothing",
    )
    parser.add_argument(
        "--versions",
        metavar="VERSIONS",
        help="the tool's releases, with commas: no other version is ever told",
    )
    parser.add_argument(
        "--period",
        metavar="PERIOD",
        help="a week, 2026-W44, or a month, 2026-10 (the last one whose late events are in)",
    )
    parser.add_argument(
        "--every",
        choices=("week", "month"),
        help="how often (by how many installs were published last; months at first)",
    )
    parser.add_argument(
        "--rho", type=float, metavar="RHO", help="what a period spends (0.05, 0.015 or 0.005)"
    )
    parser.add_argument(
        "--exact", action="store_true", help="exact numbers without noise, the small ones withheld"
    )
    parser.add_argument(
        "--k", type=int, default=None, metavar="K", help="with --exact: the least number told (10)"
    )
    parser.add_argument(
        "--opted-in",
        type=float,
        metavar="PERCENT",
        help="how many percent of those who were asked said yes, where you know it",
    )
    parser.add_argument(
        "--sample",
        action="append",
        metavar="LOG",
        help="the audit log of somebody who volunteered it, for the site's sample of 1,000 lines: "
        "checked against the catalog, with new ids and times by the day; may be repeated",
    )
    parser.add_argument(
        "--licence",
        default="CC-BY-4.0",
        metavar="SPDX",
        help="the licence of the data, which each file names (%(default)s)",
    )
    add_data_argument(parser)
    add_warehouse_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from . import publisher

        return publisher.run(args)
    except ModuleNotFoundError as missing:  # OpenDP is imported only where noise is drawn
        return explain_missing(NAME, missing)
