"""`aboveboard webhooks`: where the server sends a project's alerts, signed."""

from __future__ import annotations

import argparse
import contextlib

from aboveboard.collector.inbox import storage
from aboveboard.commands.directory.options import add_data_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table

NAME = "webhooks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    about = "where alerts are sent"
    listing = actions.add_parser("list", help=about, description=about)
    about = "send a project's alerts to an address; prints the secret of the signatures once"
    adding = actions.add_parser("add", help=about, description=about)
    adding.add_argument("url", metavar="URL")
    adding.add_argument("--project", required=True, metavar="NAME", help="whose alerts")
    about = "send nothing there any more"
    removing = actions.add_parser("remove", help=about, description=about)
    removing.add_argument("number", type=int, metavar="NUMBER")
    for action in (listing, adding, removing):
        add_data_argument(action, again=True)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from aboveboard.collector.people.register import Register, RegisterError
        from aboveboard.collector.triage.alerts import Alerts
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    try:
        with contextlib.closing(Register(args.data)) as register:
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
    except (storage.StorageError, RegisterError) as error:
        warn(f"aboveboard webhooks: {error}")
        return 1
    return 0
