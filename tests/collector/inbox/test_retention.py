"""What the inbox remembers goes when its time is over; what is met again stays."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.catalog.line import hour
from aboveboard.collector.inbox import retention, storage
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.inbox.memory import Memory
from aboveboard.collector.inbox.retention import KEPT, LOG_DAYS, MOVED, PRUNED, REFRESH_DAYS
from aboveboard.collector.projects.project import Project
from aboveboard.collector.service import Reader
from aboveboard.collector.transfer.logs import LogImport
from tests.collector.tool import CATALOG, Install, Server, new_id, until

READER = Reader(Project("tool", CATALOG, (), shipped=False))
DAY = 86_400


@pytest.fixture
def inbox_file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(storage.connect(tmp_path)) as connection:
        yield connection


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]


def add_row(
    connection: sqlite3.Connection, table: str, dated: int, project: str | None = None
) -> None:
    """Add a row of a table, whatever it holds, that is like no other."""
    names = columns(connection, table)
    known = {PRUNED[table][0]: dated} | ({"project": project} if project else {})
    values = [known.get(name, f"1{dated}{count(connection, table)}") for name in names]
    connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", values)


def count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


class TestEveryTable:
    def test_says_how_long_its_rows_stay(self, inbox_file: sqlite3.Connection) -> None:
        names = inbox_file.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        assert sorted(name for (name,) in names) == sorted([*PRUNED, *MOVED, *KEPT])

    @pytest.mark.parametrize("table", PRUNED)
    def test_loses_a_row_when_its_time_is_over(
        self, inbox_file: sqlite3.Connection, table: str
    ) -> None:
        now = hour(time.time())
        _, days = PRUNED[table]
        for dated in (now - (days + 1) * DAY, now - (days - 1) * DAY, now):
            add_row(inbox_file, table, dated)
        retention.prune(inbox_file, now)
        assert count(inbox_file, table) == 2

    @pytest.mark.parametrize("table", PRUNED)
    def test_loses_a_projects_rows_with_its_events_and_what_logs_told_no_sooner_and_no_later(
        self, inbox_file: sqlite3.Connection, table: str
    ) -> None:
        now = hour(time.time())
        column, days = PRUNED[table]
        of_logs = table in ("session", "imported", "imported_by_bytes", "erased")
        stays = {
            "short": 5,
            "long": 1000 if of_logs else days,  # else its log would be counted again
            "other": days,
        }
        for project, most in stays.items():
            for dated in (now - most * DAY - 1, now - most * DAY):
                add_row(inbox_file, table, dated, project)
        retention.prune(inbox_file, now, {"short": 5, "long": 1000})
        left = inbox_file.execute(f"SELECT project, {column} FROM {table}")
        assert dict(left.fetchall()) == {
            project: now - most * DAY for project, most in stays.items()
        }
        assert count(inbox_file, table) == len(stays)

    @pytest.mark.parametrize("table", sorted(PRUNED.keys() - {"quarantine"}))  # few rows a project
    def test_finds_those_rows_without_reading_the_others(
        self, inbox_file: sqlite3.Connection, table: str
    ) -> None:
        column, _ = PRUNED[table]
        plan = inbox_file.execute(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE {column} < 5")
        assert f"INDEX {table}_{column}" in str(plan.fetchall())


def test_a_collector_to_which_nothing_comes_forgets_all_the_same(tmp_path: Path) -> None:
    with closing(storage.connect(tmp_path)) as connection:
        for table in PRUNED:
            add_row(connection, table, hour(time.time()) - 500 * DAY)
        server = Server(tmp_path)
        try:
            until(lambda: all(count(connection, table) == 0 for table in PRUNED))
        finally:
            server.stop()


def test_a_project_that_is_forgotten_leaves_who_was_erased_and_nothing_else(tmp_path: Path) -> None:
    with closing(Inbox(tmp_path)) as store, closing(storage.connect(tmp_path)) as connection:
        assert not store.has_older_imports("tool")
        for project in ("tool", "other"):
            for table in PRUNED:
                add_row(connection, table, hour(time.time()), project)
            connection.execute("INSERT INTO waiting VALUES (NULL, ?, 1, x'00')", (project,))
            connection.execute("INSERT INTO move VALUES (?, ?, 1, 1)", (project, project))
        store.depth.measure(connection)
        assert store.has_older_imports("tool")
        store.forget("tool")
        for table in (*PRUNED, *MOVED):
            rows = connection.execute(f"SELECT project FROM {table} ORDER BY project").fetchall()
            left = ["other", "tool"] if table == "erased" else ["other"]
            assert [project for (project,) in rows] == left, table
        assert (store.depth.bytes("tool"), store.depth.bytes("other")) == (0, 1)
        assert not store.has_older_imports("tool")


@pytest.mark.parametrize("table", ["session", "imported", "imported_by_bytes"])
def test_what_a_log_brings_again_is_dated_anew_once_it_is_a_month_old_and_not_each_time(
    inbox_file: sqlite3.Connection, table: str
) -> None:
    now, line, session = hour(time.time()), b"what a line says", uuid.uuid4()
    (column, key) = ("taken", "id") if table == "session" else ("seen", "line")
    known = {"project": "tool", key: session.bytes if key == "id" else line, "taken": 0}
    for row in (known | {column: now}, known | {"project": "other", column: now}):
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        inbox_file.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()])

    def recall(later: int) -> bool | None:
        memory = Memory(inbox_file, "tool", later)
        if table == "session":
            return memory.was_sent(str(session))
        return memory.recall_line(line) if table == "imported" else memory.recall_older_line(line)

    for later, dated in (
        (now + REFRESH_DAYS * DAY, now),
        (now + REFRESH_DAYS * DAY + 1, now + REFRESH_DAYS * DAY + 1),
    ):
        assert recall(later) is (table == "session")  # whether it was taken; a session was
        rows = inbox_file.execute(f"SELECT project, {column} FROM {table}").fetchall()
        assert dict(rows) == {"tool": dated, "other": now}


class TestALogThatIsImportedAgainAndAgain:
    """It grows, and its first lines are older than what is remembered."""

    def later(self, directory: Path, days: int) -> None:
        """Let days go by, with what is done each hour."""
        with closing(storage.connect(directory)) as connection:
            for table, (column, _) in PRUNED.items():
                connection.execute(f"UPDATE {table} SET {column} = {column} - {days * DAY}")
            retention.prune(connection, time.time())

    def take(self, directory: Path, log: bytes) -> tuple[int, int, int]:
        with closing(Inbox(directory)) as store:
            summary = LogImport(READER, store).take(log.splitlines(keepends=True))
        return summary.taken, summary.known, len(summary.sent)

    def test_counts_once(self, tmp_path: Path) -> None:
        log = Install().segment(2)
        assert self.take(tmp_path, log) == (3, 0, 0)
        for _ in range(4):
            self.later(tmp_path, LOG_DAYS // 2)
            assert self.take(tmp_path, log) == (0, 3, 0)

    def test_is_known_to_have_been_sent(self, tmp_path: Path) -> None:
        log = Install().segment(2)
        sent = READER.segments.read(log)
        with closing(Inbox(tmp_path)) as store:
            store.commit([Delivery("tool", uuid.UUID(new_id()), sent)])
        for _ in range(4):
            self.later(tmp_path, LOG_DAYS // 2)
            assert self.take(tmp_path, log) == (0, 0, 1)

    def test_is_new_once_it_has_not_been_seen_for_too_long(self, tmp_path: Path) -> None:
        log = Install().segment(2)
        self.take(tmp_path, log)
        self.later(tmp_path, LOG_DAYS + 1)
        assert self.take(tmp_path, log) == (3, 0, 0)
