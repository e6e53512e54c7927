"""`aboveboard catalog diff`: what a release would newly collect, and what it would ask."""

from __future__ import annotations

import argparse

from aboveboard.commands.contract.catalog import TARGET_HELP, find
from aboveboard.commands.terminal.printing import say
from aboveboard.contract import announcement
from aboveboard.contract.difference import ASKED, MORE, compare

FAILS = {"growth": (ASKED, MORE), "question": (ASKED,), "never": ()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", help=f"the catalog as it was; {TARGET_HELP}")
    parser.add_argument("target", help="the catalog as it would be, in the same way")
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        default="text",
        help="what to write (text)",
    )
    parser.add_argument(
        "--fail-on",
        choices=tuple(FAILS),
        default="growth",
        help="end with 1 where more is collected (the default), only where people are asked about "
        "it, or never",
    )


def run(args: argparse.Namespace) -> int:
    before, after = find(args.before), find(args.target)
    changes = compare(before, after)
    if args.format == "json":
        say(*announcement.as_json(changes, after.app).split("\n"))
    elif args.format == "markdown":
        say(*announcement.as_markdown(changes, after.app))
    else:
        say(*announcement.as_text(changes))
    return int(any(change.sort in FAILS[args.fail_on] for change in changes))
