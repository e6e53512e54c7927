"""The quarantine: what the allow-list dropped, counted by name; never what it held.

Names come from senders, so only those that look like a name are kept, and only so many.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import storage
from .allowlist import Unfit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

NAMES_MAX = 200
"""How many names a project's quarantine holds; what comes after them is `OTHER`."""

OTHER = "(other)"

_NAME = re.compile(r"[A-Za-z$][A-Za-z0-9_$ .-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Dropped:
    what: str
    """`event` (unknown), `property` (unknown), or `value` (not of its kind)."""

    event: str
    property: str
    times: int
    last: int
    """When it last came, in seconds since 1970."""


class Quarantine:
    """Reads and counts. `add` is the committer's alone; `dropped` may be called by any thread."""

    def __init__(self, directory: Path) -> None:
        self._connection = storage.connect(directory, storage.INBOX)
        self._lock = threading.Lock()
        self._names: dict[str, set[Unfit]] = {}

    def dropped(self, project: str) -> list[Dropped]:
        """Return what was dropped of a project's events, the most frequent first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT what, event, property, times, last FROM quarantine WHERE project = ?"
                " ORDER BY times DESC, what, event, property",
                (project,),
            ).fetchall()
        return [Dropped(*row) for row in rows]

    def add(self, connection: sqlite3.Connection, project: str, unfit: Mapping[Unfit, int]) -> None:
        """Count inside the caller's transaction."""
        if not unfit:
            return
        names = self._names.get(project)
        if names is None:
            rows = connection.execute(
                "SELECT what, event, property FROM quarantine WHERE project = ?", (project,)
            )
            names = self._names[project] = {Unfit(*row) for row in rows}
        now = int(time.time())
        for each, times in unfit.items():
            name = Unfit(each.what, _plain(each.event), _plain(each.property))
            if name not in names and len(names) >= NAMES_MAX:
                name = Unfit(each.what, OTHER, OTHER)
            names.add(name)
            connection.execute(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET times = times + excluded.times, last = excluded.last",
                (project, *name, times, now),
            )

    def forget(self) -> None:
        """Forget what was learnt in a transaction that was undone."""
        self._names.clear()

    def close(self) -> None:
        self._connection.close()


def _plain(name: str) -> str:
    return name if not name or _NAME.fullmatch(name) else OTHER
