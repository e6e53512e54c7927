"""The collector's SQLite files: each step of their history once, whoever opens them and when."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.inbox import migrations, storage
from aboveboard.collector.inbox.migrations import Migration
from aboveboard.collector.projects import migrations as projects

FIRST = Migration("2026-01-01", "CREATE TABLE IF NOT EXISTS it (number INTEGER);\n")
SECOND = Migration("2026-01-02", "ALTER TABLE it ADD COLUMN doubled INTEGER;\n")


def double(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE it SET doubled = 2 * number")


THIRD = Migration("2026-01-03", "UPDATE it SET doubled = 0;\n", double)


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30)


def test_an_older_file_takes_the_steps_that_it_has_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "it.sqlite"
    with closing(opened(path)) as connection:
        storage.migrate(connection, [FIRST], path)
        connection.execute("INSERT INTO it VALUES (21)")
        storage.migrate(connection, [FIRST, SECOND, THIRD], path)
        storage.migrate(connection, [FIRST, SECOND, THIRD], path)
        assert connection.execute("SELECT * FROM it").fetchall() == [(21, 42)]


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "it.sqlite"
    broken = Migration("2026-01-02", "ALTER TABLE it ADD COLUMN extra;\nSELECT nonsense FROM it;\n")
    with closing(opened(path)) as connection:
        storage.migrate(connection, [FIRST], path)
        with pytest.raises(sqlite3.Error):
            storage.migrate(connection, [FIRST, broken], path)
        assert [row[1] for row in connection.execute("PRAGMA table_info(it)")] == ["number"]
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_many_who_open_a_file_at_once_take_each_step_once(tmp_path: Path) -> None:
    path = tmp_path / "it.sqlite"
    with closing(opened(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        storage.migrate(connection, [FIRST], path)

    def open_it(_number: int) -> None:
        with closing(opened(path)) as connection:
            storage.migrate(connection, [FIRST, SECOND, THIRD], path)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_it, range(8)))


def test_a_file_of_a_newer_aboveboard_is_left_alone_with_a_line_that_says_so(
    tmp_path: Path,
) -> None:
    with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    with pytest.raises(storage.StorageError, match="newer aboveboard: upgrade"):
        storage.connect(tmp_path, storage.INBOX)


def test_every_step_says_when_it_was_made() -> None:
    for steps in (migrations.INBOX, projects.PROJECTS):
        dates = [step.date for step in steps]
        assert dates == sorted(dates)
