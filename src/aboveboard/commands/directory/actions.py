"""Actions of a command over what a collector keeps: `list`, `add`, `remove`, each with `--data`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aboveboard.collector.inbox import storage
from aboveboard.commands.terminal import asked
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.printing import warn

from .options import add_data_argument

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from aboveboard.collector.people.register import Register


class Actions:
    """The actions of one command; without any, it does what `list` does."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        add_data_argument(parser)
        self._parsers = parser.add_subparsers(dest="action", metavar="ACTION")

    def add(self, name: str, about: str) -> argparse.ArgumentParser:
        """Return the parser of one more action; `about` is its line in the help."""
        parser = self._parsers.add_parser(name, help=about, description=about)
        add_data_argument(parser, again=True)
        return parser


def on_register(
    command: str,
    args: argparse.Namespace,
    act: Callable[[argparse.Namespace, Register], None],
) -> int:
    """Act on the register of `args.data`; return the command's exit code.

    What is wrong is said in a line. What a collector needs may be missing, so `act` imports it by
    itself: the command's help is there still.
    """
    try:
        from aboveboard.collector.people.register import Register, RegisterError
    except ModuleNotFoundError as missing:
        return explain_missing(command, missing)
    try:
        with contextlib.closing(Register(args.data)) as register:
            act(args, register)
    except ModuleNotFoundError as missing:
        return explain_missing(command, missing)
    except (storage.StorageError, RegisterError, asked.AskedError) as error:
        warn(f"aboveboard {command}: {error}")
        return 1
    return 0
