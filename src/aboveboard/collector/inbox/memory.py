"""What the inbox remembers of a project's earlier deliveries, for the one that is being stored.

A delivery whose events can be known only by those before them asks here, inside the transaction
that stores it: what is remembered and what is stored are one, whatever happens.

- An event that carries an identity (PostHog's `uuid`) is stored once by it. A batch that is sent
  again may have grown or been split meanwhile, so what is known again is the event.
- An install that names no session has a run that goes on from one delivery to the next.
- A line of an imported log is known by what it says; a session that was sent, by its id.

retention.py says for how long.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from aboveboard.catalog.line import hour

from . import ids
from .retention import REFRESH_DAYS
from .runs import Run

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from .suppression import Suppression


IDENTITY = "identity"


class Memory:
    """One project's, inside one transaction. It holds nothing itself and ends with that.

    Args:
        connection: The inbox's, in the transaction.
        project: Whose deliveries.
        now: The hour, in seconds since 1970.
        suppression: Who was erased; None where nobody was.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        project: str,
        now: int,
        suppression: Suppression | None = None,
    ) -> None:
        self._connection = connection
        self._project = project
        self._now = now
        self._suppression = suppression

    def erased(self, users: Collection[str]) -> Collection[object]:
        """Return those of the installs that were erased, of which nothing is stored any more."""
        if self._suppression is None:
            return ()
        return self._suppression.erased(self._project, users)

    def note(self, identities: Collection[bytes]) -> set[bytes]:
        """Remember events that are about to be stored; return those that are not stored already."""
        new = set(identities) - ids.known(self._connection, IDENTITY, self._project, identities)
        ids.add(self._connection, IDENTITY, self._project, new, self._now)
        return new

    def is_former_batch(self, batch: uuid.UUID) -> bool:
        """Return whether 0.1.0 took a batch, which it knew by all its events' uuids together."""
        found = self._connection.execute(
            "SELECT 1 FROM delivery WHERE project = ? AND id = ?", (self._project, batch.bytes)
        )
        return found.fetchone() is not None

    def recall(self, user_id: str) -> Run | None:
        """Return the last run of an install that names no session."""
        row = self._connection.execute(
            "SELECT session, last, started, ended, next FROM run WHERE project = ? AND user_id = ?",
            (self._project, user_id),
        ).fetchone()
        return Run(row[0], row[1], bool(row[2]), bool(row[3]), row[4]) if row else None

    def remember(self, runs: Mapping[str, Run]) -> None:
        """Remember the last run of each of these installs instead of the one before it."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO run (project, user_id, session, last, started, ended, next)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (self._project, user_id, run.session, hour(run.last), run.started, run.ended,
                 run.next)
                for user_id, run in runs.items()
            ],
        )  # fmt: skip

    def was_sent(self, session: str) -> bool:
        """Return whether a session came over the wire."""
        return (
            self._met(
                "SELECT taken, 1 FROM session WHERE project = ? AND id = ?",
                "UPDATE session SET taken = ? WHERE project = ? AND id = ?",
                uuid.UUID(session).bytes,
            )
            is not None
        )

    def recall_line(self, line: bytes) -> bool | None:
        """Return whether an imported line was taken, None if it is new.

        False is one whose event the catalog did not have.
        """
        return self._met(
            "SELECT seen, taken FROM imported WHERE project = ? AND line = ?",
            "UPDATE imported SET seen = ? WHERE project = ? AND line = ?",
            line,
        )

    def recall_older_line(self, line: bytes) -> bool | None:
        """Return the same of a line that 0.1.0 imported, which knew lines by their bytes."""
        return self._met(
            "SELECT seen, taken FROM imported_by_bytes WHERE project = ? AND line = ?",
            "UPDATE imported_by_bytes SET seen = ? WHERE project = ? AND line = ?",
            line,
        )

    def remember_line(self, line: bytes, *, taken: bool) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO imported (project, line, taken, seen) VALUES (?, ?, ?, ?)",
            (self._project, line, taken, self._now),
        )

    def _met(self, select: str, date: str, key: bytes) -> bool | None:
        """Look a row up that a log has brought again, and have it stay for another while.

        Who imports a growing log every week would otherwise have its first lines counted twice,
        once they are forgotten.
        """
        row = self._connection.execute(select, (self._project, key)).fetchone()
        if row is None:
            return None
        if row[0] < self._now - REFRESH_DAYS * 86_400:
            self._connection.execute(date, (self._now, self._project, key))
        return bool(row[1])
