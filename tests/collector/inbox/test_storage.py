"""The collector's SQLite files: each step of their history once, whoever opens them and when."""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aboveboard.collector.inbox import look, migrations, storage
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


def test_a_step_that_another_process_takes_meanwhile_is_left_to_it_and_the_next_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "it.sqlite"

    class Raced(list[Migration]):
        """Steps of which another process takes the second one before it is looked at."""

        def __getitem__(self, key: Any) -> Any:
            with closing(opened(path)) as other:
                storage.migrate(other, [FIRST, SECOND], path)
            return super().__getitem__(key)

    with closing(opened(path)) as connection:
        storage.migrate(connection, [FIRST], path)
        connection.execute("INSERT INTO it VALUES (21)")
        storage.migrate(connection, Raced([FIRST, SECOND, THIRD]), path)
        assert connection.execute("SELECT * FROM it").fetchall() == [(21, 42)]


def test_a_file_of_a_newer_aboveboard_is_left_alone_with_a_line_that_says_so(
    tmp_path: Path,
) -> None:
    with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    with pytest.raises(storage.StorageError, match=r"inbox\.sqlite was .* newer aboveboard: upgr"):
        storage.connect(tmp_path, storage.INBOX)


def test_every_step_says_when_it_was_made() -> None:
    for steps in (migrations.INBOX, projects.PROJECTS):
        dates = [step.date for step in steps]
        assert dates == sorted(dates)


class TestWhereDataIsKept:
    """If nobody says where."""

    @pytest.mark.parametrize(
        ("system", "variables", "expected"),
        [
            ("linux", {}, "~/.local/share/aboveboard"),
            ("linux", {"XDG_DATA_HOME": "/data/home"}, "/data/home/aboveboard"),
            ("linux", {"XDG_DATA_HOME": ""}, "~/.local/share/aboveboard"),
            ("darwin", {"XDG_DATA_HOME": "/data"}, "~/Library/Application Support/aboveboard"),
            ("darwin", {"ABOVEBOARD_DATA": "here"}, "here"),
            ("linux", {"ABOVEBOARD_DATA": "", "XDG_DATA_HOME": "/data"}, "/data/aboveboard"),
        ],
    )
    def test_is_the_platforms_place_for_data(
        self, monkeypatch: pytest.MonkeyPatch, system: str, variables: dict[str, str], expected: str
    ) -> None:
        monkeypatch.setenv("HOME", "/home/of/somebody")
        monkeypatch.setattr(sys, "platform", system)
        for name in ("ABOVEBOARD_DATA", "XDG_DATA_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert storage.default_directory() == Path(expected).expanduser()


class TestWhoOnlyLooks:
    def test_is_told_what_waits_and_what_was_dropped_of_each_project(self, tmp_path: Path) -> None:
        with closing(storage.connect(tmp_path)) as connection:
            with look.looking(tmp_path) as seen:
                assert (seen.newest(), seen.waiting(), seen.dropped(0)) == (None, {}, [])
            connection.executemany(
                "INSERT INTO waiting (project, events, body) VALUES (?, ?, zeroblob(?))",
                [("one", 2, 10), ("two", 3, 20), ("two", 5, 7)],
            )
            connection.executemany(
                "INSERT INTO delivery VALUES ('one', randomblob(16), ?)", [(7200,), (3600,)]
            )
            connection.executemany(
                "INSERT INTO quarantine (project, what, event, property, times, last)"
                " VALUES (?, ?, ?, '', ?, ?)",
                [
                    ("one", "event", "a", 1, 7200), ("one", "event", "b", 2, 7200),
                    ("one", "value", "c", 9, 7200), ("one", "value", "old", 5, 7199),
                    ("all", "event", "a", 1, 9000),
                ],
            )  # fmt: skip
            with look.looking(tmp_path) as seen:
                assert seen.newest() == 7200
                assert seen.waiting() == {"one": (2, 10, 1), "two": (8, 27, 2)}
                assert seen.dropped(7200.9) == [
                    ("all", "event", 1, 1), ("one", "value", 1, 9), ("one", "event", 2, 3),
                ]  # fmt: skip
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with look.looking(tmp_path) as seen:
            assert seen.waiting()["two"].first == 2
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_is_told_in_one_line_that_a_file_is_missing_damaged_or_of_another_release(
        self, tmp_path: Path
    ) -> None:
        def said() -> str:
            with pytest.raises(storage.StorageError) as raised, look.looking(tmp_path):
                pass
            return str(raised.value).removeprefix(f"{tmp_path / storage.INBOX} ")

        assert said() == "is not there: `aboveboard serve` makes it"
        assert list(tmp_path.iterdir()) == []
        with closing(storage.connect(tmp_path)) as connection:
            (now,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute(f"PRAGMA user_version = {now + 1}")
            assert said() == "was written by a newer aboveboard: upgrade this one"
            connection.execute(f"PRAGMA user_version = {now - 1}")
            assert said() == (
                "is of an older aboveboard: copy the directory, then start "
                "`aboveboard serve`, which brings it up to date"
            )
        assert storage.version_of(tmp_path / storage.INBOX) == now - 1
        (tmp_path / storage.INBOX).write_text("something else, and long enough to be looked at")
        assert said() == "cannot be read (file is not a database): bring back a copy"
        with pytest.raises(storage.StorageError, match=r"inbox\.sqlite \(file is not a database"):
            storage.version_of(tmp_path / storage.INBOX)


def test_a_file_is_its_owners_alone_whatever_it_was(tmp_path: Path) -> None:
    place = tmp_path / "below" / "data"
    storage.connect(place).close()
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / storage.INBOX).stat().st_mode & 0o777 == 0o600
    (place / storage.INBOX).chmod(0o644)
    with closing(storage.connect(place)) as connection:
        connection.execute("DELETE FROM delivery")
        assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
        settings = ("journal_mode", "synchronous", "secure_delete")
        told = [connection.execute(f"PRAGMA {each}").fetchone()[0] for each in settings]
        assert told == ["wal", 2, 2]


def test_what_is_undone_is_undone_and_a_held_copy_is_of_its_moment(tmp_path: Path) -> None:
    with closing(storage.connect(tmp_path)) as connection:
        twice = [(0,), (0,)]
        with pytest.raises(sqlite3.IntegrityError), storage.transaction(connection):
            connection.executemany("INSERT INTO delivery VALUES ('one', x'00', ?)", twice)
        assert not connection.in_transaction
        with storage.transaction(connection):
            connection.execute("INSERT INTO delivery VALUES ('two', x'00', 0)")
        with storage.held(tmp_path / storage.INBOX) as copy:
            connection.execute("INSERT INTO delivery VALUES ('three', x'00', 0)")
            copy(tmp_path / "copy.sqlite")
    with closing(opened(tmp_path / "copy.sqlite")) as connection:
        assert connection.execute("SELECT project FROM delivery").fetchall() == [("two",)]
