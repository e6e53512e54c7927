"""The register: where the secret's hash, people, tokens and sessions are kept, in SQLite.

Reading and writing have a connection each, so that whoever asks for a page never waits for a
writer. Another process (`aboveboard people`, `aboveboard secret`) may write meanwhile: every look
is at the file, so what it takes away is gone at the next request.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
from typing import TYPE_CHECKING

from aboveboard.collector.inbox import storage
from aboveboard.collector.projects import migrations

from . import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SECRET, SIGNING_KEY = "admin_secret", "signing_key"  # names of settings
NAME_MAX = 60


class RegisterError(ValueError):
    """It cannot be written so; the text is one line that says what to do."""


class Register:
    """The register of one data directory. For any thread.

    Raises:
        storage.StorageError: the directory cannot be written to, or the file is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / migrations.FILE
        self._reading, self._writing = threading.Lock(), threading.Lock()
        with contextlib.ExitStack() as opened:
            self._reader = opened.enter_context(
                contextlib.closing(storage.connect(directory, migrations.FILE, migrations.PROJECTS))
            )
            self._writer = opened.enter_context(
                contextlib.closing(storage.connect(directory, migrations.FILE, migrations.PROJECTS))
            )
            self._opened = opened.pop_all()

    def select(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return the rows of a question."""
        with self._reading, storage.plain_errors(self._file):
            return self._reader.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a write transaction."""
        with (
            self._writing,
            storage.plain_errors(self._file),
            storage.transaction(self._writer) as connection,
        ):
            yield connection

    def secret(self) -> str | None:
        """Return the hash of the admin secret; None where none was set."""
        rows = self.select("SELECT value FROM setting WHERE name = ?", (SECRET,))
        return str(rows[0][0]) if rows else None

    def set_secret(self, secret: str | None) -> None:
        """Keep another admin secret, or none. Who signed in with the one before is signed out."""
        kept = None if secret is None else passwords.hashed(secret)
        with self.writing() as connection:
            connection.execute("DELETE FROM setting WHERE name = ?", (SECRET,))
            if kept is not None:
                connection.execute("INSERT INTO setting VALUES (?, ?)", (SECRET, kept))

    def signing_key(self) -> bytes:
        """Return what sessions are signed with, made when it is first needed."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO NOTHING",
                (SIGNING_KEY, secrets.token_bytes(32)),
            )
            ((key,),) = connection.execute(
                "SELECT value FROM setting WHERE name = ?", (SIGNING_KEY,)
            ).fetchall()
        return bytes(key)

    def check_project(self, name: str | None) -> None:
        """Raise `RegisterError` for a project that is not there; None is all of them."""
        there = [str(each) for (each,) in self.select("SELECT name FROM project ORDER BY name")]
        if name is not None and name not in there:
            raise RegisterError(
                f"there is no project {name!r} (there is: {', '.join(there) or 'none'})"
            )

    def close(self) -> None:
        with self._reading, self._writing:
            self._opened.close()


def check_name(name: str) -> str:
    """Return a name as it is kept; raise `RegisterError` for what fits on no line."""
    name = passwords.normal(name).strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise RegisterError(f"a name has 1 to {NAME_MAX} printable characters")
    return name
