"""The inbox: where events are durable from the moment that a sender is told 200.

A delivery is a row, written with its id in one transaction, so that what is sent twice is taken
once. The mover carries rows into the warehouse and deletes them (moves.py). Where an event is known
only by what came before it, the delivery asks the memory (memory.py) inside the transaction.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from aboveboard.catalog.line import hour
from aboveboard.warehouse import schema

from . import ids, storage
from .depth import Depth
from .memory import Memory
from .packing import identify, pack
from .suppression import Suppression
from .tallies.lateness import Lateness
from .tallies.quarantine import Quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from aboveboard.collector.allowlist import Accepted

log = logging.getLogger(__name__)

WAITING_MAX = 512 * 2**20
"""Bytes of one project that may wait for the warehouse before its senders are asked to come back
later; those of the others are not."""

RESERVE = 64 * 2**20
"""Bytes of disk that are left free: the warehouse needs room to merge and to go on."""

CACHE_MAX = 32 * 2**20
"""Bytes of the file's pages in memory. Ids come in no order, so that each is noted on another page:
beside 80,000 that are known, a new one takes 1.8 times as long with SQLite's own 2 MiB."""

_OF_PROJECTS = (
    *("waiting", "move", "delivery", "identity", "session", "run"),
    *("imported", "imported_by_bytes", "quarantine", "lateness", "erasure"),
)
"""The tables that have a project's rows; `erased` is left out, since it outlives the project."""

DELIVERY, SESSION = "delivery", "session"
"""Tables of ids."""

_INSERT_WAITING = "INSERT INTO waiting (project, events, body) VALUES"
_ROWS_AT_ONCE = 300
"""Rows in one statement: older SQLites take 999 values."""

_TRIED = 2**16
"""Bytes that are written, and taken back, to learn whether the file can be written to."""


class UnavailableError(Exception):
    """Nothing can be stored now; the sender is to come back. The text says why, for the log."""


@dataclass
class Delivery:
    """Events of one project under one id, to be stored once."""

    project: str
    id: uuid.UUID | None
    """None if its events are known one by one, and it comes again in other company."""

    accepted: Accepted
    settle: Callable[[Memory], Accepted] | None = None
    """Completes `accepted` inside the transaction, from what is stored already. It may be called
    again, where the transaction was undone."""

    installs: Collection[str] = ()
    """Who has an event in it, as far as that is known before it is settled."""

    is_live: bool = True
    """Whether it comes from a sender; else it is of a log, and says nothing of how late it is."""


@dataclass(frozen=True)
class Receipt:
    accepted: Accepted
    duplicate: bool


