"""From the tables of 0.1.0 to today's: no row is lost or doubled, also if killed at any moment.

0.1.0 kept UUIDs in every row, whole seconds, and money as floating point; it sorted by day. Today's
tables have keys, hours and places (schema.py says why), so each table is copied to a new one, and
the new one takes its name when all are whole.

A table `_migration` notes each finished step. Copies are made bucket by bucket of installs, which
bounds memory. Of a bucket that was not finished, what is there already is removed, and the bucket
is copied anew from the old table, which stays until all copies are noted as whole and their rows
are counted. From then on a missing table is one whose copy waits for its name.

Names in these statements are `schema.quote`d, and numbers are numbers: nothing else is pasted.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aboveboard.warehouse import schema
from aboveboard.warehouse.columns import MONEY, MONEY_DIGITS, MONEY_MAX, ColumnDefinition
from aboveboard.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.warehouse.engine.statements import Ask, Command

log = logging.getLogger(__name__)

NEW = "_2_"
"""What the name of a copy begins with until it takes the table's own; no event's does."""

STEPS = "_migration"
PLACES = "_places"

BUCKET_EVENTS = 1_000_000
"""About how many events are worked on at once."""

_SETTINGS = {
    "insert_deduplicate": 0,  # what is copied again may be equal to what was removed
    "max_partitions_per_insert_block": 0,
    "max_threads": 2,
    "max_bytes_before_external_sort": 256 * 2**20,
    "max_bytes_before_external_group_by": 256 * 2**20,
}

_KEY = "toUInt64(toUInt128({}))"
"""A UUID's last 64 bits, as `schema.key` has them."""


