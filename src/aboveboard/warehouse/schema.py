"""The tables that a catalog asks for, as data and as ClickHouse's DDL.

A table an event, a column a property. A grown catalog adds tables and columns; nothing is ever
dropped or retyped here, since what was collected under an older catalog stays readable.

An install and a session are keys of 64 bits, which compress and group several times better than
UUIDs; the UUIDs stand once a session, in `sessions`, or in `_unstarted` (unstarted.py) if its start
never came. A table is sorted by install, session and place, so that a session lies together. Money
is a decimal, whose sums are the same in any order.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.catalog.line import FIELDS, SEQ, SESSION, TIME, USER_ID

from .columns import MONEY, ColumnDefinition, of_property
from .errors import MismatchError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aboveboard.catalog.catalog import Catalog, Entry

SESSION_START = "session_start"
SESSIONS = "sessions"
NOBODY = "00000000-0000-0000-0000-000000000000"
"""The install of an event that names none, and its session if that is not known either: counted as
an event, never as an install or a session."""

SOURCES = ("aboveboard", "posthog", "import")
"""How a session's events came in; the `source` column of `sessions`."""

_PROJECT = re.compile(r"[a-z][a-z0-9_-]{0,30}", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


FIELD_TYPES = {
    USER_ID: ("UInt64", "ZSTD(1)"),
    SESSION: ("UInt64", "ZSTD(1)"),
    SEQ: ("UInt32", "Delta, ZSTD(1)"),
    TIME: ("DateTime('UTC')", "Delta, ZSTD(1)"),
}
"""The type and the codec of each of a line's fields. Ids are kept as keys."""

EVENT_COLUMNS = tuple(ColumnDefinition(field.name, *FIELD_TYPES[field.name]) for field in FIELDS)
"""What every table begins with: who, in which run, at which place of the run, in which hour."""

IDS = (ColumnDefinition("user_uuid", "UUID"), ColumnDefinition("session_uuid", "UUID"))
"""What `sessions` has besides: the ids that the keys were made from."""

MOVE = ColumnDefinition("_move", "UInt64", "ZSTD(1)")
"""Which of the collector's moves brought a row, so that a repeated one finds what is there already.
No property has its name: one begins with a letter."""


PARTITION = "toYYYYMM(time)"
"""What an insert is split by: each part of it is there as a whole or not at all."""

DURABLE = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"

WINDOW = "non_replicated_deduplication_window = 1000"
REPLICATED_WINDOW = (
    "replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800"
)
"""How many tokens a table remembers, and replicas for how many seconds: an hour would be theirs."""


KEYS_FROM, KEYS_BITS = 2**63, 62
"""The keys of UUIDs, whose first two bits are fixed, lie evenly in this range."""


def partition(moment: int) -> int:
    """Return the partition of a time in Unix seconds, as `PARTITION` has it."""
    when = time.gmtime(moment)
    return when.tm_year * 100 + when.tm_mon


def key(identifier: str) -> int:
    """Return the key of an install's or a session's UUID: its last 64 bits; nobody's is 0.

    Of these 62 are random, so that two of ten million installs are alike has a chance of one in
    90,000. Two bits are fixed, so that no other key is 0.
    """
    return int(identifier[-17:].replace("-", ""), 16)


@dataclass(frozen=True)
class TableDefinition:
    name: str
    columns: tuple[ColumnDefinition, ...]


def database(project: str) -> str:
    """Return the ClickHouse database of a project: no two have the same, and none needs quotes.

    Raises:
        WarehouseError: the name cannot be a project's.
    """
    if not _PROJECT.fullmatch(project):
        raise WarehouseError(
            f"{project!r} cannot name a project: use up to 31 of a-z, 0-9, - and _, a letter first"
        )
    # No name has a capital letter.
    return f"project_{project.replace('-', 'H')}"


def table(event_name: str) -> str:
    """Return the table that an event is kept in."""
    if event_name == SESSION_START:
        return SESSIONS
    return event_name.replace(" ", "_").replace("-", "_")


def tables(catalog: Catalog) -> tuple[TableDefinition, ...]:
    """Return every table that a catalog's events are kept in.

    Raises:
        WarehouseError: two events or properties would share a table or a column.
    """
    found: dict[str, TableDefinition] = {}
    for entry in catalog.entries.values():
        wanted = TableDefinition(table(entry.name), tuple(_columns_of(entry)))
        if wanted.name in found:
            raise WarehouseError(f"two events would share the table {wanted.name!r}: rename one")
        names = [each.name for each in wanted.columns]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise WarehouseError(
                f"event {entry.name!r} has two properties for the column {twice!r}: rename one"
            )
        found[wanted.name] = wanted
    return tuple(found.values())


def money(catalog: Catalog) -> dict[str, frozenset[str]]:
    """Return the columns that hold money, by table."""
    return {
        each.name: frozenset(column.name for column in each.columns if column.type == MONEY)
        for each in tables(catalog)
    }


def columns_of_all(name: str) -> tuple[ColumnDefinition, ...]:
    """Return the columns that a table has whatever the catalog says."""
    return (*EVENT_COLUMNS, *IDS) if name == SESSIONS else EVENT_COLUMNS


def _columns_of(entry: Entry) -> Iterator[ColumnDefinition]:
    yield from columns_of_all(table(entry.name))
    for name, declared in entry.properties.items():
        yield from of_property(name, declared.kind)
    if entry.name == SESSION_START:
        yield ColumnDefinition("source", "LowCardinality(String)")
    yield MOVE


def local(project: str) -> str:
    """Return the database of a project's tables on each node of a cluster.

    `database` names what stands for all of them there.
    """
    return f"shard_{database(project).removeprefix('project_')}"


def name(database: str, table: str) -> str:
    """Return a table's whole name, quoted for SQL."""
    return f"{quote(database)}.{quote(table)}"


def create_database(database: str) -> str:
    return f"CREATE DATABASE IF NOT EXISTS {quote(database)}"


def engine(of: str, arguments: str = "", *, is_replicated: bool = False) -> str:
    """Return an engine of a table, replicated by the macros of the nodes that name replicas."""
    if not is_replicated:
        return f"{of}({arguments})" if arguments else of
    path = "'/clickhouse/aboveboard/{shard}/{database}/{table}'"
    more = f", {arguments}" if arguments else ""
    return f"Replicated{of}({path}, '{{replica}}'{more})"


def create_table(
    database: str,
    wanted: TableDefinition,
    prefix: str = "",
    beside: str = "",
    *,
    days: int | None = None,
    is_replicated: bool = False,
) -> str:
    """Return the DDL of a new table, whose name begins with `prefix`.

    Behind its columns stands `beside`. Its rows go after so many days; never, where None.

    The window lets a repeated insert be recognised by its token while another is under way; fsync,
    since the inbox forgets what was inserted. Sorted so that a session's rows, alike in most
    columns, lie together.
    """
    window = REPLICATED_WINDOW if is_replicated else WINDOW
    declared = ", ".join(declare(each) for each in wanted.columns)
    return (
        f"CREATE TABLE IF NOT EXISTS {name(database, prefix + wanted.name)} "
        f"({declared}{beside}) ENGINE = {engine('MergeTree', is_replicated=is_replicated)} "
        f"PARTITION BY {PARTITION} ORDER BY (user_id, session, seq)"
        f"{' ' if days is None else lifetime(days)}{DURABLE}, {window}"
    )


def lifetime(days: int) -> str:
    """Return after how many days a row goes, as ClickHouse writes it down."""
    return f" TTL time + toIntervalDay({days:d}) "


def keep_for(database: str, table: str, days: int) -> str:
    """Return the DDL that has rows of a table go after so many days."""
    return f"ALTER TABLE {name(database, table)} MODIFY{lifetime(days).rstrip()}"


def grow_table(database: str, wanted: TableDefinition, present: Mapping[str, str]) -> str | None:
    """Return the DDL that adds what `present` (column name to type) lacks, or None.

    Raises:
        MismatchError: a property has changed its kind.
    """
    missing = []
    for each in wanted.columns:
        kept = present.get(each.name)
        if kept is None:
            missing.append(f"ADD COLUMN IF NOT EXISTS {declare(each)}")
        elif kept != each.type:
            raise MismatchError(
                f"{wanted.name}.{each.name} is kept as {kept} and the catalog now wants "
                f"{each.type}: give the property another name"
            )
    if not missing:
        return None
    return f"ALTER TABLE {name(database, wanted.name)} {', '.join(missing)}"


def quote(identifier: str) -> str:
    """Return an identifier quoted for SQL; only plain ones are ever made here.

    Raises:
        WarehouseError: the name is not made of letters, digits and underscores.
    """
    if not _IDENTIFIER.fullmatch(identifier):
        raise WarehouseError(f"{identifier!r} cannot name a table or column")
    return f"`{identifier}`"


def declare(wanted: ColumnDefinition) -> str:
    """Return a column as DDL declares it."""
    return f"{quote(wanted.name)} {wanted.type} CODEC({wanted.codec})"
