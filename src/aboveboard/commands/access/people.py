"""`aboveboard people`: who may look at the dashboard with a password of their own."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from aboveboard.commands.directory.actions import Actions, on_register
from aboveboard.commands.directory.address import address
from aboveboard.commands.directory.variables import PUBLIC_URL, SECRET
from aboveboard.commands.terminal import asked
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table

from .keys import day, of_days

if TYPE_CHECKING:
    from aboveboard.collector.people.accounts import Accounts, Person
    from aboveboard.collector.people.register import Register

NAME = "people"

UNKNOWN = "(the address of your dashboard)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = Actions(parser)
    actions.add("list", "who may look, what they may see, and when they last signed in")
    adding = actions.add(
        "add", "let somebody look; without --password they get a code to choose a password with"
    )
    adding.add_argument("name", metavar="NAME", help="what they sign in with")
    adding.add_argument("--project", metavar="PROJECT", help="the only project that they see (all)")
    adding.add_argument(
        "--password", action="store_true", help="give them a password, instead of a code"
    )
    asked.add_file_argument(adding, "the password")
    removing = actions.add("remove", "let somebody in no more, from the next page on")
    removing.add_argument("name", metavar="NAME", help="what `list` calls them")


def run(args: argparse.Namespace) -> int:
    return on_register(NAME, args, _act)


def _act(args: argparse.Namespace, register: Register) -> None:
    from aboveboard.collector.people.accounts import Accounts

    accounts = Accounts(register)
    if args.action == "add":
        _add(args, accounts, address(args.data))
        _tell_of_no_secret(register)
    elif args.action == "remove":
        accounts.remove(args.name)
        say(f"{args.name} is let in no more")
    else:
        _list(accounts.all())


def _add(args: argparse.Namespace, accounts: Accounts, dashboard: str) -> None:
    from aboveboard.collector.http.authentication import access

    if args.password or args.file is not None:
        accounts.add(args.name, asked.secret("password", args.file), args.project)
        say(f"{args.name} can sign in")
        return
    code = accounts.invite(args.name, args.project)
    person = accounts.find(args.name)
    assert person is not None
    link = f"{dashboard or UNKNOWN}/invitation?{urlencode({'name': person.name})}"
    say(
        f"{person.name} chooses a password once, until {day(person.invited_until)}, at this "
        "address, with this code:",
        link,
        code,
    )
    if not dashboard:
        warn(
            "aboveboard people: no collector runs here that could tell its address: say it in the "
            f"place of the brackets, or set {PUBLIC_URL}"
        )
    elif access.is_loopback(urlsplit(dashboard).hostname or ""):
        warn(
            "aboveboard people: that address is of this machine: for others, put the one at which "
            "they reach the dashboard in its place (`serve --public-url` says which that is)"
        )


def _tell_of_no_secret(register: Register) -> None:
    if register.secret() is None and not os.environ.get(SECRET):
        warn(
            "aboveboard people: there is no admin secret yet, so a collector lets nobody in but "
            "this machine: set one with `aboveboard secret`"
        )


def _list(people: list[Person]) -> None:
    if not people:
        say("nobody yet: `aboveboard people add NAME` lets somebody look")
        return
    print_table(
        ("NAME", "SEES", "ADDED", "LAST SIGN-IN", ""),
        [
            (
                each.name,
                each.project or "all projects",
                day(each.added),
                of_days(each.used),
                _waits(each),
            )
            for each in people
        ],
    )


def _waits(person: Person) -> str:
    if person.password is not None:
        return ""
    if (person.invited_until or 0) > time.time():
        return f"invited until {day(person.invited_until)}"
    return "the invitation is over"
