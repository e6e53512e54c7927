"""Schema: the tables that an ad hoc question sees, and what is in them.

Of the warehouse's own tables, those that the catalog has, under the events' names; `sessions` has
every session, also one whose start never came. What keeps rows apart for the collector (`_move`)
and the UUIDs of installs and sessions are left out: an install is told from another by its key, and
by its UUID only its own person knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.warehouse import columns, schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.catalog.catalog import Catalog, Entry

SESSIONS = "sessions"
FROM = {SESSIONS: "_sessions"}
"""Where the rows of a table are, if it has another name in the warehouse."""

OF_ALL = {
    "user_id": "The install; 0 for an event that names none",
    "session": "One run of the program",
    "seq": "The event's place in its session",
    "time": "The hour in which it happened, in UTC",
    "source": "How it came in: aboveboard, posthog or import",
}
HIDDEN = ("_move", "user_uuid", "session_uuid")


@dataclass(frozen=True)
class SeenColumn:
    name: str
    type: str
    doc: str


@dataclass(frozen=True)
class SeenTable:
    """A table as a question sees it.

    Args:
        name: What it is called in a question.
        kept: What it is called in the warehouse.
        doc: What a row of it is.
    """

    name: str
    kept: str
    doc: str
    columns: tuple[SeenColumn, ...]


def tables(catalog: Catalog, present: Mapping[str, Mapping[str, str]]) -> tuple[SeenTable, ...]:
    """Return the tables of a project that can be asked.

    Args:
        catalog: The project's.
        present: The warehouse's tables of the project: column to type, by name.
    """
    found = []
    for entry in catalog.entries.values():
        name = schema.table(entry.name)
        kept = FROM.get(name, name)
        if kept not in present:
            continue
        told = _docs(entry)
        found.append(
            SeenTable(
                name,
                kept,
                "Every session, by its start" if name == SESSIONS else entry.doc,
                tuple(
                    SeenColumn(column, type_, told.get(column, OF_ALL.get(column, "")))
                    for column, type_ in present[kept].items()
                    if column not in HIDDEN
                ),
            )
        )
    return tuple(found)


def preamble(project: str, seen: tuple[SeenTable, ...], only: str = "") -> str:
    """Return what stands before a question: each of its tables, made of the project's own.

    Args:
        project: The project's name.
        seen: The tables.
        only: A condition, in SQL of ours, that chooses rows; "" for all.
    """
    database = schema.quote(schema.database(project))

    def made(table: SeenTable) -> str:
        names = ", ".join(schema.quote(column.name) for column in table.columns)
        rows = f"{database}.{schema.quote(table.kept)}" + (f" WHERE {only}" if only else "")
        return f"{schema.quote(table.name)} AS (SELECT {names} FROM {rows})"  # noqa: S608  # quoted

    return ", ".join(map(made, seen))


def _docs(entry: Entry) -> dict[str, str]:
    return {
        column.name: declared.doc
        for name, declared in entry.properties.items()
        for column in columns.of_property(name, declared.kind)
    }
