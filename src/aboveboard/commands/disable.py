"""`aboveboard disable`: a tool's analytics off on this machine, for good."""

from __future__ import annotations

import argparse
import sys

from . import installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    doubt = installs.doubt(install, args.directory)
    if not install.disable():
        print(
            f"aboveboard disable: the decision could not be saved in {install.state.path}; "
            "make that place writable and try again",
            file=sys.stderr,
        )
        return 1
    if doubt:
        print(
            f"A no for {args.app} is kept in {install.state.path}, and nothing waits to be sent. "
            f"{doubt}"
        )
    else:
        print(
            f"Analytics of {args.app} have been permanently disabled in {install.state.path}; "
            "what waited is removed."
        )
    return 0
