"""Counts that ClickHouse keeps beside a table's rows, so that questions about them read fewer rows.

A projection lies in each part of its table and is made of that part's rows, by inserts, merges and
mutations alike: erasing, retention, a repeated move, a part that came from elsewhere. So it never
tells anything else than the rows do, and nobody has to keep it right. ClickHouse takes it wherever
a question groups and filters by what it groups by; all other questions read the rows.

Names in these statements are `schema.quote`d: nothing else is pasted.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from aboveboard.warehouse import schema
from aboveboard.warehouse.columns import FLAG, WORD, WORDS
from aboveboard.warehouse.errors import WarehouseAwayError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard.warehouse.engine.statements import Ask, Command

log = logging.getLogger(__name__)

PREFIX = "by_session_"
"""What the name of each begins with; behind it stands a digest of what it selects, so that two of
one name are one."""

_OF_BEFORE = "messages"
"""What the name of each began with in the step before this one's (versions.py)."""

SUMS = {"total_tokens": "sum(toInt128(total_tokens))", "cost": "sum(cost)"}
"""By column. As questions have them: a sum of another type is another sum."""

WORDS_LEAST, WORDS_MOST = 2, 5
"""Each of them costs every insert something (bench/README.md). With more words hardly two rows of a
session say the same: aider's `reply`, which has eight, and `command`, whose one word changes, had
half as many counts as rows. What has no word to tell apart mostly happens once a session."""


def of(table: schema.TableDefinition) -> dict[str, str]:
    """Return the projections that a table is to have: by name, what each selects.

    How many rows of a session say the same in the same hour, and in how many a number is. Installs
    come first, as in the table, so that those of one install, and of one session, lie together.
    A table with fewer words than `WORDS_LEAST` or more than `WORDS_MOST` has none; nor has one of
    failures, which are few and all read.
    """
    own = {each.name for each in (*schema.columns_of_all(table.name), schema.MOVE)}
    said = [each for each in table.columns if each.name not in own]
    words = [each.name for each in said if each.type in (WORD, FLAG)]
    numbers = [each.name for each in said if each.type not in (WORD, FLAG)]
    is_failure = any(each.type == WORDS for each in said)
    if table.name == schema.SESSIONS or is_failure or not WORDS_LEAST <= len(words) <= WORDS_MOST:
        return {}
    grouped = ", ".join(map(schema.quote, ["user_id", "session", *words, "time"]))
    counted = ["count()", *(f"count({schema.quote(each)})" for each in numbers)]
    summed = [SUMS[each] for each in numbers if each in SUMS]
    selected = f"SELECT {grouped}, {', '.join([*counted, *summed])} GROUP BY {grouped}"
    digest = hashlib.sha256(selected.encode()).hexdigest()[:16]
    return {f"{PREFIX}{digest}": selected}


def declared(table: schema.TableDefinition) -> str:
    """Return what the DDL of a new table says of its projections, behind its columns."""
    return "".join(f", {_declared(*each)}" for each in of(table).items())


def _declared(name: str, selected: str) -> str:
    return f"PROJECTION {schema.quote(name)} ({selected})"


class Projections:
    """The projections of one project's tables.

    Args:
        database: Where they are.
        command: Carries out a statement with settings.
        ask: Answers a question.
    """

    def __init__(
        self,
        database: str,
        command: Command,
        ask: Ask,
    ) -> None:
        self._database = database
        self._command = command
        self._ask = ask

    def make(self, tables: Iterable[schema.TableDefinition]) -> None:
        """Have each table's, also of the rows that were there before; those are not waited for.

        Called again it goes on with what is left. A server's user who may not have them made has
        the same answers later.
        """
        wanted = {each.name: each for each in tables if of(each)}
        if not wanted:
            return
        try:
            for name, said in self._ask(
                "SELECT name, create_table_query FROM system.tables "
                f"WHERE database = '{self._database}' AND engine LIKE '%MergeTree'"
            ):
                if str(name) in wanted:
                    self._keep(wanted[str(name)], str(said))
        except WarehouseAwayError:
            raise
        except WarehouseError as error:
            log.warning("questions about %s will take longer: %s", self._database, error)

    def _keep(self, table: schema.TableDefinition, said: str) -> None:
        name = schema.name(self._database, table.name)
        there = {
            word.strip("`")
            for before, word in zip(said.split(), said.split()[1:], strict=False)
            if before.endswith("PROJECTION") and word.strip("`").startswith((PREFIX, _OF_BEFORE))
        }
        for projection, selected in of(table).items():
            if projection not in there:
                self._command(f"ALTER TABLE {name} ADD {_declared(projection, selected)}", {})
            if self._lacks(table.name, projection):
                # Not waited for; a mutation goes on when ClickHouse is started again.
                self._command(
                    f"ALTER TABLE {name} MATERIALIZE PROJECTION {schema.quote(projection)}",
                    {"mutations_sync": 0},
                )
        for older in there - of(table).keys():
            self._command(f"ALTER TABLE {name} DROP PROJECTION {schema.quote(older)}", {})

    def _lacks(self, table: str, projection: str) -> bool:
        """Return whether parts of a table lack a projection, and nothing makes it yet."""
        ((parts, at_work),) = self._ask(
            "SELECT (SELECT count() FROM system.parts WHERE active AND rows > 0 AND "
            f"database = '{self._database}' AND table = '{table}' AND "
            f"NOT has(projections, '{projection}')), (SELECT count() FROM system.mutations WHERE "
            f"NOT is_done AND database = '{self._database}' AND table = '{table}' AND "
            f"position(command, '{projection}') > 0)"
        )
        return bool(parts) and not at_work
