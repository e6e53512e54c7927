"""The watcher: the same rules as the server's, asked from a terminal."""

from __future__ import annotations

import argparse
import contextlib
import time
from datetime import UTC, datetime

from aboveboard.collector.people.register import Register
from aboveboard.collector.triage.decisions import Decisions
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.insights import Filters, alerts

from . import reading

FOUND = 3
"""The exit code of a look that found something."""


def run(args: argparse.Namespace) -> int:
    told: set[str] = set()
    while True:
        try:
            found = _look(args)
        except reading.FAILURES as error:
            warn(f"aboveboard watch: {error}")
            if args.once or not told:  # it never was well
                return 1
            found = []
        for each in found:
            if each.key not in told:
                say(f"{datetime.now(UTC):%H:%M}  {each.title}", f"       {each.text}")
        told |= {each.key for each in found}
        if args.once:
            return FOUND if found else 0
        if not told:
            warn("aboveboard watch: nothing to tell so far; Ctrl-C ends this")
            told.add("")
        time.sleep(args.every)


def _look(args: argparse.Namespace) -> list[alerts.Alert]:
    with contextlib.closing(Register(args.data)) as register:
        resolved = Decisions(register).resolved(args.project)
    with reading.opened(args) as (warehouse, project):
        filters = Filters.from_query({}, late=reading.late(args))
        return alerts.find(warehouse, project, filters, resolved)
