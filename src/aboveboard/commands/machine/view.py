"""`aboveboard view`: a page of one's own, on this machine: what was sent, what waits, what for."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from aboveboard.auditlog.files import STANDARD_INPUT
from aboveboard.catalog.kinds import CatalogError
from aboveboard.commands.contract.catalog import TARGET_HELP
from aboveboard.commands.terminal.printing import say, warn

from . import installs, sample, status
from .viewing import page, record, server

if TYPE_CHECKING:
    from aboveboard.catalog.catalog import Catalog
    from aboveboard.client.install import Install

MINUTES = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser, required=False)
    parser.add_argument(
        "--log",
        action="append",
        default=[],
        metavar="LOG",
        dest="logs",
        help="an audit log (--analytics-log), which alone knows what was sent; may be repeated",
    )
    parser.add_argument(
        "--catalog",
        help=f"{TARGET_HELP}: what each property is for; `{sample.TOOL}`'s is known",
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=MINUTES,
        metavar="MINUTES",
        help="how long it goes on without a look at it (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    try:
        install = _install(args)
        catalog = _catalog(args, install.app)
    except (LookupError, CatalogError) as error:
        warn(f"aboveboard view: {error.args[0]}")
        return 2
    made = partial(_page, install, args, catalog)
    try:
        served = server.Server(made, args.minutes * 60)
    except OSError as error:
        warn(f"aboveboard view: no port of 127.0.0.1 could be had: {error.strerror}")
        return 1
    with served:
        say(
            f"{install.app}: {served.address}",
            "  opens once, in one browser on this machine, and sends nothing anywhere; Ctrl-C ends "
            "it",
        )
        try:
            served.run()
        except KeyboardInterrupt:
            return 0
    say(f"Ended: nobody looked for {args.minutes:g} minutes.")
    return 0


def _install(args: argparse.Namespace) -> Install:
    """Return the install to look at.

    Raises:
        LookupError: none is named, and there is not one alone; or a log cannot be read.
    """
    if STANDARD_INPUT in args.logs:
        raise LookupError("a log is read at each look at the page: name its file")
    for log in args.logs:
        if trouble := record.unreadable(log):
            raise LookupError(
                f"{trouble}; an audit log is what the tool writes with --analytics-log FILE"
            )
    if args.app:
        install = installs.named(args.app, args.directory)
        if not installs.is_known(install) and not args.logs:
            raise LookupError(
                f"nothing of a tool called {args.app} was found here: `aboveboard status` lists "
                "those that were; if it keeps its decision elsewhere, give that place with "
                "--directory"
            )
        return install
    found = installs.found()
    if len(found) != 1:
        names = ", ".join(each.app for each in found)
        raise LookupError(
            f"name one of {names}" if names else "no tool on this machine has left any files"
        )
    return found[0]


def _catalog(args: argparse.Namespace, app: str) -> Catalog | None:
    if args.catalog is None and app != sample.TOOL:
        return None
    return sample.find(args.catalog)


def _page(install: Install, args: argparse.Namespace, catalog: Catalog | None) -> str:
    described = status.describe(install, args.directory)
    return page.page(described, record.of(install, args.logs), catalog, len(args.logs))


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0
    if not 0 < minutes <= 24 * 60:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number of minutes, up to 1440")
    return minutes
