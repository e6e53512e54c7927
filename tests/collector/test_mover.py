from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.inbox import moves
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.service import Collector, Reader
from aboveboard.warehouse import WarehouseError, database
from aboveboard.warehouse.schema import key
from tests import forked
from tests.collector.tool import CATALOG, EVENTS, NOW, Exit, Install, Launched, add_project, ask


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """A collector that moves only when it is told to."""
    opened = Collector(tmp_path)
    opened.add_project("tool", CATALOG)
    yield opened
    opened.close()


def deliver(collector: Collector, messages: int, project: str = "tool") -> None:
    found = collector.projects.get(project)
    assert found is not None
    accepted = Reader(found).segments.read(Install().segment(messages))
    collector.inbox.commit([Delivery(project, uuid.uuid4(), accepted)])


def count(collector: Collector, table: str, project: str = "tool") -> object:
    sql = f"SELECT count() FROM {{project:Identifier}}.{table}"
    return collector.warehouse.query(sql, {"project": database(project)}).rows[0][0]


def test_what_waits_is_moved_in_one_insert_a_table(collector: Collector) -> None:
    for messages in range(1, 6):
        deliver(collector, messages)
    collector.mover.move_all()
    assert (count(collector, "sessions"), count(collector, "message_send")) == (5, 15)
    assert (collector.mover.inserts, collector.mover.moved) == (2, 20)
    assert collector.inbox.depth.events == 0
    assert collector.mover.move() is False


def test_projects_are_kept_apart(collector: Collector) -> None:
    collector.add_project("other", CATALOG)
    for number in range(6):
        deliver(collector, 1, ("tool", "other")[number % 2])
    deliver(collector, 1, "other")
    collector.mover.move_all()
    assert [count(collector, "message_send", each) for each in ("tool", "other")] == [3, 4]


def test_a_move_is_bounded_and_the_rest_comes_next(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, "EVENTS_MAX", 10)
    for messages in (4, 4, 30, 1):
        deliver(collector, messages)
    carried = 0
    while collector.mover.move():
        carried += 1
    assert carried == 3
    assert count(collector, "message_send") == 39


