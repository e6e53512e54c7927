"""`aboveboard tokens`: read tokens, with which programs fetch JSON and CSV."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from aboveboard.commands.directory.actions import Actions, on_register
from aboveboard.commands.terminal.printing import say
from aboveboard.commands.terminal.table import print_table

from .keys import day, of_days

if TYPE_CHECKING:
    from aboveboard.collector.people.register import Register
    from aboveboard.collector.people.tokens import Token

NAME = "tokens"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = Actions(parser)
    actions.add("list", "every token: what it reads, when it was last used, whether it was revoked")
    adding = actions.add("add", "make a token, and print it: it is shown this once")
    adding.add_argument("name", metavar="NAME", help="what to call it")
    adding.add_argument("--project", metavar="PROJECT", help="the only project that it reads (all)")
    revoking = actions.add("revoke", "have a token read nothing any more, from the next request on")
    revoking.add_argument("name", metavar="NAME", help="what `list` calls it")


def run(args: argparse.Namespace) -> int:
    return on_register(NAME, args, _act)


def _act(args: argparse.Namespace, register: Register) -> None:
    from aboveboard.collector.people.tokens import Tokens

    tokens = Tokens(register)
    if args.action == "add":
        say(tokens.add(args.name, args.project))
    elif args.action == "revoke":
        tokens.revoke(args.name)
        say(f"the token {args.name!r} reads nothing any more")
    else:
        _list(tokens.all())


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
