"""How late sessions come in: counted, and nothing kept of whose they were.

A tool sends when it ends, or when it is used again where there is a network. So the last days are
not whole yet, and every number of theirs is too small. How late sessions come is measured: of each
that is taken, how many hours after the end of the day on which it began. Once 95 % of the sessions
of a day are in, as late as they came in the last 90 days, the day is settled.

A write key is public, so whoever has it can send sessions that seem late. More than a week is
history that somebody brings, and is not counted; so pages can be made to wait for a week at most.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

from aboveboard.catalog.line import TIME
from aboveboard.collector.inbox import storage
from aboveboard.warehouse import schema

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

    from aboveboard.collector.allowlist import Accepted

MEASURED_DAYS = 90
LATE_MOST = timedelta(days=7)
SHARE = 0.95
SESSIONS_LEAST = 100
"""With fewer sessions, nothing is said of how late they come."""

_HOUR, _DAY = 3600, 86_400


class Lateness:
    """Counts and tells. `add` is the committer's alone; the others may be called by any thread."""

    def __init__(self, directory: Path) -> None:
        self._connection = storage.connect(directory, storage.INBOX)
        self._lock = threading.Lock()

    def of(self, project: str) -> timedelta:
        """Return how long after a day's end its sessions are in, in whole hours.

        It is nothing where too few were measured, or they come on their own day.
        """
        with self._lock:
            rows = self._connection.execute(
                "SELECT hours, sum(sessions) FROM lateness WHERE project = ? AND taken >= ?"
                " GROUP BY hours ORDER BY hours",
                (project, int(time.time()) - MEASURED_DAYS * _DAY),
            ).fetchall()
        measured = sum(sessions for _, sessions in rows)
        if measured < SESSIONS_LEAST:
            return timedelta(0)
        come = accumulate(sessions for _, sessions in rows)
        enough = sum(1 for number in come if number < SHARE * measured)
        return timedelta(hours=rows[enough][0])

    def forget(self, project: str) -> None:
        """Forget what was measured of a project: it was no measure."""
        with self._lock, storage.transaction(self._connection) as connection:
            connection.execute("DELETE FROM lateness WHERE project = ?", (project,))

    def add(
        self,
        connection: sqlite3.Connection,
        taken: Iterable[tuple[str, Accepted]],
        now: float | None = None,
    ) -> None:
        """Count sessions inside the caller's transaction.

        Args:
            connection: The inbox.
            taken: Whose events were taken, and which.
            now: The time.
        """
        moment = int(time.time() if now is None else now)
        today = moment - moment % _DAY
        counted: Counter[tuple[str, int]] = Counter()
        for project, accepted in taken:
            for began in accepted.tables.get(schema.SESSIONS, {}).get(TIME, ()):
                assert isinstance(began, int)
                late = moment - (began - began % _DAY + _DAY)
                if late <= LATE_MOST.total_seconds():
                    counted[project, max(0, -(-late // _HOUR))] += 1
        if not counted:
            return
        connection.executemany(
            "INSERT INTO lateness VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET sessions = sessions + excluded.sessions",
            [(project, today, hours, times) for (project, hours), times in counted.items()],
        )

    def close(self) -> None:
        self._connection.close()
