"""The inbox as one sees it who only looks: beside a server that runs, and where none does."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from . import migrations, storage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


class Waiting(NamedTuple):
    """What of a project waits for the warehouse."""

    events: int
    size: int
    first: int
    """The number of the delivery that has waited longest."""


class Dropped(NamedTuple):
    """What of a project was dropped for one reason."""

    project: str
    what: str
    names: int
    times: int


class Look:
    """Answers questions about an inbox."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def newest(self) -> int | None:
        """Return the hour in which a delivery was noted last, in seconds since 1970."""
        told: int | None = self._connection.execute("SELECT max(taken) FROM delivery").fetchone()[0]
        return told

    def waiting(self) -> dict[str, Waiting]:
        """Return what waits, by project."""
        return {
            project: Waiting(events, size, first)
            for project, events, size, first in self._connection.execute(
                "SELECT project, sum(events), sum(length(body)), min(number) FROM waiting"
                " GROUP BY project"
            )
        }

    def dropped(self, since: float) -> list[Dropped]:
        """Return what was dropped since a moment, the most frequent of a project first."""
        rows = self._connection.execute(
            "SELECT project, what, count(*), sum(times) FROM quarantine WHERE last >= ?"
            " GROUP BY project, what ORDER BY project, sum(times) DESC",
            (int(since),),
        )
        return [Dropped(*row) for row in rows]


@contextlib.contextmanager
def looking(directory: Path) -> Iterator[Look]:
    """Look at the inbox of a directory; nothing is changed.

    Raises:
        storage.StorageError: as `storage.reading` has it.
    """
    with storage.reading(directory / storage.INBOX, len(migrations.INBOX)) as connection:
        yield Look(connection)
