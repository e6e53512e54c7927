"""`aboveboard errors`: what fails, as work; issues for a tracker, and what finds them again."""

from __future__ import annotations

import argparse

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing

NAME = "errors"
KINDS = ("crash", "handled", "provider")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", required=True, metavar="NAME", help="whose errors")
    parser.add_argument(
        "--kind", choices=KINDS, default="crash", help="crashes, handled, provider's (%(default)s)"
    )
    parser.add_argument("--since", metavar="DAY", help="the first day, or 30d (30d)")
    parser.add_argument("--until", metavar="DAY", help="the last day (today)")
    parser.add_argument("--version", metavar="VERSION", help="of this version only")
    parser.add_argument("--os", metavar="SYSTEM", help="of this system only")
    parser.add_argument("--all", action="store_true", help="also what is resolved or gone")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="as JSON, a group a line")
    how.add_argument(
        "--issues",
        action="store_true",
        help="print an issue for each open group; nothing is sent anywhere",
    )
    how.add_argument(
        "--issue",
        metavar="FILE",
        help="tell of the later reports of an issue, by the block that `--issues` has written",
    )
    parser.add_argument(
        "--write",
        metavar="FOLDER",
        help="with --issues: a file an issue, for those groups that no file there is about",
    )
    parser.add_argument("--link", metavar="URL", help="with --issues: where the dashboard is")
    add_data_argument(parser)
    add_warehouse_argument(parser)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from . import groups
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return groups.run(args)
