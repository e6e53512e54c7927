"""Requests to erase: durable from the moment that the asker is told, until nothing is left.

An install's request suppresses the id in the same transaction, so nothing of it is stored from then
on. What waited before is moved first, then erased from the warehouse (collector/erasing). In this
file its runs and sessions are forgotten, the request loses its id, and what deleted rows have left
in free pages and in the write-ahead log is written over.

A request's states:
    undecided   it came without a secret: a person decides
    count       how many rows it is about is asked for, and nothing is erased
    counted     its answer is there
    wanted      it waits for its turn
    begun       rows may be going; which tables had any is noted, for whoever goes on
    struck      it names no install any more; free pages and the log may still
    gone        rows of a time are gone; that of an install has no row here any more
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.catalog.line import hour

from . import migrations, storage
from .suppression import Suppression

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

UNDECIDED, COUNT, COUNTED = "undecided", "count", "counted"
WANTED, BEGUN, STRUCK, GONE = "wanted", "begun", "struck", "gone"

UNDECIDED_MAX = 1_000
"""Requests of a project that wait for a person. Anyone can send them."""

_BLANK = 16 * 2**20
"""Bytes of free pages that are written over in one transaction: others wait for it."""


class TooManyToDecideError(Exception):
    """No more requests that a person has to decide are taken now."""


@dataclass(frozen=True)
class Receipt:
    """What whoever asks for an install to be erased is told.

    Args:
        id: What the request is known by; made from the install's id, which it does not tell.
        asked: The hour in which it was first asked for, in seconds since 1970.
        gone: The hour in which all was gone; None until then.
        decided: Whether it is carried out; else a person has to say so.
    """

    id: str
    asked: int
    gone: int | None = None
    decided: bool = True


@dataclass(frozen=True)
class Request:
    """What is to be erased, or counted.

    Args:
        number: Its own.
        project: Of which project.
        installs: Whose rows; those of everyone where None.
        since, until: Rows from which hour on, up to which.
        is_whole: Whether it is all of an install, which is suppressed.
        state: As the module has it.
        last: The last delivery that waited when it was asked for.
        tables: The warehouse's tables that have, or had, rows of it.
        rows: How many.
        asked: The hour in which it was asked for.
    """

    number: int
    project: str
    installs: tuple[str, ...] | None
    since: int | None
    until: int | None
    is_whole: bool
    state: str
    last: int
    tables: tuple[str, ...]
    rows: int
    asked: int


_COLUMNS = "number, project, installs, since, until, whole, state, last, tables, rows, asked"


class Erasures:
    """The requests of a data directory, on a connection of their own. For any thread.

    Raises:
        storage.StorageError: the directory cannot be written to; by each method too.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / storage.INBOX
        self._lock = threading.Lock()
        self._connection = storage.connect(directory, storage.INBOX)
        self._suppression = Suppression(self._connection)

    def ask(self, project: str, user_id: str, *, again: bool = False) -> Receipt:
        """Have an install erased, and nothing of it stored from now on.

        Args:
            project: Where.
            user_id: The install's UUID, in small letters.
            again: Whether to look anew where it was erased before.
        """
        digest = self._suppression.digest(user_id)
        with self._writing() as connection:
            now = hour(time.time())
            connection.execute(
                "INSERT OR IGNORE INTO erased (project, digest, asked) VALUES (?, ?, ?)",
                (project, digest, now),
            )
            asked, gone = connection.execute(
                "SELECT asked, gone FROM erased WHERE project = ? AND digest = ?", (project, digest)
            ).fetchone()
            connection.execute(
                "DELETE FROM erasure WHERE project = ? AND state = ? AND installs = ?",
                (project, UNDECIDED, json.dumps([user_id])),
            )
            waits = connection.execute(
                "SELECT 1 FROM erasure WHERE project = ? AND whole AND installs = ?",
                (project, json.dumps([user_id])),
            ).fetchone()
            if not waits and (gone is None or again):
                gone = None
                connection.execute(
                    "UPDATE erased SET gone = NULL WHERE project = ? AND digest = ?",
                    (project, digest),
                )
                self._add(connection, project, (user_id,), state=WANTED, whole=True)
        return Receipt(digest.hex(), asked, gone)

    def ask_person(self, project: str, user_id: str) -> Receipt:
        """Keep a request that proves nothing, for a person to decide.

        Raises:
            TooManyToDecideError: so many wait already.
        """
        digest = self._suppression.digest(user_id)
        with self._writing() as connection:
            found = connection.execute(
                "SELECT asked, gone FROM erased WHERE project = ? AND digest = ?", (project, digest)
            ).fetchone()
            if found:
                return Receipt(digest.hex(), *found)
            before = connection.execute(
                "SELECT asked FROM erasure WHERE project = ? AND state = ? AND installs = ?",
                (project, UNDECIDED, json.dumps([user_id])),
            ).fetchone()
            if before:
                return Receipt(digest.hex(), before[0], decided=False)
            (waiting,) = connection.execute(
                "SELECT count(*) FROM erasure WHERE project = ? AND state = ?", (project, UNDECIDED)
            ).fetchone()
            if waiting >= UNDECIDED_MAX:
                raise TooManyToDecideError
            self._add(connection, project, (user_id,), state=UNDECIDED, whole=True)
        return Receipt(digest.hex(), hour(time.time()), decided=False)

    def ask_rows(
        self,
        project: str,
        installs: Collection[str] | None,
        since: int | None,
        until: int | None,
        *,
        count: bool = False,
    ) -> int:
        """Have rows of a time erased, or counted; return the request's number."""
        with self._writing() as connection:
            return self._add(
                connection,
                project,
                None if installs is None else tuple(installs),
                since,
                until,
                state=COUNT if count else WANTED,
            )

    def _add(
        self,
        connection: sqlite3.Connection,
        project: str,
        installs: tuple[str, ...] | None,
        since: int | None = None,
        until: int | None = None,
        *,
        state: str,
        whole: bool = False,
    ) -> int:
        added = connection.execute(
            "INSERT INTO erasure (project, installs, since, until, whole, state, asked, last)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, coalesce((SELECT max(number) FROM waiting), 0))",
            (
                project,
                None if installs is None else json.dumps(list(installs)),
                since,
                until,
                whole,
                state,
                hour(time.time()),
            ),
        )
        return int(added.lastrowid or 0)

    def all(self, *states: str) -> list[Request]:
        """Return the requests in one of these states, in the order in which they were asked for."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM erasure ORDER BY number"  # noqa: S608
            ).fetchall()
        return [
            Request(
                number,
                project,
                None if installs is None else tuple(json.loads(installs)),
                since,
                until,
                bool(whole),
                state,
                last,
                tuple(json.loads(tables)),
                count,
                asked,
            )
            for number, project, installs, since, until, whole, state, last, tables, count, asked
            in rows
            if state in states
        ]  # fmt: skip

    def get(self, number: int) -> Request | None:
        """Return a request that has not been cleared away."""
        states = UNDECIDED, COUNT, COUNTED, WANTED, BEGUN, STRUCK, GONE
        return next((each for each in self.all(*states) if each.number == number), None)

    def remove(self, number: int) -> None:
        """Clear a request away: one that was counted, or that a person refuses."""
        with self._writing() as connection:
            connection.execute("DELETE FROM erasure WHERE number = ?", (number,))

    def receipts(self, project: str | None = None) -> list[tuple[str, Receipt]]:
        """Return what was erased, or is being erased: the project and the receipt of each."""
        with self._reading() as connection:
            return [
                (name, Receipt(digest.hex(), asked, gone))
                for name, digest, asked, gone in connection.execute(
                    "SELECT project, digest, asked, gone FROM erased"
                    " WHERE ? IN (project, '') ORDER BY asked, digest",
                    (project or "",),
                )
            ]

    def erased(self, project: str, users: Collection[object]) -> set[object]:
        """Return those of the installs that were erased, of which nothing is stored any more."""
        with self._reading():
            return self._suppression.erased(project, users) if users else set()

    def has_moved(self, project: str, last: int) -> bool:
        """Return whether all that waited up to a delivery has left the inbox."""
        with self._reading() as connection:
            waits = connection.execute(
                "SELECT 1 FROM waiting WHERE project = ? AND number <= ? LIMIT 1", (project, last)
            )
            return waits.fetchone() is None

    def note(self, number: int, state: str, tables: Iterable[str] = (), rows: int = 0) -> None:
        """Note how far a request is, and which tables have rows of it."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE erasure SET state = ?, tables = ?, rows = ? WHERE number = ?",
                (state, json.dumps(sorted(tables)), rows, number),
            )

    def forget(self, project: str, installs: Iterable[str], sessions: Iterable[str]) -> None:
        """Forget what the inbox remembers of installs and of their sessions."""
        with self._writing() as connection:
            connection.executemany(
                "DELETE FROM run WHERE project = ? AND user_id = ?",
                [(project, each) for each in installs],
            )
            connection.executemany(
                "DELETE FROM session WHERE project = ? AND id = ?",
                [(project, uuid.UUID(each).bytes) for each in sessions],
            )

    def strike(self, numbers: Iterable[int]) -> None:
        """Have requests name no install any more; what they asked for is done."""
        with self._writing() as connection:
            for number in numbers:
                project, installs, whole = connection.execute(
                    "SELECT project, installs, whole FROM erasure WHERE number = ?", (number,)
                ).fetchone()
                if whole:
                    connection.executemany(
                        "UPDATE erased SET gone = ? WHERE project = ? AND digest = ?",
                        [
                            (hour(time.time()), project, self._suppression.digest(each))
                            for each in json.loads(installs)
                        ],
                    )
                connection.execute(
                    "UPDATE erasure SET state = ?, installs = NULL WHERE number = ?",
                    (STRUCK, number),
                )

    def blank(self) -> bool:
        """Write over what deleted rows left in the file; return whether nothing of it is left.

        Something is while others read, or free more than is written over: it may be called again.
        """
        with self._reading() as connection:
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            left = free = _free(connection)
            while free and left > 0:
                with storage.transaction(connection):
                    connection.execute("CREATE TABLE blank (zeros BLOB)")
                    portion = _free(connection)
                    while (free := _free(connection)) > 0 and portion - free < _BLANK // size:
                        zeros = _filling(min(free, _BLANK // size), size)
                        connection.execute("INSERT INTO blank VALUES (zeroblob(?))", (zeros,))
                    connection.execute("DROP TABLE blank")
                left -= portion - free
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy and not free

    def end(self, numbers: Iterable[int]) -> None:
        """Clear requests away that are done; that of rows stays, for whoever asked."""
        with self._writing() as connection:
            for number in numbers:
                connection.execute(
                    "UPDATE erasure SET state = ? WHERE number = ? AND NOT whole", (GONE, number)
                )
                connection.execute("DELETE FROM erasure WHERE number = ? AND whole", (number,))
            connection.execute(  # whoever asked has gone without looking
                "DELETE FROM erasure WHERE state IN (?, ?) AND asked < ?",
                (COUNT, COUNTED, hour(time.time()) - 86_400),
            )

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, storage.plain_errors(self._file):
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection, storage.transaction(connection):
            yield connection


def _filling(pages: int, size: int) -> int:
    """Return how many bytes a blob has that fills so many pages to their last byte.

    SQLite leaves what was in the last page of a long row behind the row's end. The format of its
    files (1.6) says how much of a row is in the table's own page: at least `least`, and exactly
    that if all else fills whole pages, of which each has four bytes for the number of the next.
    """
    least = (size - 12) * 32 // 255 - 23
    row = least + pages * (size - 4)
    head = next(n for n in range(2, 10) if n == 1 + _varint(2 * (row - n) + 12))
    return row - head


def _varint(number: int) -> int:
    """Return how many bytes SQLite writes a number in."""
    return max(1, -(-number.bit_length() // 7))


def bring_erased(into: Path, later: Path) -> list[str]:
    """Note whom a later file of the same inbox knows as erased; return the projects that got any.

    They are noted as asked for and not gone.

    Raises:
        storage.StorageError: the later file is another inbox's, or cannot be read.
    """
    with storage.reading(later, len(migrations.INBOX)) as connection:
        (salt,) = connection.execute("SELECT salt FROM salt").fetchone()
        known = connection.execute("SELECT project, digest, asked FROM erased").fetchall()
    connection = storage.connect(into.parent, into.name)
    try:
        with storage.plain_errors(into), storage.transaction(connection):
            if connection.execute("SELECT salt FROM salt").fetchone() != (salt,):
                raise storage.StorageError(
                    f"{later} is of another collector: name one that goes on from the backup's"
                )
            names = set()
            for row in known:
                added = connection.execute(
                    "INSERT OR IGNORE INTO erased (project, digest, asked) VALUES (?, ?, ?)", row
                )
                if added.rowcount:
                    names.add(row[0])
    finally:
        connection.close()
    return sorted(names)


def _free(connection: sqlite3.Connection) -> int:
    """Return how many pages of the file are of no use now, and hold what they held."""
    (pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(pages)
