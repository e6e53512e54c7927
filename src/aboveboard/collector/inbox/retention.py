"""How long each row of the inbox stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.collector.allowlist import WIRE_DAYS

from .tallies import lateness, quarantine

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

ID_DAYS = 30
"""How long a delivery's id and an event's own are remembered; a sender gives up much earlier."""

LOG_DAYS = 400
"""Thirteen months: how long the ids of sessions that were sent and the lines that were imported are
remembered, so that a log that brings them again is not counted again."""

REFRESH_DAYS = 30
"""What a log brings again is dated anew once it is so many days old. If each time, an import would
write as much as it reads."""

PRUNED = {
    "delivery": ("taken", ID_DAYS),
    "identity": ("taken", ID_DAYS),
    "session": ("taken", LOG_DAYS),
    "imported": ("seen", LOG_DAYS),
    "imported_by_bytes": ("seen", LOG_DAYS),
    "run": ("last", WIRE_DAYS),  # an event that is older is not taken, so none goes on with it
    "quarantine": ("last", quarantine.DAYS),
    "lateness": ("taken", lateness.MEASURED_DAYS),
    "erased": ("asked", LOG_DAYS),
    "erasure": ("asked", LOG_DAYS),  # those that are never decided, or never looked at again
}
"""By table, the column that has an hour of each row, and how many days after that the row goes. A
new table has its line here or below. The column has an index, named after both."""

MOVED = ("waiting", "move")
"""Tables of which the mover deletes each row once the warehouse has what it says."""

KEPT = ("salt",)
"""Tables whose rows stay."""


OF_LOGS = ("session", "imported", "imported_by_bytes", "erased")
"""Tables whose rows stay for as long as the project's events do, however long that is; those of the
others no longer than that."""


def prune(
    connection: sqlite3.Connection, now: float, kept: Mapping[str, int] | None = None
) -> None:
    """Delete the rows whose time is over.

    Args:
        connection: The inbox's, in a transaction.
        now: Seconds since 1970.
        kept: How many days each project keeps its events. Rows of other projects go as said above.
    """
    own = dict(kept or {})
    others = ", ".join("?" * len(own))
    for table, (column, days) in PRUNED.items():
        connection.execute(
            f"DELETE FROM {table} WHERE {column} < ? AND project NOT IN ({others})",  # noqa: S608  # two of the words above
            (int(now) - days * 86_400, *own),
        )
        for project, most in own.items():
            stays = most if table in OF_LOGS else min(most, days)
            connection.execute(
                f"DELETE FROM {table} WHERE {column} < ? AND project = ?",  # noqa: S608  # the same
                (int(now) - stays * 86_400, project),
            )
