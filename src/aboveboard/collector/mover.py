"""The mover: carries what waits in the inbox into the warehouse, many deliveries an insert.

A move's life: the rows that it takes are written down under a new id (move); each table's rows are
inserted with the token `<move>:<table>`; rows and move are deleted in one transaction. A process
that dies between any two of these steps finds the same move again, with the same rows in the same
order, and repeats it; the warehouse knows the tokens and drops what it has.

ClickHouse notes a token just before the rows are in. A process that is killed between the two has
left a token without its rows, so a repeated move counts its rows, which carry its number, and
inserts those that are missing under another token.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

from aboveboard.client import exceptions
from aboveboard.warehouse import WarehouseError, database, schema

from . import inbox, storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aboveboard.warehouse import Warehouse

    from .allowlist import Columns
    from .projects import Projects

log = logging.getLogger(__name__)

EVENTS_MAX = 200_000
"""Events in one move: a bound on its memory."""

ROWS_MAX = 20_000

PACE = 0.5
"""Seconds from one move to the next while little waits: many small inserts would only be merged
again, and nobody looks at a page twice in that time."""

POLL = 1.0
"""Seconds after which the inbox is looked at without being told: an import may have added."""

BACKOFF_MAX = 30.0
PRUNE_EVERY = 3600.0


@dataclass(frozen=True)
class _Move:
    id: str
    project: str
    first: int
    last: int
    again: bool = False
    """Whether it was begun before, perhaps by a process that was killed in it."""

    @property
    def number(self) -> int:
        """What its rows carry: as much of the id as ClickHouse keeps in eight bytes."""
        return int(self.id[:16], 16)


class Mover:
    """Moves events. `run` is for one thread; so is everything else, where it is not running.

    Args:
        directory: The data directory.
        warehouse: Where events go.
        projects: Whose tables are made when their first events come.
        depth: What waits; corrected here after each move.
        _crash: Called with the name of each step after it, for tests that end the process there.
    """

    def __init__(
        self,
        directory: Path,
        warehouse: Warehouse,
        projects: Projects,
        depth: inbox.Depth,
        *,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._warehouse = warehouse
        self._projects = projects
        self._depth = depth
        self._crash = _crash
        self._connection = storage.connect(directory, storage.INBOX, inbox.SCHEMA)
        self._ensured: dict[str, object] = {}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._pruned = 0.0
        self._thread = threading.Thread(target=self._run, name="mover", daemon=True)
        self.inserts = 0
        self.moved = 0
        self.trouble: str | None = None
        """Why the last move failed; None where it did not."""

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Say that something waits."""
        self._wake.set()

    def close(self) -> None:
        """Move what waits, as far as the warehouse takes it, and end."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self.move_all()
        except WarehouseError as error:
            log.warning("what waits stays in the inbox: %s", error)
        self._connection.close()

    def move_all(self) -> None:
        """Move until nothing waits.

        Raises:
            WarehouseError: the warehouse does not take it; it waits as before.
        """
        while self.move():
            pass

    def move(self) -> bool:
        """Carry out one move; return whether there was one.

        Raises:
            WarehouseError: the warehouse does not take it; the move is kept and comes first again.
        """
        move = self._begin()
        if move is None:
            return False
        merged: dict[str, Columns] = {}
        for (body,) in self._connection.execute(
            "SELECT body FROM waiting WHERE number BETWEEN ? AND ? AND project = ? ORDER BY number",
            (move.first, move.last, move.project),
        ):
            inbox.unpack_into(merged, body)
        self._ensure(move.project)
        for table, columns in sorted(merged.items()):
            token = f"{move.id}:{table}"
            columns[schema.MOVE.name] = [move.number] * len(columns["time"])
            self._warehouse.insert(move.project, table, columns, token)
            if move.again:
                lost = self._lost(move, table, columns)
                if lost["time"]:
                    self._warehouse.insert(move.project, table, lost, f"{token}:{uuid.uuid4()}")
            self.inserts += 1
            self.moved += len(columns["time"])
            self._crash("inserted")
        self._end(move)
        return True

    def _begin(self) -> _Move | None:
        """Return the move that was begun and not ended, else write down the next one."""
        begun = self._connection.execute("SELECT id, project, first, last FROM move").fetchone()
        if begun is not None:
            number, project, first, last = begun
            return _Move(number, project, first, last, again=True)
        rows = self._connection.execute(
            "SELECT number, project, events FROM waiting ORDER BY number LIMIT ?", (ROWS_MAX,)
        ).fetchall()
        if not rows:
            return None
        first, project, _ = rows[0]
        last, events = first, 0
        for number, of, count in rows:
            if of != project:
                continue
            events += count
            if events > EVENTS_MAX and number != first:
                break
            last = number
        move = _Move(uuid.uuid4().hex, project, first, last)
        with storage.transaction(self._connection) as connection:
            connection.execute(
                "INSERT INTO move VALUES (?, ?, ?, ?)", (move.id, project, first, last)
            )
        self._crash("begun")
        return move

    def _end(self, move: _Move) -> None:
        with storage.transaction(self._connection) as connection:
            connection.execute(
                "DELETE FROM waiting WHERE number BETWEEN ? AND ? AND project = ?",
                (move.first, move.last, move.project),
            )
            connection.execute("DELETE FROM move WHERE id = ?", (move.id,))
            if time.time() - self._pruned > PRUNE_EVERY:
                self._pruned = time.time()
                inbox.prune(connection, self._pruned)
        self._depth.measure(self._connection)
        self._crash("ended")

    def _lost(self, move: _Move, table: str, columns: Columns) -> Columns:
        """Return those rows of a move that its table has not.

        An insert makes one part a month of events, and each is there as a whole or not at all.
        """
        rows = self._warehouse.query(
            "SELECT DISTINCT toYYYYMM(time) FROM {project:Identifier}.{table:Identifier} "
            "WHERE _move = {move:UInt64}",
            {"project": database(move.project), "table": table, "move": move.number},
        ).rows
        there = {str(month) for (month,) in rows}
        lost = [_month(moment) not in there for moment in columns["time"]]
        return {name: list(compress(values, lost)) for name, values in columns.items()}

    def _ensure(self, name: str) -> None:
        """Make the project's tables, once for each catalog that it has."""
        project = self._projects.get(name)
        if project is not None and self._ensured.get(name) is not project.catalog:
            self._warehouse.ensure(name, project.catalog)
            self._ensured[name] = project.catalog

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.is_set():
            self._wake.wait(POLL)
            self._wake.clear()
            begun = time.monotonic()
            try:
                self._projects.refresh()
                self.move_all()
            except Exception as error:  # noqa: BLE001  # whatever it is, what waits must not be lost
                pause = min(max(1.0, pause * 2), BACKOFF_MAX)
                self.trouble = _what(error)
                log.warning(
                    "the warehouse does not take events, again in %.0f s: %s", pause, self.trouble
                )
                self._stop.wait(pause)
            else:
                pause = 0.0
                self.trouble = None
                self._stop.wait(max(0.0, PACE - (time.monotonic() - begun)))


def _month(moment: object) -> str:
    """Return the month of a time in Unix seconds as ClickHouse's `toYYYYMM` has it."""
    assert isinstance(moment, int)
    return time.strftime("%Y%m", time.gmtime(moment))


def _what(error: Exception) -> str:
    """Return what went wrong, without an unknown exception's text, which could hold events."""
    if isinstance(error, (WarehouseError, sqlite3.Error)):
        return str(error)
    reduced = exceptions.reduce(error, ["aboveboard"])
    return f"{reduced['type']} at {reduced['frames']}"