class TestPace:
    """An insert costs much the same whatever it carries, so there are few of them."""

    def test_what_comes_during_a_move_waits_for_the_next_round(self, tmp_path: Path) -> None:
        left = [50]

        def crash(step: str) -> None:
            if step == "ended" and left[0]:
                left[0] -= 1
                deliver(opened, 1)

        opened = Collector(tmp_path / "data", _crash=crash)
        opened.add_project("tool", CATALOG)
        with closing(opened):
            deliver(opened, 1)
            opened.mover._move_due()
            assert (left[0], count(opened, "sessions")) == (49, 1)
            left[0] = 0
            opened.mover._move_due()
            assert count(opened, "sessions") == 2

    def test_what_is_more_than_a_move_takes_is_moved_in_one_round(
        self, collector: Collector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for bound, value in (("EVENTS_MAX", 10), ("ROWS_MAX", 3)):
            monkeypatch.setattr(moves, bound, value)
            for messages in (4, 4, 30, 1):
                deliver(collector, messages)
            collector.mover._move_due()
            assert not collector.mover.move(), bound


def test_a_move_is_bounded_in_bytes_and_what_is_larger_alone_is_still_moved(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(collector, 5)
    one = collector.inbox.depth.bytes("tool")
    monkeypatch.setattr(moves, "BYTES_MAX", 2 * one + one // 2)
    for messages in (5, 5, 500, 5, 5):
        deliver(collector, messages)
    moved = []
    while collector.mover.move():
        moved.append(collector.mover.moved)
    assert moved == [12, 18, 519, 531]
    assert count(collector, "message_send") == 525


def test_what_came_before_the_catalog_grew_is_null_in_the_new_columns(
    collector: Collector,
) -> None:
    class Launched2(Launched, name="launched"):
        """A run began, later."""

        reason = Exit.event_properties[0]

    project = collector.projects.get("tool")
    assert project is not None
    before = Reader(project).segments.read(Install().line("launched"))
    collector.inbox.commit([Delivery("tool", uuid.uuid4(), before)])
    grown = collector.add_project("tool", Catalog.of("tool", [*EVENTS[:5], Launched2]))
    after = Reader(grown).segments.read(Install().line("launched", {"reason": "done"}))
    collector.inbox.commit([Delivery("tool", uuid.uuid4(), after)])
    collector.mover.move_all()
    sql = "SELECT reason FROM {project:Identifier}.launched ORDER BY reason"
    told = collector.warehouse.query(sql, {"project": database("tool")})
    assert told.rows == [("done",), (None,)]


def test_what_the_warehouse_does_not_take_waits_until_it_does(collector: Collector) -> None:
    deliver(collector, 2)
    collector.mover.move_all()
    deliver(collector, 3)
    name = database("tool")
    collector.warehouse.query(f"RENAME TABLE {name}.message_send TO {name}.away")
    for _ in range(2):
        with pytest.raises(WarehouseError, match="message_send"):
            collector.mover.move_all()
    assert collector.inbox.depth.events == 4
    collector.warehouse.query(f"RENAME TABLE {name}.away TO {name}.message_send")
    collector.mover.move_all()
    assert (count(collector, "sessions"), count(collector, "message_send")) == (2, 5)


def test_a_project_whose_events_are_not_taken_holds_up_no_other(collector: Collector) -> None:
    collector.add_project("other", CATALOG)
    deliver(collector, 1)
    collector.mover.move_all()
    name = database("tool")
    collector.warehouse.query(f"RENAME TABLE {name}.message_send TO {name}.away")
    for number in range(1, 7):
        deliver(collector, number, ("other", "tool")[number % 2])
        with pytest.raises(WarehouseError, match="message_send"):
            collector.mover.move_all()
    assert count(collector, "message_send", "other") == 2 + 4 + 6
    collector.mover.move_all("other")  # which has no trouble
    assert collector.inbox.depth.events == 2 + 4 + 6
    collector.warehouse.query(f"RENAME TABLE {name}.away TO {name}.message_send")
    collector.mover.move_all()
    assert (count(collector, "sessions"), count(collector, "message_send")) == (4, 1 + 1 + 3 + 5)


class KilledError(Exception):
    """The process is gone."""


@pytest.mark.parametrize(
    "lost",
    [
        "sessions WHERE _move = {move}",
        "message_send WHERE _move = {move} AND time < now() - INTERVAL 40 DAY",
        *(
            pytest.param(each, marks=pytest.mark.thorough)
            for each in (
                "message_send WHERE _move = {move}",
                "message_send WHERE _move = {move} AND user_id != {install}",
                "message_send WHERE _move = {move} AND user_id = {install}",
                "message_send WHERE _move = {move} AND seq = 1",
                "message_send WHERE 0",
            )
        ),
    ],
)
def test_a_repeated_move_inserts_what_is_missing_though_its_token_is_known(
    tmp_path: Path, lost: str
) -> None:
    """A kill between ClickHouse's note of a token and the rows leaves the one without the others;
    here the rows are deleted."""

    inserts: list[str] = []

    def crash(step: str) -> None:
        inserts.append(step)
        if inserts.count("inserted") == 4:  # both tables' of the second move
            raise KilledError

    with closing(Collector(tmp_path, _crash=crash)) as collector:
        reader = Reader(collector.add_project("tool", CATALOG))

        def deliver(lines: bytes) -> None:
            accepted = reader.segments.read(lines)
            collector.inbox.commit([Delivery("tool", uuid.uuid4(), accepted)])

        install = Install()
        deliver(install.segment(2))
        collector.mover.move_all()
        earlier = install.line("message_send", time=NOW - 50 * 86_400)
        deliver(install.line("message_send") + earlier + Install().segment(3))
        with pytest.raises(KilledError):
            collector.mover.move_all()
        name = database("tool")
        newest = collector.warehouse.query(
            f"SELECT _move FROM {name}.message_send WHERE time < now() - 40 * 86400"
        )
        named = {"move": newest.rows[0][0], "install": key(install.user_id)}
        table, where = lost.format(**named).split(" WHERE ")
        collector.warehouse.query(
            f"ALTER TABLE {name}.{table} DELETE WHERE {where} SETTINGS mutations_sync = 2"
        )
        collector.mover.move_all()
        assert (count(collector, "sessions"), count(collector, "message_send")) == (2, 7)


DIES = r"""
import os, signal, sys, uuid
from pathlib import Path
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.service import Collector, Reader
from tests.collector.tool import Install

step, left = sys.argv[2], [int(sys.argv[3])]

def crash(reached):
    if reached == step:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

collector = Collector(Path(sys.argv[1]), _crash=crash)
reader = Reader(collector.projects.get("tool"))
segment = Install().segment(10)
if sys.argv[4] == "unstarted":
    segment = segment.partition(b"\n")[2]
accepted = reader.segments.read(segment)
collector.inbox.commit([Delivery("tool", uuid.uuid4(), accepted)])
collector.mover.move_all()
"""


def dies(data: Path, step: str, times: int, *, started: bool = True) -> None:
    """Have a session of ten messages delivered by a process that is killed in moving it."""
    form = "whole" if started else "unstarted"
    process = forked.script(DIES, str(data), step, str(times), form)
    _, said = process.communicate()
    assert process.returncode == -9, said.decode()


@pytest.mark.thorough
def test_a_process_that_dies_at_any_step_of_a_move_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    add_project(tmp_path)
    steps = [("begun", 1), ("inserted", 1), ("inserted", 2), ("followed", 1), ("ended", 1)]
    for step, times in [*steps, *reversed(steps)]:
        dies(tmp_path, step, times)
    Collector(tmp_path).close()  # moves what is left
    for table, expected in (("sessions", 10), ("_sessions", 10), ("message_send", 100)):
        told = ask(tmp_path, f"SELECT count() FROM {{project:Identifier}}.{table}")
        assert told.rows == [(expected,)]


def test_a_session_without_a_start_is_there_once_however_often_its_move_is_repeated(
    tmp_path: Path,
) -> None:
    add_project(tmp_path)
    for step in ("inserted", "followed", "ended"):
        dies(tmp_path, step, 1, started=False)
    Collector(tmp_path).close()
    for table, expected in (("sessions", 0), ("_sessions", 3), ("message_send", 30)):
        told = ask(tmp_path, f"SELECT count() FROM {{project:Identifier}}.{table}")
        assert told.rows == [(expected,)]


@pytest.mark.thorough
def test_nor_does_one_that_dies_while_another_project_waits_with_a_move_of_its_own(
    tmp_path: Path,
) -> None:
    add_project(tmp_path)
    add_project(tmp_path, "stuck")
    stuck = database("stuck")
    with closing(Collector(tmp_path)) as collector:
        deliver(collector, 1, "stuck")
        collector.mover.move_all()
        collector.warehouse.query(f"ALTER TABLE {stuck}.sessions ADD CONSTRAINT no CHECK 0")
        deliver(collector, 7, "stuck")  # its messages are taken, its session is not
        with pytest.raises(WarehouseError):
            collector.mover.move_all()
    for step, times in (("begun", 1), ("inserted", 1), ("inserted", 2), ("ended", 1)):
        dies(tmp_path, step, times)
    with closing(Collector(tmp_path)) as collector:
        deliver(collector, 2, "stuck")
        collector.mover.move_all("tool")
        assert (count(collector, "sessions"), count(collector, "message_send")) == (4, 40)
        collector.warehouse.query(f"ALTER TABLE {stuck}.sessions DROP CONSTRAINT no")
        collector.mover.move_all()
        kept = count(collector, "sessions", "stuck"), count(collector, "message_send", "stuck")
        assert kept == (3, 1 + 7 + 2)
