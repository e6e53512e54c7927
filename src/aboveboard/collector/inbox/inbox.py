"""The inbox: where events are durable from the moment that a sender is told 200.

A delivery is a row, written with its id in one transaction, so that what is sent twice is taken
once. The mover (mover.py) carries rows into the warehouse and deletes them.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

import msgspec

from aboveboard.catalog.line import hour
from aboveboard.collector.allowlist import Accepted, Columns
from aboveboard.warehouse import schema

from . import quarantine, storage
from .quarantine import Quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

ID_DAYS = 30
"""How long a delivery's id and an event's own are remembered; a sender gives up much earlier."""

SESSION_DAYS = 400
"""How long a session's id is remembered, so that its log, imported later, is not counted again."""

WAITING_MAX = 512 * 2**20
"""Bytes of one project that may wait for the warehouse before its senders are asked to come back
later; those of the others are not."""

RESERVE = 64 * 2**20
"""Bytes of disk that are left free: the warehouse needs room to merge and to go on."""

_TRIED = 2**16
"""Bytes that are written, and taken back, to learn whether the file can be written to."""

_CONSTANT = ("user_id", "session")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, dict[str, list[object] | str]])


class UnavailableError(Exception):
    """Nothing can be stored now; the sender is to come back. The text says why, for the log."""


@dataclass
class Delivery:
    """Events of one project under one id, to be stored once."""

    project: str
    id: uuid.UUID | None
    """None if its events are known one by one, and it comes again in other company."""

    accepted: Accepted
    settle: Callable[[sqlite3.Connection], Accepted] | None = None
    """Completes `accepted` inside the transaction, from what is stored already. It may be called
    again, where the transaction was undone."""


@dataclass(frozen=True)
class Receipt:
    accepted: Accepted
    duplicate: bool


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


class Inbox:
    """Writes deliveries. For one thread at a time.

    Raises:
        storage.StorageError: the directory cannot be written to.
    """

    def __init__(
        self,
        directory: Path,
        *,
        waiting_max: int = WAITING_MAX,
        reserve: int = RESERVE,
        _pages_max: int | None = None,
    ) -> None:
        self._directory = directory
        self._waiting_max = waiting_max
        self._reserve = reserve
        self._connection = storage.connect(directory, storage.INBOX)
        if _pages_max is not None:
            self._connection.execute(f"PRAGMA max_page_count = {_pages_max:d}")
        self.quarantine = Quarantine(directory)
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
                stored = [self._store(connection, delivery) for delivery in deliveries]
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

    def has_older_imports(self, project: str) -> bool:
        """Return whether logs were imported by 0.1.0, which knew lines by their bytes."""
        found = self._connection.execute(
            "SELECT 1 FROM imported_by_bytes WHERE project = ? LIMIT 1", (project,)
        )
        return found.fetchone() is not None

    def close(self) -> None:
        self._connection.close()
        self.quarantine.close()

    def _store(self, connection: sqlite3.Connection, delivery: Delivery) -> tuple[Receipt, int]:
        now = hour(time.time())
        accepted = delivery.accepted
        if delivery.id is not None:
            added = connection.execute(
                "INSERT OR IGNORE INTO delivery VALUES (?, ?, ?)",
                (delivery.project, delivery.id.bytes, now),
            )
            if added.rowcount == 0:
                return Receipt(accepted, duplicate=True), 0
        if delivery.settle is not None:
            accepted = delivery.settle(connection)
        if accepted.sessions:
            connection.executemany(
                "INSERT OR IGNORE INTO session VALUES (?, ?, ?)",
                [(delivery.project, uuid.UUID(each).bytes, now) for each in accepted.sessions],
            )
        self.quarantine.add(
            connection, delivery.project, accepted.unfit, accepted.version or _version(accepted)
        )
        if not accepted.tables:
            return Receipt(accepted, duplicate=False), 0
        body = pack(accepted.tables)
        connection.execute(
            "INSERT INTO waiting (project, events, body) VALUES (?, ?, ?)",
            (delivery.project, accepted.events, body),
        )
        return Receipt(accepted, duplicate=False), len(body)


