"""`aboveboard reset`: take back what was decided about a tool, so that it may ask again.

A no for good is taken back by this command of the person's own and by nothing else: no flag, no
variable, no setting and no file. It is no yes either: nothing is recorded before one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aboveboard.client.decision import consent
from aboveboard.client.recording import segment
from aboveboard.commands.terminal.printing import say, warn

from . import access, installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    path = install.state.path
    doubt = installs.doubt(install, args.directory)
    before = install.state.read()
    if before.standing == consent.NOT_ASKED and not before.recipients:
        say(f"Nothing was decided about {args.app} in {path}.{f' {doubt}' if doubt else ''}")
        return 0
    try:
        install.reset()
    except OSError as error:
        apart = install.state.apart()
        place = Path(apart or path)
        reason = access.unwritable(place.parent) or f"{place}: {error.strerror or error}"
        warn(f"aboveboard reset: what was decided about {args.app} still stands: {reason}")
        return 1
    left = any(map(segment.listed, install.segments()))
    waits = "what waits cannot be removed, and is not sent" if left else "what waited is removed"
    told = (
        f"What was decided about {args.app} is taken back: nothing is recorded or sent until a "
        f"new yes, and {waits}. `{args.app} --analytics` asks you again."
    )
    if before.standing == consent.UNREADABLE:
        told += " Which id the damaged file had is not known any more."
    say(f"{told} {doubt}".rstrip())
    return 0
