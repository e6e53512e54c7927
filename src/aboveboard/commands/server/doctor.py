"""`aboveboard doctor`: what is wrong with an installation of the collector, and what to do.

It looks, and changes nothing: while a server runs, and while none does.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.directory.variables import SECRET
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.printing import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.collector.examination.finding import Finding

NAME = "doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    add_warehouse_argument(parser)
    parser.add_argument(
        "--url",
        metavar="URL",
        help="the collector's address as its senders have it, to see what a stranger gets there",
    )


def run(args: argparse.Namespace) -> int:
    try:
        from aboveboard.collector.examination import finding
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    is_wrong = False
    try:
        for each in _examine(args):
            is_wrong |= each.state == finding.WRONG
            say(f"{each.state:<5}  {each.about}: {each.says}")
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    return 1 if is_wrong else 0


def _examine(args: argparse.Namespace) -> Iterator[Finding]:
    from aboveboard.collector.examination import files, finding, front, process, records, tables
    from aboveboard.collector.service import LOCK, WAREHOUSE
    from aboveboard.commands.directory import stores
    from aboveboard.warehouse import WarehouseError

    yield from process.versions()
    server = process.Server(args.data / LOCK)
    yield from files.examine(args.data)
    stored = False
    if files.is_there(args.data):
        yield server.finding()
        yield process.open_files(server)
        inbox = records.inbox(args.data, served=server.runs)
        yield process.clock(inbox.newest)
        yield from inbox.findings
        projects = records.projects(args.data)
        stored = projects.has_secret
        yield from projects.findings
        try:
            url = stores.warehouse(args)
        except WarehouseError as error:
            yield finding.wrong(tables.ABOUT, str(error))
        else:
            yield from tables.examine(
                projects.catalogs, args.data / WAREHOUSE, url, served=server.runs
            )
    yield front.secret(
        os.environ.get(SECRET) or None, public=front.is_public(args.url), stored=stored
    )
    if args.url:
        yield from front.examine(args.url)
