"""How much waits for the warehouse, a project: the bound on what is taken, and what pages show."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


class Depth:
    """What waits for the warehouse, as the committer and the mover know it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # for those who write
        self._events: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    @property
    def events(self) -> int:
        """Those of all projects."""
        return self._events.copy().total()

    def bytes(self, project: str) -> int:
        return self._bytes[project]

    def above(self, size: int) -> list[str]:
        """Return the projects of which more bytes wait than `size`."""
        return [project for project, waits in self._bytes.copy().items() if waits > size]

    def add(self, project: str, events: int, size: int) -> None:
        with self._lock:
            self._events[project] += events
            self._bytes[project] += size

    def measure(self, connection: sqlite3.Connection) -> None:
        """Count afresh; another process may have added."""
        with self._lock:
            rows = connection.execute(
                "SELECT project, sum(events), sum(length(body)) FROM waiting GROUP BY project"
            ).fetchall()
            self._events = Counter({project: events for project, events, _ in rows})
            self._bytes = Counter({project: size for project, _, size in rows})
