"""`python -m aboveboard.demo`: send the simulated history to a collector."""

from __future__ import annotations

import argparse
import sys

from . import leash
from .fill import fill
from .population import INSTALLS


def main() -> int:
    parser = argparse.ArgumentParser(prog="aboveboard.demo", description=__doc__)
    parser.add_argument("--url", required=True, help="the collector's address")
    parser.add_argument("--key", required=True, help="a write key of the project to fill")
    parser.add_argument("--installs", type=int, default=INSTALLS, help="how many people")
    parser.add_argument(
        "--on-leash",
        action="store_true",
        help="end when standard input is closed, as it is when whoever holds it has ended",
    )
    args = parser.parse_args()
    if args.on_leash:
        leash.end_with(sys.stdin.fileno())
    try:
        left = fill(args.url, args.key, args.installs)
    except KeyboardInterrupt:
        return 130
    if left:
        sys.stderr.write(f"The collector did not take {left} segments of the demo.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
