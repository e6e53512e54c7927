"""`aboveboard tokens`: read tokens, with which programs fetch JSON and CSV."""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING

from aboveboard.collector.inbox import storage
from aboveboard.commands.directory.options import add_data_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table

from .keys import day, of_days

if TYPE_CHECKING:
    from aboveboard.collector.people.tokens import Token

NAME = "tokens"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    about = "every token: what it reads, when it was last used, whether it was revoked"
    listing = actions.add_parser("list", help=about, description=about)
    about = "make a token, and print it: it is shown this once"
    adding = actions.add_parser("add", help=about, description=about)
    adding.add_argument("name", metavar="NAME", help="what to call it")
    adding.add_argument("--project", metavar="PROJECT", help="the only project that it reads (all)")
    about = "have a token read nothing any more, from the next request on"
    revoking = actions.add_parser("revoke", help=about, description=about)
    revoking.add_argument("name", metavar="NAME")
    for action in (listing, adding, revoking):
        add_data_argument(action, again=True)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from aboveboard.collector.people.register import Register, RegisterError
        from aboveboard.collector.people.tokens import Tokens
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    try:
        with contextlib.closing(Register(args.data)) as register:
            tokens = Tokens(register)
            if args.action == "add":
                say(tokens.add(args.name, args.project))
            elif args.action == "revoke":
                tokens.revoke(args.name)
                say(f"the token {args.name!r} reads nothing any more")
            else:
                _list(tokens.all())
    except (storage.StorageError, RegisterError) as error:
        warn(f"aboveboard tokens: {error}")
        return 1
    return 0


def _list(tokens: list[Token]) -> None:
    if not tokens:
        say("no tokens yet: `aboveboard tokens add NAME` makes one")
        return
    print_table(
        ("NAME", "READS", "ADDED", "LAST USED", "REVOKED"),
        [
            (
                each.name,
                each.project or "all projects",
                day(each.added),
                of_days(each.used),
                day(each.revoked),
            )
            for each in tokens
        ],
    )
