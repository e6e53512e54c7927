"""`aboveboard secret`: the admin secret, which opens the dashboard. Its hash alone is kept."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets

from aboveboard.collector.inbox import storage
from aboveboard.commands.directory.options import add_data_argument
from aboveboard.commands.directory.variables import SECRET
from aboveboard.commands.terminal import asked
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.printing import say, warn

NAME = "secret"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    how = parser.add_mutually_exclusive_group()
    asked.add_file_argument(how, "the secret")  # type: ignore[arg-type]  # a group has the method
    how.add_argument("--new", action="store_true", help="make one, and print it once")
    how.add_argument(
        "--remove",
        action="store_true",
        help="ask for none any more: the dashboard is for this machine only",
    )


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from aboveboard.collector.people.register import Register
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    try:
        given = None if args.remove else _given(args)
        with contextlib.closing(Register(args.data)) as register:
            register.set_secret(given)
    except (storage.StorageError, asked.AskedError) as error:
        warn(f"aboveboard secret: {error}")
        return 1
    if args.new and given is not None:
        say(given)
    warn(
        f"the admin secret of {args.data} is set; who was signed in with another is signed out"
        if given is not None
        else f"{args.data} has no admin secret: a collector lets this machine in, and no other"
    )
    if os.environ.get(SECRET):
        warn(
            f"aboveboard secret: {SECRET} is set here; a collector that is started with it asks "
            "for that one, and not for this"
        )
    return 0


def _given(args: argparse.Namespace) -> str:
    from aboveboard.collector.people import passwords

    if args.new:
        return secrets.token_urlsafe(32)
    given = asked.secret("admin secret", args.file)
    wrong = passwords.weakness(given)
    if wrong is not None:
        raise asked.AskedError(f"{wrong}; `aboveboard secret --new` makes one")
    return given
