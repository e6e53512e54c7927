"""`aboveboard keys`: the write keys that clients send with; each can be retired by itself."""

from __future__ import annotations

import argparse
import contextlib
import time
from typing import TYPE_CHECKING

from aboveboard.collector.inbox import storage
from aboveboard.commands.directory.actions import Actions
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table

if TYPE_CHECKING:
    from aboveboard.collector.projects.keys import Key

NAME = "keys"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = Actions(parser)
    listing = actions.add(
        "list", "the keys of a project, or of all: when each was added, last used, revoked"
    )
    listing.add_argument("project", metavar="PROJECT", nargs="?", help="one, and not all")
    adding = actions.add("add", "give a project another key")
    adding.add_argument("project", metavar="PROJECT", help="whose events it adds")
    adding.add_argument("--name", help="what to call it (the day)")
    revoking = actions.add(
        "revoke", "take nothing that comes with a key any more; what came with it stays"
    )
    revoking.add_argument("project", metavar="PROJECT", help="whose key it is")
    revoking.add_argument("key", metavar="KEY", help="its name, or the key itself")


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from aboveboard.collector.projects.keys import KeyNameError, Keys
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    try:
        with contextlib.closing(Keys(args.data)) as keys:
            if args.action == "add":
                added = keys.add(args.project, args.name)
                say(f"{added.project}  {added.name}  {added.key}")
            elif args.action == "revoke":
                revoked = keys.revoke(args.project, args.key)
                say(
                    f"{revoked.project} takes nothing with the key {revoked.name!r} any more; "
                    "what came with it stays"
                )
                if all(each.revoked for each in keys.all(revoked.project)):
                    say(
                        f"{revoked.project} has no key left, and takes nothing: "
                        f"`aboveboard keys add {revoked.project}` makes another"
                    )
            else:
                _list(keys.all(getattr(args, "project", None)))
    except (storage.StorageError, KeyNameError) as error:
        warn(f"aboveboard keys: {error}")
        return 1
    return 0


def _list(keys: list[Key]) -> None:
    if not keys:
        say("no keys yet: `aboveboard projects add` makes a project with one")
        return
    print_table(
        ("PROJECT", "NAME", "KEY", "ADDED", "LAST USED", "REVOKED"),
        [
            (
                each.project,
                each.name,
                each.key,
                day(each.added),
                of_days(each.used),
                day(each.revoked),
            )
            for each in keys
        ],
    )


def day(seconds: int | None) -> str:
    """Return a moment's day, in UTC; nothing for none."""
    return "" if seconds is None else time.strftime("%Y-%m-%d", time.gmtime(seconds))


def of_days(days: int | None) -> str:
    """Return a day that is given as days since 1970; "never" for none."""
    return "never" if days is None else day(days * 86400)