class Migration:
    """Copies one project's tables.

    Args:
        project: Whose.
        catalog: Which columns are money, and which event ends a run.
        present: The tables that are there: column to type, by name.
        command: Carries out a statement with settings.
        ask: Answers a question.
        free: Bytes that the disk has left; None where that cannot be known.
        _crash: Called with the name of each step after it, for tests that end the process there.

    Raises:
        WarehouseError: there is no room for the copies. Nothing was changed.
    """

    def __init__(
        self,
        project: str,
        catalog: Catalog,
        present: Mapping[str, Mapping[str, str]],
        command: Command,
        ask: Ask,
        free: int | None,
        *,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._project = project
        self._database = schema.database(project)
        self._money = schema.money(catalog)
        self._present = present
        self._command = command
        self._ask = ask
        self._free = free
        self._crash = _crash
        session = (catalog.legacy or {}).get("session")
        self._last = schema.table(str(session.get("end"))) if isinstance(session, dict) else ""
        self._older = [name for name, columns in present.items() if _is_older(columns)]

    @property
    def is_needed(self) -> bool:
        """Whether there are tables of 0.1.0, or a copy that was not finished."""
        return bool(self._older) or any(name.startswith(NEW) for name in self._present)

    def run(self) -> None:
        """Copy what is not copied yet, and give the copies their names."""
        log.warning("project %s: its tables are being brought up to date", self._project)
        done = self._done()
        if "copied" not in done:
            self._copy(done)
        self._rename()
        self._drop(PLACES)
        self._drop(STEPS)
        log.warning("project %s: its tables are up to date", self._project)

    def _copy(self, done: dict[str, int]) -> None:
        self._check_room()
        self._command(
            f"CREATE TABLE IF NOT EXISTS {self._name(STEPS)} (step String, number UInt64) "
            f"ENGINE = MergeTree ORDER BY step {schema.DURABLE}",
            {},
        )
        buckets = done.get("buckets")
        if buckets is None:
            buckets = 1 + self._events() // BUCKET_EVENTS
            self._note("buckets", buckets)
        for name in self._older:
            wanted = schema.TableDefinition(name, self._columns(name))
            if NEW + name not in self._present:
                self._command(schema.create_table(self._database, wanted, prefix=NEW), {})
        tables = sorted(self._older, key=lambda name: (self._order(name), name))
        for bucket in range(buckets):
            self._copy_bucket(tables, bucket, buckets, done)
        self._check_counts(tables)
        self._note("copied")

    def _copy_bucket(
        self, tables: Sequence[str], bucket: int, buckets: int, done: dict[str, int]
    ) -> None:
        left = [name for name in tables if f"{bucket}:{name}" not in done]
        if not left:
            return
        self._number(tables, bucket, buckets)
        for name in left:
            copy = self._name(NEW + name)
            whose = f"user_id % {buckets:d} = {bucket:d}"
            if self._ask(f"SELECT count() FROM {copy} WHERE {whose}")[0][0]:
                remove = (
                    "TRUNCATE TABLE {}"
                    if buckets == 1
                    else f"ALTER TABLE {{}} DELETE WHERE {whose}"
                )
                self._command(remove.format(copy), {"mutations_sync": 2})
            self._command(self._insert(name, tables.index(name), bucket, buckets), _SETTINGS)
            self._crash("copied")
            self._note(f"{bucket}:{name}")
            self._crash("noted")

    def _number(self, tables: Sequence[str], bucket: int, buckets: int) -> None:
        """Work out the place of the first row of each session, second and table of a bucket.

        Within one second the order is not known: a session's start comes first, its end last.
        """
        self._command(
            f"CREATE TABLE IF NOT EXISTS {self._name(PLACES)} (user UInt64, run UInt64, "
            "time DateTime('UTC'), source UInt16, place UInt32) "
            "ENGINE = MergeTree ORDER BY (source, user, run, time)",
            {},
        )
        self._command(f"TRUNCATE TABLE {self._name(PLACES)}", {})
        counted = " UNION ALL ".join(
            f"SELECT {_KEY.format('user_id')} AS user, {_KEY.format('session')} AS run, time, "
            f"toUInt16({source:d}) AS source, count() AS rows FROM {self._name(name)} "
            f"WHERE user % {buckets:d} = {bucket:d} GROUP BY user, run, time"
            for source, name in enumerate(tables)
        )
        self._command(
            f"INSERT INTO {self._name(PLACES)} SELECT user, run, time, source, "
            "sum(rows) OVER (PARTITION BY user, run ORDER BY time, source "
            f"ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - rows FROM ({counted})",
            _SETTINGS,
        )

    def _insert(self, name: str, source: int, bucket: int, buckets: int) -> str:
        values = {
            "user_id": "user",
            "session": "if(user = 0, 0, run)",
            "seq": "if(user = 0, 0, places.place + row_number() OVER "
            "(PARTITION BY user, run, time) - 1)",
            "time": "toStartOfHour(older.time)",
            "user_uuid": "older.user_id",
            "session_uuid": "older.session",
        }
        columns = self._columns(name)
        older = self._present[name]
        for each in columns:
            if each.name not in values and each.name in older:
                kept = f"older.{schema.quote(each.name)}"
                values[each.name] = _as_money(kept) if each.type == MONEY else kept
        told = [each.name for each in columns if each.name in values]  # others are new since
        listed = ", ".join(map(schema.quote, told))
        selected = ", ".join(values[each] for each in told)
        # A row of nobody's in `sessions` told of no start: the collector had made it up.
        made_up = " AND user != 0" if name == schema.SESSIONS else ""
        return (
            f"INSERT INTO {self._name(NEW + name)} ({listed}) SELECT {selected} FROM ("
            f"SELECT *, {_KEY.format('user_id')} AS user, {_KEY.format('session')} AS run "
            f"FROM {self._name(name)} WHERE user % {buckets:d} = {bucket:d}{made_up}) AS older "
            f"INNER JOIN (SELECT user, run, time, place FROM {self._name(PLACES)} "
            f"WHERE source = {source:d}) AS places USING (user, run, time)"
        )

    def _columns(self, name: str) -> tuple[ColumnDefinition, ...]:
        """Return a copy's columns: today's first ones, then whatever the table has."""
        older = self._present[name]
        own = schema.columns_of_all(name)
        fixed = {each.name for each in own}
        money = self._money.get(name, frozenset())
        return (
            *own,
            *(
                ColumnDefinition(column, MONEY if column in money else kind)
                for column, kind in older.items()
                if column not in fixed
            ),
        )

    def _order(self, name: str) -> int:
        return 0 if name == schema.SESSIONS else 2 if name == self._last else 1

    def _check_room(self) -> None:
        if self._free is None:
            return
        needed = self._number_of(
            "SELECT sum(bytes_on_disk) FROM system.parts "
            f"WHERE active AND database = '{self._database}'"
        )
        needed += 64 * 2**20
        if self._free < needed:
            raise WarehouseError(
                f"bringing the tables of {self._project} up to date needs "
                f"{needed // 2**20:,} MiB of disk, and {self._free // 2**20:,} are free: make room"
            )

    def _check_counts(self, tables: Sequence[str]) -> None:
        for name in tables:
            made_up = f" WHERE {_KEY.format('user_id')} != 0" if name == schema.SESSIONS else ""
            before = self._number_of(f"SELECT count() FROM {self._name(name)}{made_up}")
            after = self._number_of(f"SELECT count() FROM {self._name(NEW + name)}")
            if before != after:
                raise WarehouseError(
                    f"the copy of {name} has {after:,} rows instead of {before:,}: the tables are "
                    "left as they were; please report this"
                )

    def _events(self) -> int:
        return sum(
            self._number_of(f"SELECT count() FROM {self._name(name)}") for name in self._older
        )

    def _rename(self) -> None:
        rows = self._ask(f"SELECT name FROM system.tables WHERE database = '{self._database}'")
        for (copy,) in rows:
            if str(copy).startswith(NEW):
                name = str(copy).removeprefix(NEW)
                self._drop(name)
                self._crash("dropped")
                self._command(f"RENAME TABLE {self._name(str(copy))} TO {self._name(name)}", {})
                self._crash("renamed")

    def _done(self) -> dict[str, int]:
        if STEPS not in self._present:
            return {}
        rows = self._ask(f"SELECT step, number FROM {self._name(STEPS)}")
        return {str(step): int(str(number)) for step, number in rows}

    def _note(self, step: str, number: int = 0) -> None:
        self._command(
            f"INSERT INTO {self._name(STEPS)} SELECT '{step}', {number:d}",
            {"insert_deduplicate": 0},
        )

    def _drop(self, name: str) -> None:
        self._command(f"DROP TABLE IF EXISTS {self._name(name)} SYNC", {})

    def _name(self, table: str) -> str:
        return f"{schema.quote(self._database)}.{schema.quote(table)}"

    def _number_of(self, sql: str) -> int:
        ((number,),) = self._ask(sql)
        return int(str(number or 0))


def _is_older(columns: Mapping[str, str]) -> bool:
    return columns.get("user_id") == "UUID"


def _as_money(column: str) -> str:
    """Return a floating point column as a decimal; more than a decimal holds becomes null."""
    fits = f"ifNull({column} < {MONEY_MAX:d}, false)"
    written = f"toString(round(ifNull({column}, 0), {MONEY_DIGITS:d}))"
    return f"if({fits}, toDecimal64OrNull({written}, {MONEY_DIGITS:d}), NULL)"
