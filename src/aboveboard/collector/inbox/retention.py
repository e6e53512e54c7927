"""How long each row of the inbox stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import quarantine

if TYPE_CHECKING:
    import sqlite3

ID_DAYS = 30
"""How long a delivery's id and an event's own are remembered; a sender gives up much earlier."""

SESSION_DAYS = 400
"""How long a session's id is remembered, so that its log, imported later, is not counted again."""

PRUNED = {
    "delivery": ("taken", ID_DAYS),
    "identity": ("taken", ID_DAYS),
    "session": ("taken", SESSION_DAYS),
    "quarantine": ("last", quarantine.DAYS),
}
"""By table, the column that has an hour of each row, and how many days after that it goes."""


def prune(connection: sqlite3.Connection, now: float) -> None:
    """Delete the rows whose time is over.

    Args:
        connection: The inbox's, in a transaction.
        now: Seconds since 1970.
    """
    for table, (column, days) in PRUNED.items():
        connection.execute(
            f"DELETE FROM {table} WHERE {column} < ?",  # noqa: S608  # two of the words above
            (int(now) - days * 86_400,),
        )