def prune(connection: sqlite3.Connection, now: float) -> None:
    """Forget the ids whose time is over, and what was dropped long ago."""
    quarantine.prune(connection, now)
    for table, days in (
        ("delivery", ID_DAYS),
        ("identity", ID_DAYS),
        ("session", SESSION_DAYS),
    ):
        connection.execute(
            f"DELETE FROM {table} WHERE taken < ?",  # noqa: S608  # one of the words above
            (int(now) - days * 86_400,),
        )


def _version(accepted: Accepted) -> str | None:
    """Return the app's version that a delivery's last session tells."""
    told = accepted.tables.get(schema.SESSIONS, {}).get("app_version") or [None]
    return told[-1] if isinstance(told[-1], str) else None


def pack(tables: dict[str, Columns]) -> bytes:
    """Return columns as they wait: an id that all rows share is written once."""
    folded: dict[str, dict[str, object]] = {}
    for table, columns in tables.items():
        kept: dict[str, object] = {**columns}
        for name in _CONSTANT:
            if len(set(columns[name])) == 1:
                kept[name] = columns[name][0]
        folded[table] = kept
    return _encoder.encode(folded)


def unpack_into(merged: dict[str, Columns], body: bytes) -> bool:
    """Add one packed body's rows to `merged`; a column that one side lacks is null there.

    Returns:
        Whether 0.1.0 packed it, so that its rows have been given their places only here.
    """
    tables = _decoder.decode(body)
    is_older = any("seq" not in columns for columns in tables.values())
    if is_older:
        _complete(tables)
    for table, columns in tables.items():
        into = merged.setdefault(table, {})
        before = len(into["time"]) if into else 0
        rows = len(columns["time"])
        for name in into.keys() - columns.keys():
            into[name].extend([None] * rows)
        for name, values in columns.items():
            column = into.get(name)
            if column is None:
                column = into[name] = [None] * before
            column += [values] * rows if isinstance(values, str) else values
    return is_older


def _complete(tables: dict[str, dict[str, list[object] | str]]) -> None:
    """Give the rows of a body that 0.1.0 packed their places, by their times, and take the minutes.

    Such a body has no places. A session's start comes first in its second.
    """
    for table, columns in list(tables.items()):
        _disown(tables, table, columns)
    moments = []
    for table, columns in tables.items():
        for row, moment in enumerate(columns["time"]):
            sessions = columns["session"]
            session = sessions if isinstance(sessions, str) else sessions[row]
            moments.append((moment, table != schema.SESSIONS, table, row, session))
        columns["seq"] = [0] * len(columns["time"])
        columns["time"] = [hour(moment) for moment in columns["time"]]  # type: ignore[arg-type]
    places: Counter[object] = Counter()
    for _, _, table, row, session in sorted(moments):
        tables[table]["seq"][row] = places[session]  # type: ignore[index]
        places[session] += 1


def _disown(
    tables: dict[str, dict[str, list[object] | str]],
    table: str,
    columns: dict[str, list[object] | str],
) -> None:
    """Take the sessions from events of nobody, which 0.1.0 made up, one for each such event."""
    rows = len(columns["time"])
    users, sessions = (
        [told] * rows if isinstance(told := columns[name], str) else told for name in _CONSTANT
    )
    if schema.NOBODY not in users:
        return
    if table == schema.SESSIONS:
        kept = [user != schema.NOBODY for user in users]
        if not any(kept):
            del tables[table]
            return
        for name, values in columns.items():
            if not isinstance(values, str):
                columns[name] = list(compress(values, kept))
        return
    columns["session"] = [
        schema.NOBODY if user == schema.NOBODY else session
        for user, session in zip(users, sessions, strict=True)
    ]
