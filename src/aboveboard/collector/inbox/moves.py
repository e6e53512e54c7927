"""Moves: which rows of the inbox the mover carries into the warehouse together.

A move is written down before it begins and deleted with its rows when it has ended, in one
transaction. Whoever finds one that has not ended carries the same rows in the same order.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import retention, storage

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

    from .depth import Depth

EVENTS_MAX = 200_000
"""Events in one move: a bound on its memory."""

BYTES_MAX = 32 * 2**20
"""Bytes of them as they wait: another bound on its memory, for events that say much."""

ROWS_MAX = 20_000

PRUNE_EVERY = 3600.0
"""Seconds; rows are dated by the hour."""


@dataclass(frozen=True)
class Move:
    """The rows of one project that are carried together."""

    id: str
    project: str
    first: int
    last: int
    again: bool = False
    """Whether it was begun before, perhaps by a process that was killed in it."""

    all: bool = False
    """Whether it takes all that waited of the project."""

    @property
    def number(self) -> int:
        """What its rows carry: as much of the id as ClickHouse keeps in eight bytes."""
        return int(self.id[:16], 16)


class Moves:
    """Begins and ends moves. For one thread at a time.

    Args:
        directory: The data directory.
        depth: What waits; corrected here after each move.

    Raises:
        storage.StorageError: the directory cannot be written to; by each method, not now.
    """

    def __init__(self, directory: Path, depth: Depth) -> None:
        self._file = directory / storage.INBOX
        self._connection = storage.connect(directory, storage.INBOX)
        self._depth = depth
        self._due = 0.0

    def begin(self, skip: Container[str] = (), only: str | None = None) -> Move | None:
        """Return a move that was begun and not ended, else write down the next one.

        A project whose move was begun has no other before that has ended: one move at a time of
        each, in the order in which its events came.

        Args:
            skip: Projects that are left alone.
            only: The one project that is looked at, if not all are.
        """
        with storage.plain_errors(self._file):
            for number, project, first, last in self._connection.execute(
                "SELECT id, project, first, last FROM move"
            ).fetchall():
                if project not in skip and only in (None, project):
                    return Move(number, project, first, last, again=True)
            for project, first in self._connection.execute(
                "SELECT project, min(number) AS first FROM waiting GROUP BY project ORDER BY first"
            ).fetchall():
                if project not in skip and only in (None, project):
                    return self._write_down(project, first)
        return None

    def _write_down(self, project: str, first: int) -> Move:
        last, events, size = first, 0, 0
        waiting = self._connection.execute(
            "SELECT number, events, length(body) FROM waiting WHERE project = ? "
            "ORDER BY number LIMIT ?",
            (project, ROWS_MAX),
        ).fetchall()
        for number, count, length in waiting:
            events += count
            size += length
            if (events > EVENTS_MAX or size > BYTES_MAX) and number != first:
                break
            last = number
        takes_all = last == waiting[-1][0] and len(waiting) < ROWS_MAX
        move = Move(uuid.uuid4().hex, project, first, last, all=takes_all)
        with storage.transaction(self._connection) as connection:
            connection.execute(
                "INSERT INTO move VALUES (?, ?, ?, ?)", (move.id, project, first, last)
            )
        return move

    def bodies(self, move: Move) -> Iterator[bytes]:
        """Yield what the move carries, as packing.py packs it, in the order in which it came."""
        with storage.plain_errors(self._file):
            for (body,) in self._connection.execute(
                "SELECT body FROM waiting WHERE number BETWEEN ? AND ? AND project = ?"
                " ORDER BY number",
                (move.first, move.last, move.project),
            ):
                yield body

    def end(self, move: Move) -> None:
        """Delete the move with what it has carried."""
        with storage.plain_errors(self._file):
            with storage.transaction(self._connection) as connection:
                connection.execute(
                    "DELETE FROM waiting WHERE number BETWEEN ? AND ? AND project = ?",
                    (move.first, move.last, move.project),
                )
                connection.execute("DELETE FROM move WHERE id = ?", (move.id,))
            self._depth.measure(self._connection)

    def prune(self, kept: Mapping[str, int]) -> None:
        """Delete what has had its time, unless that was done lately.

        Args:
            kept: How many days each project keeps what is collected.
        """
        if time.monotonic() < self._due:
            return
        with storage.plain_errors(self._file), storage.transaction(self._connection) as connection:
            retention.prune(connection, time.time(), kept)
        self._due = time.monotonic() + PRUNE_EVERY

    def close(self) -> None:
        self._connection.close()