class Inbox:
    """Writes deliveries. For one thread at a time.

    Args:
        directory: The data directory.
        waiting_max: Bytes of a project that may wait.
        reserve: Bytes of disk that are left free.
        is_shared: Whether other collectors have the same warehouse, so that rows say what they are
            known by.

    Raises:
        storage.StorageError: the directory cannot be written to.
    """

    def __init__(
        self,
        directory: Path,
        *,
        waiting_max: int = WAITING_MAX,
        reserve: int = RESERVE,
        is_shared: bool = False,
        _pages_max: int | None = None,
    ) -> None:
        self._directory = directory
        self._waiting_max = waiting_max
        self._reserve = reserve
        self._is_shared = is_shared
        self._connection = storage.connect(directory, storage.INBOX)
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_MAX // 1024:d}")
        if _pages_max is not None:
            self._connection.execute(f"PRAGMA max_page_count = {_pages_max:d}")
        self._suppression = Suppression(self._connection)
        self.quarantine = Quarantine(directory)
        self.lateness = Lateness(directory)
        self.depth = Depth()
        self.depth.measure(self._connection)

    def commit(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """Store deliveries in one transaction; on return they are on the disk.

        Raises:
            UnavailableError: none of them is stored.
        """
        self.check()
        try:
            with storage.transaction(self._connection) as connection:
                # Asked in the transaction: what is erased now is not stored by the next one.
                suppression = self._suppression if self._suppression.has_any() else None
                stored = self._store(connection, deliveries, suppression)
                self.lateness.add(
                    connection,
                    (
                        (delivery.project, receipt.accepted)
                        for delivery, (receipt, _) in zip(deliveries, stored, strict=True)
                        if delivery.is_live and not receipt.duplicate
                    ),
                )
        except BaseException as error:
            if isinstance(error, sqlite3.Error):
                raise UnavailableError(f"the inbox cannot be written ({error})") from error
            raise
        for delivery, (receipt, size) in zip(deliveries, stored, strict=True):
            if not receipt.duplicate:
                self.depth.add(delivery.project, receipt.accepted.events, size)
        return [receipt for receipt, _ in stored]

    def check(self) -> None:
        """Raise `UnavailableError` where nothing more should be taken."""
        if self._is_disk_full():
            raise UnavailableError(f"the disk of {self._directory} is nearly full")

    def probe(self) -> None:
        """Raise `UnavailableError` where nothing could be stored now; nothing is."""
        self.check()
        try:
            with storage.transaction(self._connection) as connection:
                connection.execute("INSERT INTO delivery VALUES ('', zeroblob(?), 0)", (_TRIED,))
                connection.execute("DELETE FROM delivery WHERE project = ''")
        except sqlite3.Error as error:
            raise UnavailableError(f"the inbox cannot be written ({error})") from error

    def troubles(self) -> list[str]:
        """Return what is refused now, and why, without a path of this machine. From any thread."""
        found = []
        try:
            if self._is_disk_full():
                found.append("nothing is taken: the disk of the data directory is nearly full")
        except OSError:
            found.append("nothing is taken: the data directory cannot be looked at")
        found += [
            f"project {project}: nothing is taken: too much waits for the warehouse"
            for project in self.depth.above(self._waiting_max)
        ]
        return found

    def _is_disk_full(self) -> bool:
        return shutil.disk_usage(self._directory).free < self._reserve

    def check_room(self, project: str) -> None:
        """Raise `UnavailableError` where nothing more of a project should be taken.

        It is asked before a delivery joins others, so that one project's is refused and not theirs.
        """
        if self.depth.bytes(project) > self._waiting_max:
            raise UnavailableError(f"too much of project {project} waits for the warehouse")

    def forget(self, project: str) -> None:
        """Forget all that is known of a project, but who was erased from it: they stay out.

        What waits of it is gone. If another of that name comes, everything is new to it.
        """
        with storage.transaction(self._connection) as connection:
            for table in _OF_PROJECTS:
                connection.execute(f"DELETE FROM {table} WHERE project = ?", (project,))  # noqa: S608
        self.depth.measure(self._connection)

    def has_older_imports(self, project: str) -> bool:
        """Return whether logs were imported by 0.1.0, which knew lines by their bytes."""
        found = self._connection.execute(
            "SELECT 1 FROM imported_by_bytes WHERE project = ? LIMIT 1", (project,)
        )
        return found.fetchone() is not None

    def close(self) -> None:
        self._connection.close()
        self.quarantine.close()
        self.lateness.close()

    def _store(
        self,
        connection: sqlite3.Connection,
        deliveries: Sequence[Delivery],
        suppression: Suppression | None,
    ) -> list[tuple[Receipt, int]]:
        """Store deliveries; return for each its receipt, and how many bytes of it wait.

        What can be written for all of them together is (ids.py says why).
        """
        now = hour(time.time())
        known = _note(connection, deliveries, now)
        stored: list[tuple[Receipt, int]] = []
        sessions: defaultdict[str, set[bytes]] = defaultdict(set)
        waiting: list[tuple[str, int, bytes]] = []
        for delivery, is_known in zip(deliveries, known, strict=True):
            if is_known:
                stored.append((Receipt(delivery.accepted, duplicate=True), 0))
                continue
            accepted = delivery.accepted
            if delivery.settle is not None:
                _remember(connection, sessions, now)  # it may ask for those of before
                memory = Memory(connection, delivery.project, now, suppression)
                accepted = delivery.settle(memory)
            if suppression is not None:
                accepted = suppression.without(delivery.project, accepted)
            sessions[delivery.project].update(uuid.UUID(each).bytes for each in accepted.sessions)
            self.quarantine.add(
                connection, delivery.project, accepted.unfit, accepted.version or _version(accepted)
            )
            size = 0
            if accepted.tables:
                if self._is_shared and delivery.id is not None:
                    identify(accepted, str(delivery.id))
                body = pack(accepted.tables)
                size = len(body)
                waiting.append((delivery.project, accepted.events, body))
            stored.append((Receipt(accepted, duplicate=False), size))
        _remember(connection, sessions, now)
        for start in range(0, len(waiting), _ROWS_AT_ONCE):
            rows = waiting[start : start + _ROWS_AT_ONCE]
            connection.execute(
                f"{_INSERT_WAITING} {', '.join(['(?, ?, ?)'] * len(rows))}",
                list(chain.from_iterable(rows)),
            )
        return stored


def _note(connection: sqlite3.Connection, deliveries: Sequence[Delivery], now: int) -> list[bool]:
    """Note the ids of deliveries; return of each whether it was known, by one before it too."""
    noted: defaultdict[str, dict[bytes, None]] = defaultdict(dict)
    for delivery in deliveries:
        if delivery.id is not None:
            noted[delivery.project][delivery.id.bytes] = None
    seen = {project: ids.known(connection, DELIVERY, project, of) for project, of in noted.items()}
    for project, of in noted.items():
        ids.add(connection, DELIVERY, project, of.keys() - seen[project], now)
    known = []
    for delivery in deliveries:
        is_known = delivery.id is not None and delivery.id.bytes in seen[delivery.project]
        if delivery.id is not None:
            seen[delivery.project].add(delivery.id.bytes)
        known.append(is_known)
    return known


def _remember(
    connection: sqlite3.Connection, sessions: defaultdict[str, set[bytes]], now: int
) -> None:
    """Write the sessions down that were sent, and empty them."""
    for project, of in sessions.items():
        ids.add(connection, SESSION, project, of, now)
    sessions.clear()


def _version(accepted: Accepted) -> str | None:
    """Return the app's version that a delivery's last session tells."""
    told = accepted.tables.get(schema.SESSIONS, {}).get("app_version") or [None]
    return told[-1] if isinstance(told[-1], str) else None
