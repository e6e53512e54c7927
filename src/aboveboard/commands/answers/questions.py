"""Questions of one's own in a terminal: the same rules and bounds as on the SQL page."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table
from aboveboard.insights.adhoc import asking, rules
from aboveboard.warehouse import QueryLimitError

from . import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.insights.adhoc.schema import SeenTable

WIDEST = 60
"""Letters of a value in a terminal's table; CSV and JSON have all."""


def run(args: argparse.Namespace) -> int:
    if not args.schema and args.sql in (None, "-") and sys.stdin.isatty():
        warn("aboveboard query: write the question behind it, or send it by a pipe")
        return 2
    try:
        sql = "" if args.schema else _question(args.sql)
        with reading.opened(args) as (warehouse, project):
            if args.schema:
                _print_schema(asking.seen(warehouse, project))
                return 0
            table = asking.ask(warehouse, project, sql)
    except rules.RefusedError as error:
        warn(f"aboveboard query: {error}")
        return 2
    except (QueryLimitError, asking.BusyError, *reading.FAILURES) as error:
        warn(f"aboveboard query: {error}")
        return 1
    if args.json:
        sys.stdout.write(f"{table.as_json()}\n")
    elif args.csv:
        sys.stdout.write(table.as_csv())
    elif table.rows:
        print_table(table.columns, [[_shown(value) for value in row] for row in table.rows])
    if not (args.json or args.csv):
        count = len(table.rows)
        warn(f"{count:,} row{'' if count == 1 else 's'}")
    sys.stdout.flush()
    return 0


def _question(told: str | None) -> str:
    """Return what is asked.

    Raises:
        RefusedError: it is no text.
    """
    try:
        sql = sys.stdin.read() if told is None or told == "-" else told
        sql.encode()
    except UnicodeError:
        raise rules.RefusedError("the question is not UTF-8: write it so") from None
    return sql


def _shown(value: object) -> str:
    text = "null" if value is None else str(value).replace("\n", " ")
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _print_schema(tables: Sequence[SeenTable]) -> None:
    for table in tables:
        say(table.name)
        for column in table.columns:
            say(f"  {column.name}  {column.type}")
