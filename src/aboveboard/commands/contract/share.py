"""`aboveboard catalog share`: how many installs to ask, for an accuracy that is wanted."""

from __future__ import annotations

import argparse

from aboveboard.commands.terminal.printing import say
from aboveboard.contract.accuracy import sampling


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--points",
        type=float,
        required=True,
        help="the accuracy of a share of installs, ± in points, with 95%% certainty",
    )
    parser.add_argument(
        "--installs", type=int, required=True, help="how many installs the tool has"
    )
    parser.add_argument(
        "--yes",
        type=float,
        required=True,
        metavar="PERCENT",
        help="how many of those who are asked say yes; ask a few first, and count",
    )


def run(args: argparse.Namespace) -> int:
    found = sampling(args.points, args.installs, args.yes / 100)
    if found.points > args.points * 1.005:
        say(
            f"Ask everybody (sample_percent=100): then it is ± {found.points:.1f} points, and "
            f"± {args.points:g} cannot be had of {args.installs:,} installs of which "
            f"{args.yes:g} % say yes."
        )
    else:
        say(
            f"sample_percent={found.percent:g}: {found.needed:,} installs that send tell a share "
            f"of installs to ± {args.points:g} points, with 95 % certainty."
        )
    say(
        "Of those who say no it tells nothing, and shares of events are less certain: each page "
        "of the dashboard says how much."
    )
    return 0
