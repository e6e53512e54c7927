"""`aboveboard disable`: a tool's analytics off on this machine, for good."""

from __future__ import annotations

import argparse
import sys

from . import installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    if not install.disable():
        print(
            f"aboveboard disable: the decision could not be saved in {install.state.path}; "
            "make that place writable and try again",
            file=sys.stderr,
        )
        return 1
    print(f"Analytics of {args.app} have been permanently disabled; what waited is removed.")
    return 0
