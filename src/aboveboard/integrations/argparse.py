"""The four flags of the promise, for hosts that parse their arguments with argparse."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--analytics`, `--no-analytics`, `--analytics-disable` and `--analytics-log FILE`.

    The parsed namespace is then what `Analytics.open` takes.
    """
    group = parser.add_argument_group("analytics")
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--analytics",
        action="store_true",
        default=None,
        help="turn analytics on for this session (asks first, if you were never asked)",
    )
    either.add_argument(
        "--no-analytics",
        action="store_false",
        dest="analytics",
        help="turn analytics off for this session",
    )
    group.add_argument(
        "--analytics-disable",
        action="store_true",
        help="turn analytics off forever",
    )
    group.add_argument(
        "--analytics-log",
        metavar="FILE",
        help="append all that is collected to FILE, whether it is sent or not",
    )
