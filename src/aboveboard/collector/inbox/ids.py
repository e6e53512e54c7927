"""Ids of sixteen bytes, many in one statement.

Each statement of SQLite's lets other threads run meanwhile, and the thread that stores then waits
for its turn, for milliseconds while others read what comes. A statement an id would make a group of
deliveries take longer than the disk does.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

AT_ONCE = 500
"""Ids in one statement. SQLite keeps in memory what it needs to undo it: some pages for each."""

_EACH = (
    "WITH RECURSIVE place(number) AS"
    " (SELECT 0 UNION ALL SELECT number + 1 FROM place WHERE number + 1 < :count),"
    " told(id) AS (SELECT substr(:ids, number * 16 + 1, 16) FROM place) "
)


def known(
    connection: sqlite3.Connection, table: str, project: str, ids: Iterable[bytes]
) -> set[bytes]:
    """Return those of the ids that a table has.

    Args:
        connection: The inbox's.
        table: One of `delivery`, `session` and `identity`.
        project: Whose ids.
        ids: Each of sixteen bytes.
    """
    sql = (
        f"{_EACH} SELECT told.id FROM told CROSS JOIN {table} AS kept"  # noqa: S608  # one of ours
        " ON kept.project = :project AND kept.id = told.id"
    )
    found: set[bytes] = set()
    for told in _portions(ids):
        found.update(each for (each,) in connection.execute(sql, {"project": project, **told}))
    return found


def add(
    connection: sqlite3.Connection, table: str, project: str, ids: Iterable[bytes], now: int
) -> None:
    """Have a table have the ids, dated with the hour; those that it has keep their dates."""
    sql = f"{_EACH} INSERT OR IGNORE INTO {table} SELECT :project, id, :now FROM told"  # noqa: S608
    for told in _portions(ids):
        connection.execute(sql, {"project": project, "now": now, **told})


def _portions(ids: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """Yield the ids as statements take them: one behind another, and how many."""
    rest = iter(ids)
    while portion := list(islice(rest, AT_ONCE)):
        yield {"count": len(portion), "ids": b"".join(portion)}
