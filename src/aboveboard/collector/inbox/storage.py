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
from urllib.parse import quote

from . import migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

INBOX = "inbox.sqlite"
BUSY_SECONDS = 30.0


class StorageError(Exception):
    """The data directory cannot be used; the text is one line that says what to do."""


class BusyError(StorageError):
    """Another process serves the data directory."""


def default_directory() -> Path:
    """Return where data is kept when nobody says: `ABOVEBOARD_DATA`, else the platform's place.

    By hand, not by platformdirs: where data lies may not move with the version of a library.
    """
    named = os.environ.get("ABOVEBOARD_DATA")
    if named:
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "aboveboard"
    state = os.environ.get("XDG_DATA_HOME")
    return (Path(state) if state else Path.home() / ".local" / "share") / "aboveboard"


def connect(
    directory: Path, file: str = INBOX, steps: Sequence[migrations.Migration] = migrations.INBOX
) -> sqlite3.Connection:
    """Open a file of the directory, made where missing, with its tables as they are today.

    Args:
        directory: The data directory.
        file: The file's name in it.
        steps: What made its tables as they are; those that it has not taken are taken.

    Raises:
        StorageError: the directory cannot be written to, the file is damaged, or a newer aboveboard
            has written it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _keep_private(directory / file)
        with contextlib.ExitStack() as opened:
            connection = opened.enter_context(
                contextlib.closing(
                    sqlite3.connect(
                        directory / file,
                        timeout=BUSY_SECONDS,
                        isolation_level=None,
                        check_same_thread=False,
                    )
                )
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            # Of a row that was deleted nothing stays beside those that were not. Pages that are
            # free as a whole are written over when an install is erased (erasures.py).
            connection.execute("PRAGMA secure_delete = FAST")
            # What a statement of many rows keeps until its end; a file takes half as long again.
            connection.execute("PRAGMA temp_store = MEMORY")
            migrate(connection, steps, directory / file)
            opened.pop_all()
    except OSError as error:
        raise unusable(directory, error) from None
    except sqlite3.Error as error:
        raise StorageError(
            f"cannot use {directory / file} ({error}): choose another directory with --data"
        ) from None
    return connection


def _keep_private(path: Path) -> None:
    """Have a file, made if it is missing, read by its owner alone, and what SQLite puts beside it.

    It holds keys, and the directory may be one that everyone can list. What an older aboveboard
    left open is closed too.

    Raises:
        OSError: the file cannot be made.
    """
    # A file that is there is never opened here: closing any descriptor of a file drops all locks
    # that this process has on it (POSIX), SQLite's own too. Another process would then take the
    # write-ahead log away from under this one, and what was acknowledged would be lost with it.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        # Whoever may write to the file without owning it cannot change this, and need not.
        with contextlib.suppress(OSError):
            each.chmod(0o600)


def unusable(directory: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write to {directory} ({error.strerror}): choose another with --data"
    )


@contextlib.contextmanager
def held(path: Path) -> Iterator[Callable[[Path], None]]:
    """Hold a file as it is at this moment, while others write on; give what copies that.

    Raises:
        StorageError: it cannot be read; by the copying too, if there is no room.
    """
    with (
        plain_errors(path),
        contextlib.closing(
            sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        ) as connection,
    ):
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

        def copy(target: Path) -> None:
            with plain_errors(target), contextlib.closing(sqlite3.connect(target)) as into:
                connection.backup(into)

        yield copy


def version_of(path: Path) -> int:
    """Return how many steps a file has taken, of a copy that nobody has open.

    Raises:
        StorageError: it is damaged.
    """
    with (
        plain_errors(path),
        contextlib.closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        ) as connection,
    ):
        return _version(connection)


@contextlib.contextmanager
def plain_errors(file: Path) -> Iterator[None]:
    """Turn what SQLite says of a file into a `StorageError`, a line that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(
            f"cannot use {file} ({error}): see to the disk, or bring back a copy of the directory"
        ) from None


def migrate(
    connection: sqlite3.Connection, steps: Sequence[migrations.Migration], file: Path
) -> None:
    """Take the steps that a file has not taken yet, each in a transaction of its own.

    Several processes may do so at once: one takes a step, and the others find it taken.

    Raises:
        StorageError: a newer aboveboard has written the file.
        sqlite3.Error: a step could not be taken; the file is as it was before that step.
    """
    taken = _version(connection)
    if taken > len(steps):
        raise StorageError(f"{file} was written by a newer aboveboard: upgrade this one")
    for number, step in enumerate(steps[taken:], taken + 1):
        with transaction(connection):
            if _version(connection) >= number:
                continue
            for statement in step.sql.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            if step.then is not None:
                step.then(connection)
            connection.execute(f"PRAGMA user_version = {number:d}")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a write transaction: committed at the end, undone on an exception.

    Where it cannot be undone now (the disk fails), the next one on this connection does so first.
    """
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk, for one, has undone it already
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


CHECKED_MAX = 256 * 2**20
"""Bytes of a file that is read as a whole to see whether it is damaged."""


@contextlib.contextmanager
def reading(file: Path, steps: int) -> Iterator[sqlite3.Connection]:
    """Open one of the files for who only looks: nothing is changed, made or brought up to date.

    Args:
        file: The file.
        steps: How many migrations this aboveboard knows.

    Raises:
        StorageError: it cannot be read, is damaged, or of another aboveboard.
    """
    if not file.exists():
        raise StorageError(f"{file} is not there: `aboveboard serve` makes it")
    # With a log beside it the file is not whole without; else nothing is to be put beside it.
    with_log = any(
        path.exists() and path.stat().st_size for path in (Path(f"{file}-wal"), Path(f"{file}-shm"))
    )
    how = "mode=ro" if with_log else "mode=ro&immutable=1"
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True, timeout=5)
        ) as connection:
            if file.stat().st_size <= CHECKED_MAX:
                said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if said != "ok":
                    raise StorageError(f"{file} is damaged: bring back a copy")
            taken = _version(connection)
            if taken > steps:
                raise StorageError(f"{file} was written by a newer aboveboard: upgrade this one")
            if taken < steps:
                raise StorageError(
                    f"{file} is of an older aboveboard: copy the directory, then start "
                    "`aboveboard serve`, which brings it up to date"
                )
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{file} cannot be read ({error}): bring back a copy") from None
