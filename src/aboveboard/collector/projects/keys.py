"""Write keys: many a project, each with a name, so that one can be retired while others go on.

A key can only add events, and stands in every client that was released with it: it is no secret.
One that is abused is revoked: nothing that is sent with it is taken from then on. What came with it
stays.

Which day a key was last used is written once a key and day, by a worker and never by a request.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.collector.inbox import storage

from . import migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = "first"
"""The name of the key that a project is made with."""

NAME_MAX = 60


class KeyNameError(ValueError):
    """There is no such key or project, or one of that name already; the text says what to do."""


@dataclass(frozen=True)
class Key:
    """A write key.

    Args:
        key: What clients send.
        project: Whose events it adds.
        name: What people call it.
        added: Seconds since 1970.
        used: The last day on which something came with it, as days since 1970; None if never.
        revoked: Seconds since 1970; None for a key that is in use.
    """

    key: str
    project: str
    name: str
    added: int
    used: int | None
    revoked: int | None


def today() -> int:
    """Return the day as days since 1970, in UTC."""
    return int(time.time()) // 86400


def insert(connection: sqlite3.Connection, project: str, name: str) -> str:
    """Give a project another key, inside a transaction; return it."""
    key = f"ab_{secrets.token_urlsafe(24)}"
    connection.execute(
        "INSERT INTO write_key (key, project, name, added) VALUES (?, ?, ?, ?)",
        (key, project, name, int(time.time())),
    )
    return key


class Keys:
    """The write keys of one data directory, on a connection of their own. For any thread.

    Raises:
        storage.StorageError: the directory cannot be written to, or the file is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / migrations.FILE
        self._lock = threading.Lock()
        self._connection = storage.connect(directory, migrations.FILE, migrations.PROJECTS)

    def all(self, project: str | None = None) -> list[Key]:
        """Return the keys of a project, or of all, in the order in which they were added.

        Raises:
            KeyNameError: there is no such project.
        """
        with self._working() as connection:
            self._check_project(connection, project)
            return self._select(connection, project)

    def add(self, project: str, name: str | None = None) -> Key:
        """Give a project another key; without a name it is called by the day.

        Raises:
            KeyNameError: there is no such project, or a key of that name in it.
        """
        with self._working() as connection, storage.transaction(connection):
            self._check_project(connection, project)
            there = {each.name for each in self._select(connection, project)}
            name = _of_the_day(there) if name is None else check_name(name)
            if name in there:
                raise KeyNameError(
                    f"{project} has had a key of the name {name!r}: choose another with --name"
                )
            added = insert(connection, project, name)
            return next(each for each in self._select(connection, project) if each.key == added)

    def take(self, project: str, key: str, name: str, added: int, revoked: int | None) -> None:
        """Have a key of another data directory here too, before its project if that is new.

        One that is there keeps its name, and is revoked if it is there. A name that another key of
        the project has is followed by a number.
        """
        with self._working() as connection, storage.transaction(connection):
            there = {each.key: each for each in self._select(connection, project)}
            if key not in there:
                called = _numbered(name, {each.name for each in there.values()})
                connection.execute(
                    "INSERT INTO write_key (key, project, name, added, revoked)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (key, project, called, added, revoked),
                )
            elif revoked is not None:
                connection.execute(
                    "UPDATE write_key SET revoked = ? WHERE key = ? AND revoked IS NULL",
                    (revoked, key),
                )

    def revoke(self, project: str, which: str) -> Key:
        """Retire a key, given by its name or itself: nothing that comes with it is taken any more.

        Raises:
            KeyNameError: there is no such project, or no such key in use.
        """
        with self._working() as connection, storage.transaction(connection):
            self._check_project(connection, project)
            keys = [each for each in self._select(connection, project) if each.revoked is None]
            found = [each for each in keys if which in (each.key, each.name)]
            if len(found) != 1:
                names = ", ".join(each.name for each in keys) or "none"
                raise KeyNameError(
                    f"{project} has no key {which!r} in use: `aboveboard keys list {project}` "
                    f"has those that there are ({names})"
                )
            connection.execute(
                "UPDATE write_key SET revoked = ? WHERE key = ?", (int(time.time()), found[0].key)
            )
            return found[0]

    def note_used(self, days: dict[str, int]) -> None:
        """Write down the last day of keys, given by key."""
        with self._working() as connection, storage.transaction(connection):
            connection.executemany(
                "UPDATE write_key SET used = ? WHERE key = ? AND used IS NOT ?",
                [(day, key, day) for key, day in days.items()],
            )

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _select(self, connection: sqlite3.Connection, project: str | None) -> list[Key]:
        return [
            Key(*row)
            for row in connection.execute(
                "SELECT key, project, name, added, used, revoked FROM write_key"
                " WHERE ? IN (project, '') ORDER BY project, added, key",
                (project or "",),
            )
        ]

    def _check_project(self, connection: sqlite3.Connection, project: str | None) -> None:
        names = [name for (name,) in connection.execute("SELECT name FROM project ORDER BY name")]
        if project is not None and project not in names:
            raise KeyNameError(
                f"there is no project {project!r} (there is: {', '.join(names) or 'none'}); "
                f"`aboveboard projects add {project} --catalog FILE` makes it"
            )

    @contextlib.contextmanager
    def _working(self) -> Iterator[sqlite3.Connection]:
        with self._lock, storage.plain_errors(self._file):
            yield self._connection


def check_name(name: str) -> str:
    """Return a name that fits on a line of a table; raise `KeyNameError` for what does not."""
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise KeyNameError(f"a name has 1 to {NAME_MAX} printable characters")
    return name.strip()


def _of_the_day(there: set[str]) -> str:
    return _numbered(time.strftime("%Y-%m-%d", time.gmtime()), there)


def _numbered(wanted: str, there: set[str]) -> str:
    """Return a name, followed by a number if it is there."""
    number, name = 1, wanted
    while name in there:
        number += 1
        name = f"{wanted}-{number}"
    return name
