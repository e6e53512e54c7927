"""The identities of events that carry one: PostHog's `uuid`. An event is stored once by it.

A batch that is sent again may have grown or been split meanwhile, so what is known again is the
event and never its batch. An identity is remembered in the transaction that stores its event, for
as long as a delivery's id is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    import uuid


def is_new(connection: sqlite3.Connection, project: str, identity: bytes | None, now: int) -> bool:
    """Remember an event that is about to be stored; return whether it is not stored already.

    Args:
        connection: The inbox, inside the transaction that stores the event.
        project: Whose event.
        identity: Of the event; None is always new.
        now: The hour, for `inbox.prune`.
    """
    if identity is None:
        return True
    added = connection.execute(
        "INSERT OR IGNORE INTO identity VALUES (?, ?, ?)", (project, identity, now)
    )
    return added.rowcount == 1


def is_former_batch(connection: sqlite3.Connection, project: str, batch: uuid.UUID) -> bool:
    """Return whether 0.1.0 has taken a batch, which it knew by all its events' uuids together.

    It remembered for thirty days, and nothing is added since.
    """
    found = connection.execute(
        "SELECT 1 FROM delivery WHERE project = ? AND id = ?", (project, batch.bytes)
    )
    return found.fetchone() is not None
