"""`aboveboard webhooks`: where the server sends a project's alerts, signed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from aboveboard.commands.directory.actions import Actions, on_register
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table

if TYPE_CHECKING:
    from aboveboard.collector.people.register import Register

NAME = "webhooks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = Actions(parser)
    actions.add("list", "where alerts are sent")
    adding = actions.add(
        "add", "send a project's alerts to an address; prints the secret of the signatures once"
    )
    adding.add_argument("url", metavar="URL", help="the address that is told")
    adding.add_argument("--project", required=True, metavar="NAME", help="whose alerts")
    removing = actions.add("remove", "send nothing there any more")
    removing.add_argument("number", type=int, metavar="NUMBER", help="what `list` says")


def run(args: argparse.Namespace) -> int:
    return on_register(NAME, args, _act)


def _act(args: argparse.Namespace, register: Register) -> None:
    from aboveboard.collector.triage.alerts import Alerts

    alerts = Alerts(register)
    if args.action == "add":
        added = alerts.add(args.project, args.url)
        say(added.secret)
        warn(
            f"webhook {added.number} is added: verify its messages with this secret, as "
            "Standard Webhooks says"
        )
    elif args.action == "remove":
        alerts.remove(args.number)
        warn(f"webhook {args.number} is sent nothing any more")
    else:
        rows = [(str(each.number), each.project, each.url) for each in alerts.webhooks()]
        if rows:
            print_table(("number", "project", "address"), rows)
        else:
            warn("there is no webhook: `aboveboard webhooks add URL --project NAME`")
