"""The collector's own SQLite files: opened the same way by everyone, each thread its own.

WAL with `synchronous=FULL`: a transaction that has returned is on the disk, and readers never
wait for the writer. Several processes may have it open (a server, and an import beside it).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INBOX = "inbox.sqlite"
PROJECTS = "projects.sqlite"
BUSY_SECONDS = 30.0


class StorageError(Exception):
    """The data directory cannot be used; the text is one line that says what to do."""


class BusyError(StorageError):
    """Another process serves the data directory."""


def default_directory() -> Path:
    """Return where data is kept when nobody says: `ABOVEBOARD_DATA`, else the platform's place."""
    named = os.environ.get("ABOVEBOARD_DATA")
    if named:
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "aboveboard"
    state = os.environ.get("XDG_DATA_HOME")
    return (Path(state) if state else Path.home() / ".local" / "share") / "aboveboard"


def connect(directory: Path, file: str, schema: str) -> sqlite3.Connection:
    """Open a file of the directory, made where missing, with the tables of `schema`.

    Raises:
        StorageError: the directory cannot be written to, or the file is damaged.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(
            directory / file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(schema)
    except OSError as error:
        raise unusable(directory, error) from None
    except sqlite3.Error as error:
        raise StorageError(
            f"cannot use {directory / file} ({error}): choose another directory with --data"
        ) from None
    return connection


def unusable(directory: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write to {directory} ({error.strerror}): choose another with --data"
    )


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a write transaction: committed at the end, undone on an exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk, for one, has undone it already
            connection.execute("ROLLBACK")
        raise
