"""`aboveboard disable`: a tool's analytics off on this machine, for good."""

from __future__ import annotations

import argparse
from pathlib import Path

from aboveboard.client.recording import segment
from aboveboard.commands.terminal.printing import say, warn

from . import access, installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    doubt = installs.doubt(install, args.directory)
    kept = install.disable()
    if not kept:
        reason = access.unwritable(Path(install.state.path).parent)
        warn(
            f"aboveboard disable: the decision could not be saved in {install.state.path}"
            + (f": {reason}" if reason else "; make that place writable and try again"),
        )
        return 1
    if doubt:  # it is of the place as it was before there was this decision
        doubt = installs.doubt(install, args.directory) or doubt
    unseen = any(map(access.unreadable, install.directories()))
    left = unseen or any(map(segment.listed, install.segments()))
    waits = "what waits cannot be removed, and is not sent" if left else "what waited is removed"
    if kept != install.state.path:
        say(
            f"Analytics of {args.app} are off for good: the no is kept in {kept}, which every "
            f"session reads, since {install.state.path} is not yours to write; {waits}."
        )
    elif doubt:
        say(
            f"A no for {args.app} is kept in {install.state.path}, and nothing waits to be sent. "
            f"{doubt}"
        )
    else:
        say(
            f"Analytics of {args.app} have been permanently disabled in {install.state.path}; "
            f"{waits}."
        )
    return 0
