"""`aboveboard debug`: a developer's yes to seeing their own events of a tool in its collector.

It records nothing and asks for no consent: whoever runs the tool with the same tag, on this machine
and within a day, sees on the collector's debug page what would be stored of each event.
"""

from __future__ import annotations

import argparse

from aboveboard.client.decision import environment
from aboveboard.client.delivery import debugging
from aboveboard.commands.terminal.printing import say, warn

from . import installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)
    parser.add_argument(
        "tag", type=_tag, help="the one that the collector's page /debug has opened"
    )


def run(args: argparse.Namespace) -> int:
    try:
        debugging.say_yes(installs.named(args.app, args.directory), args.tag)
    except OSError as error:
        warn(f"aboveboard debug: your yes cannot be kept: {error.strerror or error}")
        return 1
    say(
        f"For a day, what you do with {args.app} is shown on the collector's debug page if you "
        f"start it with {environment.variable(args.app)}_DEBUG={args.tag}. Nothing is stored of it."
    )
    return 0


def _tag(text: str) -> str:
    if not environment.is_tag(text):
        raise argparse.ArgumentTypeError("a tag is 32 letters and digits: the page /debug shows it")
    return text
