"""The runs of installs that send no session, remembered between two of their deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.catalog.line import hour

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


@dataclass(frozen=True)
class Run:
    """What is remembered of an install between two of its events."""

    session: str
    last: int
    started: bool = False
    ended: bool = False
    next: int = 0
    """The place of the event that comes next in it."""


def recall(connection: sqlite3.Connection, project: str, user_id: str) -> Run | None:
    row = connection.execute(
        "SELECT session, last, started, ended, next FROM run WHERE project = ? AND user_id = ?",
        (project, user_id),
    ).fetchone()
    return Run(row[0], row[1], bool(row[2]), bool(row[3]), row[4]) if row else None


def remember(connection: sqlite3.Connection, project: str, runs: Mapping[str, Run]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (project, user_id, run.session, hour(run.last), run.started, run.ended, run.next)
            for user_id, run in runs.items()
        ],
    )
