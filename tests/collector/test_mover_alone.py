"""What the mover asks of a warehouse, and what it does of each answer, also of the rare ones."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector import mover as module
from aboveboard.collector.allowlist import AllowList, Columns
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.mover import BACKOFF_MAX, STALLED_SECONDS, Mover
from aboveboard.collector.operations.progress import Progress
from aboveboard.collector.operations.worker import Watch
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.protocols.segment import SegmentReader
from aboveboard.warehouse import MismatchError, Warehouse, WarehouseError
from aboveboard.warehouse.schema import MOVE
from tests.collector.tool import CATALOG, EVENTS, Install, Launched, until

READER = SegmentReader(AllowList(CATALOG))
TABLES = ("message_send", "sessions")
"""Of a session with messages, in the order in which they are inserted."""

PROJECTS = ("tool", "stuck", "new")


class Told:
    """A warehouse that notes what it is told, and answers as a test has it.

    It knows no other project and no other table than there are, nor a move of another number.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.rows: Counter[str] = Counter()
        """By table, how many rows of it are inserted."""

        self.kept: Counter[tuple[object, str]] = Counter()
        """The same by move and table."""

        self.tokens: list[str] = []
        self.refuses: dict[str, Exception] = {}
        self.lost: list[int] = []
        """How many of the rows that it is asked for are missing, question by question; if nothing
        is said of it, those that were not inserted."""

        self.is_at_work_now = False
        self.is_shared = False
        self.elsewhere: set[str] = set()
        self.gone: set[str] = set()
        self.told_later: set[str] = set()
        """Who is erased by another collector while rows are inserted."""

    def ensure(self, project: str, catalog: Catalog, days: int) -> None:
        self.asked.append(("ensure", project, len(catalog.entries), days))

    def insert(self, project: str, table: str, columns: Columns, token: str) -> None:
        assert project in PROJECTS
        assert table in TABLES
        if project in self.refuses:
            raise self.refuses[project]
        self.rows[table] += len(columns["time"])
        self.tokens.append(token)
        self.kept.update((number, table) for number in columns[MOVE.name])
        self.gone |= self.told_later

    def missing(self, project: str, table: str, columns: Columns, number: int) -> Columns:
        assert table in TABLES
        assert number == columns[MOVE.name][0]
        self.asked.append(("missing", project))
        many = len(columns["time"])
        left = self.lost.pop(0) if self.lost else max(0, many - self.kept[number, table])
        return {name: values[:left] for name, values in columns.items()}

    def is_at_work(self, token: str) -> bool:
        return self.is_at_work_now and token.split(":")[1] in TABLES

    def remove(self, project: str, number: int) -> None:
        self.asked.append(("remove", project, number))

    def check_versions(self, project: str) -> None:
        self.asked.append(("versions", project))

    def note_sessions(self, project: str, unstarted: dict[object, int], begun: set[object]) -> None:
        self.asked.append(("sessions", project, len(unstarted), len(begun)))

    def claims(self, project: str) -> SimpleNamespace:
        def elsewhere(ids: Collection[str], move: int) -> set[str]:
            assert move > 0
            return self.elsewhere & set(ids)

        assert project in PROJECTS
        return SimpleNamespace(elsewhere=elsewhere)

    def erased(self, project: str) -> SimpleNamespace:
        assert project in PROJECTS
        return SimpleNamespace(among=lambda users: self.gone & set(users))


class Alone:
    """A mover with an inbox, and a clock that goes only when it is told to."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.now = 1000.0
        self.warehouse = Told()
        self.projects = Projects(directory)
        self.projects.add("tool", CATALOG)
        self.projects.add("stuck", CATALOG)
        self.inbox = Inbox(directory, is_shared=True)
        self.watch = Watch()
        self.erased: list[tuple[str, str]] = []
        self.steps: list[str] = []
        self.begun: list[Mover] = []
        self.mover = self.begin()

        def sleep(seconds: float) -> None:
            self.now += seconds

        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=sleep)
        monkeypatch.setattr("aboveboard.collector.mover.time", clock)

    def begin(self, reached: Sequence[str] = ()) -> Mover:
        """Return a mover as after a start; it is killed at a step, if one is named."""

        def crash(step: str) -> None:
            self.steps.append(step)
            if step in reached:
                raise KeyboardInterrupt

        mover = Mover(
            self.directory,
            cast("Warehouse", self.warehouse),
            self.projects,
            self.inbox.depth,
            self.watch,
            lambda project, install: self.erased.append((project, install)),
            _crash=crash,
        )
        self.begun.append(mover)
        return mover

    def close(self) -> None:
        """Close every mover's file, also that of one that was killed."""
        for mover in self.begun:
            mover._moves.close()
        self.inbox.close()
        self.projects.close()

    def deliver(self, messages: int, project: str = "tool") -> Install:
        install = Install()
        accepted = READER.read(install.segment(messages))
        self.inbox.commit([Delivery(project, uuid.uuid4(), accepted)])
        return install

    def killed(self, step: str) -> None:
        """Have a move begun by a process that is killed."""
        with pytest.raises(KeyboardInterrupt):
            self.begin([step]).move()


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alone]:
    made = Alone(tmp_path, monkeypatch)
    yield made
    made.close()


class TestAProjectThatIsNotTaken:
    def test_is_left_alone_for_longer_each_time_and_the_log_says_why_while_pages_do_not(
        self, alone: Alone, caplog: pytest.LogCaptureFixture
    ) -> None:
        refusal = WarehouseError("no room in /var/lib: value 'secret'")
        alone.warehouse.refuses["stuck"] = refusal
        alone.deliver(1, "stuck")
        pauses = []
        for _ in range(7):
            caplog.clear()
            alone.mover._move_due()
            (said,) = caplog.messages
            found = re.fullmatch(
                r"the warehouse does not take project stuck's events, again in (\d+) s: (.*)", said
            )
            assert found is not None
            assert found[2] == str(refusal)
            pauses.append(float(found[1]))
            assert alone.mover.troubles() == {"stuck": "the warehouse does not take its events"}
            alone.now += pauses[-1] - 0.01
            caplog.clear()
            alone.deliver(1)  # the others go on meanwhile
            alone.mover._move_due()
            assert caplog.messages == []
            assert alone.inbox.depth.bytes("tool") == 0
            alone.now += 0.01
        assert pauses == [1, 2, 4, 8, 16, BACKOFF_MAX, BACKOFF_MAX]
        alone.warehouse.refuses.clear()
        alone.mover._move_due()
        assert caplog.messages == ["the warehouse takes project stuck's events again"]
        assert alone.mover.troubles() == {}
        assert alone.inbox.depth.events == 0
        made = [what for what in alone.warehouse.asked if what[:2] == ("ensure", "stuck")]
        assert len(made) == 8  # its tables may have been the reason: they are made again each time

    def test_is_no_trouble_any_more_once_something_else_has_moved_what_waited(
        self, alone: Alone, caplog: pytest.LogCaptureFixture
    ) -> None:
        alone.warehouse.refuses["stuck"] = WarehouseError("no")
        alone.deliver(1, "stuck")
        alone.mover._move_due()
        alone.warehouse.refuses.clear()
        alone.deliver(1)
        alone.mover.move_all("stuck")
        assert (alone.inbox.depth.bytes("stuck"), alone.inbox.depth.events) == (0, 2)
        caplog.clear()
        alone.now += 0.5
        alone.mover._move_due()
        assert alone.mover.troubles().keys() == {"stuck"}
        alone.now += 0.5
        alone.mover._move_due()
        assert alone.mover.troubles() == {}
        assert caplog.messages == ["the warehouse takes project stuck's events again"]

    def test_and_that_is_removed_is_no_trouble_and_no_news_either(
        self, alone: Alone, caplog: pytest.LogCaptureFixture
    ) -> None:
        alone.warehouse.refuses["stuck"] = WarehouseError("no")
        alone.deliver(1, "stuck")
        alone.mover._move_due()
        alone.projects.retire("stuck")
        alone.inbox.forget("stuck")
        alone.projects.remove("stuck")
        caplog.clear()
        alone.now += BACKOFF_MAX
        alone.mover._move_due()
        assert alone.mover.troubles() == {}
        assert caplog.messages == []

    def test_whose_tables_cannot_be_made_is_told_though_nothing_of_it_waits(
        self, alone: Alone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        tried: list[float] = []

        def refuse(project: str, _catalog: Catalog, _days: int) -> None:
            if project == "stuck":
                tried.append(alone.now)
                raise MismatchError("exit.reason is a count here")

        with monkeypatch.context() as patch:
            patch.setattr(alone.warehouse, "ensure", refuse)
            begun = alone.now
            for _ in range(60):
                alone.mover._move_due()
                alone.now += 0.5
        assert [each - begun for each in tried] == [0, 1, 3, 7, 15]
        alone.now += BACKOFF_MAX
        assert alone.mover.troubles() == {"stuck": "exit.reason is a count here"}
        caplog.clear()
        alone.mover._move_due()
        assert alone.mover.troubles() == {}
        assert caplog.messages == ["the warehouse takes project stuck's events again"]

    def test_whose_tables_cannot_be_made_is_in_trouble_however_long_others_take_meanwhile(
        self, alone: Alone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        make = alone.mover.make_tables

        def refuse(project: str, _catalog: Catalog, _days: int) -> None:
            if project == "stuck":
                raise MismatchError("exit.reason is a count here")

        def make_slowly() -> None:
            make()
            alone.now += BACKOFF_MAX

        monkeypatch.setattr(alone.warehouse, "ensure", refuse)
        monkeypatch.setattr(alone.mover, "make_tables", make_slowly)
        alone.mover._move_due()
        assert alone.mover.troubles() == {"stuck": "exit.reason is a count here"}
        assert [said.split(",")[0] for said in caplog.messages] == [
            "the warehouse does not take project stuck's events"
        ]

    def test_because_its_catalog_does_not_fit_is_told_on_pages_too(self, alone: Alone) -> None:
        alone.warehouse.refuses["stuck"] = MismatchError("message_send.cost is a flag here")
        alone.deliver(1, "stuck")
        alone.mover._move_due()
        assert alone.mover.troubles() == {"stuck": "message_send.cost is a flag here"}

    def test_for_a_fault_of_ours_is_told_without_the_words_of_it(
        self, alone: Alone, caplog: pytest.LogCaptureFixture
    ) -> None:
        alone.warehouse.refuses["stuck"] = ValueError("secret")
        alone.deliver(1, "stuck")
        alone.mover._move_due()
        (said,) = caplog.messages
        assert "ValueError" in said
        assert "secret" not in said

    def test_stays_in_the_inbox_when_the_collector_ends_and_the_others_do_not(
        self, alone: Alone, caplog: pytest.LogCaptureFixture
    ) -> None:
        alone.warehouse.refuses["stuck"] = WarehouseError("no")
        for project in ("stuck", "tool"):
            alone.deliver(1, project)
        with pytest.raises(WarehouseError, match=r"^no$"):
            alone.mover.move_all()
        alone.deliver(2)
        alone.mover.close()
        assert caplog.messages == ["what waits of project stuck stays in the inbox: no"]
        assert (alone.inbox.depth.events, alone.inbox.depth.bytes("tool")) == (2, 0)

    def test_is_told_if_the_warehouse_never_comes_to_an_end_with_it(
        self, alone: Alone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alone.mover._progress = Progress(lambda: alone.now)
        seen = []

        def look(_project: str, _unstarted: dict[object, int], _begun: set[object]) -> None:
            alone.now += STALLED_SECONDS
            seen.append((alone.mover.stalls(), alone.mover.troubles()))
            alone.now += 1
            seen.append((alone.mover.stalls(), alone.mover.troubles()))

        monkeypatch.setattr(alone.warehouse, "note_sessions", look)
        alone.deliver(1)
        alone.mover._move_due()
        never = {"tool": "the warehouse does not come to an end with its events"}
        assert seen == [(False, {}), (True, never)]
        assert alone.mover.troubles() == {}


class TestAMoveThatIsRepeated:
    def test_inserts_what_is_missing_and_again_under_another_token_what_a_token_kept_out(
        self, alone: Alone
    ) -> None:
        alone.deliver(4)
        alone.killed("begun")
        again = alone.mover._begin()
        assert again is not None
        # Of messages all are missing, and two still after the insert; of sessions none is.
        alone.warehouse.lost = [4, 2, 0]
        alone.mover._carry(again)
        assert alone.warehouse.rows == {"message_send": 4 + 2}
        first, second = alone.warehouse.tokens
        assert first == f"{again.id}:message_send"
        assert re.fullmatch(rf"{re.escape(first)}:[0-9a-f-]{{36}}", second)
        assert alone.warehouse.kept == {(again.number, "message_send"): 6}
        assert (alone.mover.inserts, alone.mover.moved) == (2, 5)
        assert [what[0] for what in alone.warehouse.asked] == [
            "ensure", "missing", "missing", "missing", "sessions",
        ]  # fmt: skip
        assert {what[1] for what in alone.warehouse.asked} == {"tool"}
        assert alone.warehouse.asked[-1] == ("sessions", "tool", 0, 1)
        assert alone.inbox.depth.events == 0

    def test_waits_for_an_insert_that_a_server_still_works_on(self, alone: Alone) -> None:
        alone.deliver(4)
        alone.killed("inserted")
        alone.warehouse.lost, alone.warehouse.is_at_work_now = [2, 1], True
        with pytest.raises(WarehouseError, match=r"^what was .* still being worked on$"):
            alone.mover.move()
        assert alone.inbox.depth.events == 5
        alone.warehouse.lost = [2, 0, 0]
        assert alone.mover.move() is True
        assert alone.mover.move() is False

    def test_of_the_first_release_is_carried_anew_as_a_whole(self, alone: Alone) -> None:
        older = {
            table: {name: values for name, values in columns.items() if name != "seq"}
            for table, columns in READER.read(Install().segment(1)).tables.items()
        }

        def wait() -> None:
            with closing(storage.connect(alone.directory)) as connection:
                connection.execute(
                    "INSERT INTO waiting (project, events, body) VALUES ('tool', 2, ?)",
                    (msgspec.msgpack.encode(older),),
                )

        wait()
        alone.mover.move()
        assert [what[0] for what in alone.warehouse.asked] == ["ensure", "sessions"]
        alone.warehouse.rows.clear()
        wait()
        alone.deliver(1)
        alone.killed("begun")
        move = alone.mover._begin()
        assert move is not None
        alone.warehouse.lost = [2, 0, 2, 0]
        alone.mover._carry(move)
        assert ("remove", "tool", move.number) in alone.warehouse.asked
        assert alone.warehouse.rows == {"message_send": 2, "sessions": 2}
        alone.deliver(1)
        alone.mover.move()
        assert [what[0] for what in alone.warehouse.asked].count("remove") == 1


class TestBesideOtherCollectors:
    def test_what_another_one_carries_or_has_erased_is_left_out(self, alone: Alone) -> None:
        alone.warehouse.is_shared = True
        first, second = alone.deliver(1), alone.deliver(2)
        third = Install()
        accepted, known = READER.read(third.segment(3)), uuid.uuid4()
        alone.inbox.commit([Delivery("tool", known, accepted)])
        alone.warehouse.elsewhere = {str(known)}
        alone.warehouse.gone = {first.user_id, third.user_id}
        alone.mover.move_all()
        assert alone.warehouse.rows == {"message_send": 2, "sessions": 1}
        assert set(alone.erased) == {("tool", first.user_id)}
        assert ("versions", "tool") in alone.warehouse.asked
        assert ("sessions", "tool", 0, 1) in alone.warehouse.asked
        assert second.user_id not in {install for _, install in alone.erased}
        assert alone.steps == ["begun", "claimed", "inserted", "inserted", "followed", "ended"]

    def test_who_is_erased_while_rows_are_inserted_is_erased_here_after_them(
        self, alone: Alone
    ) -> None:
        alone.warehouse.is_shared = True
        install = alone.deliver(1)
        alone.warehouse.told_later = {install.user_id}
        alone.mover.move_all()
        assert alone.warehouse.rows == {"message_send": 1, "sessions": 1}
        assert alone.erased == [("tool", install.user_id)]

    def test_one_that_is_alone_asks_for_none_of_it(self, alone: Alone) -> None:
        install = alone.deliver(1)
        alone.warehouse.gone = {install.user_id}
        alone.mover.move_all()
        assert alone.warehouse.rows == {"message_send": 1, "sessions": 1}
        assert alone.erased == []
        assert [what[0] for what in alone.warehouse.asked] == ["ensure", "sessions"]
        assert alone.steps == ["begun", "inserted", "inserted", "followed", "ended"]


class TestTables:
    def test_are_made_once_for_each_catalog_and_each_time_that_events_are_kept(
        self, alone: Alone
    ) -> None:
        def made() -> list[tuple[object, ...]]:
            asked, alone.warehouse.asked = alone.warehouse.asked, []
            return sorted(what[1:] for what in asked if what[0] == "ensure")

        many = len(CATALOG.entries)
        for _ in range(2):
            alone.mover.make_tables()
        assert [(name, entries) for name, entries, _ in made()] == [("stuck", many), ("tool", many)]
        alone.projects.keep_for("tool", 50)
        alone.mover.make_tables()
        assert made() == [("tool", many, 50)]

        class More(Launched, name="more"):
            """One more."""

        alone.projects.add("tool", Catalog.of("tool", [*EVENTS, More]), replace=True)
        alone.deliver(1)
        alone.mover.move_all()  # a move makes what is lacking by itself
        assert made() == [("tool", many + 1, 50)]
        alone.mover.make_tables()
        assert made() == []

    def test_a_page_waits_for_those_of_a_new_project_only_while_there_is_somebody_to_make_them(
        self, alone: Alone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert alone.mover._has_news()
        alone.mover.catch_up()  # it has not been started: nobody is waited for
        assert not alone.mover._wake.is_set()
        with monkeypatch.context() as patch:
            patch.setattr(alone.mover._worker, "alive", lambda: True)
            alone.mover.catch_up(0.01)  # it has much to do: nobody is waited for longer than that
        assert alone.mover._wake.is_set()
        assert alone.mover._has_news()
        monkeypatch.setattr(module, "POLL", 600.0)
        monkeypatch.setattr(module, "PACE", 0.0)
        alone.mover.start()
        alone.mover.catch_up(30)
        assert not alone.mover._has_news()
        assert {what[1] for what in alone.warehouse.asked} == {"tool", "stuck"}
        with closing(Projects(alone.directory)) as elsewhere:
            elsewhere.add("new", CATALOG)
        alone.mover.catch_up(30)
        assert ("ensure", "new") in {what[:2] for what in alone.warehouse.asked}
        alone.mover.close()


def test_catalogs_that_cannot_be_read_are_told_once_and_once_more_when_they_can(
    alone: Alone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unreadable: dict[str, str] = {}
    monkeypatch.setattr(alone.projects, "unreadable", unreadable.copy)
    for change in ({"a": "why", "b": "so"}, {"a": "why", "b": "so"}, {"a": "other"}, {}):
        unreadable.clear()
        unreadable.update(change)
        alone.mover.make_tables()
    assert sorted(caplog.messages[:2]) == [
        "project a's events are not taken: why",
        "project b's events are not taken: so",
    ]
    assert caplog.messages[2:] == [
        "project a's events are not taken: other",
        "project b's events are taken again",
        "project a's events are taken again",
    ]


def test_an_export_waits_for_what_was_taken_and_no_longer_than_it_may(alone: Alone) -> None:
    assert alone.mover.settle("tool", 2.0)
    begun = alone.now
    alone.deliver(1)
    assert not alone.mover.settle("tool", 2.0)
    assert timedelta(seconds=2) <= timedelta(seconds=alone.now - begun) <= timedelta(seconds=2.2)
    assert alone.mover._wake.is_set()
    assert alone.mover.settle("stuck", 2.0)  # of which nothing waits


def test_a_trouble_of_all_projects_is_told_until_it_is_over(
    alone: Alone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "PACE", 0.0)
    monkeypatch.setattr(module, "POLL", 0.01)
    pauses = []

    def longer(pause: float) -> float:
        pauses.append(pause)
        return 0.01

    monkeypatch.setattr(module, "_longer", longer)
    is_broken = True

    def refresh() -> None:
        if is_broken:
            raise storage.StorageError("cannot use projects.sqlite")

    monkeypatch.setattr(alone.projects, "refresh", refresh)
    caplog.set_level(logging.WARNING)
    alone.deliver(1)
    alone.mover.start()
    alone.mover.wake()
    until(lambda: alone.mover.trouble == "cannot use projects.sqlite" and len(pauses) > 1)
    assert pauses[:2] == [0.0, 0.01]
    assert alone.inbox.depth.events == 2
    assert not alone.mover.stalls()
    is_broken = False
    until(lambda: alone.mover.trouble is None and alone.inbox.depth.events == 0)
    pauses.clear()
    is_broken = True
    until(lambda: len(pauses) > 1)
    assert pauses[:2] == [0.0, 0.01]  # as if it had never been
    is_broken = False
    until(lambda: alone.mover.trouble is None)
    alone.mover.close()
    assert set(caplog.messages) == {
        "nothing can be moved, again in 0 s: cannot use projects.sqlite"
    }


def test_one_round_begins_a_second_after_the_one_before_it_began(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    took = [0.25, 3.0]
    stop = SimpleNamespace(is_set=lambda: not took, wait=waits.append)
    monkeypatch.setattr(alone.mover, "_stop", stop)
    monkeypatch.setattr(module, "POLL", 0.0)

    def refresh() -> None:
        alone.now += took.pop(0)

    monkeypatch.setattr(alone.projects, "refresh", refresh)
    alone.mover._run()
    assert waits == [module.PACE - 0.25, 0.0]


def test_what_waits_stays_in_the_inbox_where_a_worker_has_ended(alone: Alone) -> None:
    alone.deliver(1)
    alone.watch.fallen = True
    alone.mover.close()
    assert alone.inbox.depth.events == 2
    assert alone.warehouse.asked == []


@pytest.mark.parametrize("runs", [False, True])
def test_ids_are_forgotten_by_what_each_project_keeps(alone: Alone, *, runs: bool) -> None:
    alone.projects.keep_for("tool", 2)
    dated = int(time.time()) - 3 * 86_400
    with closing(storage.connect(alone.directory)) as connection:
        connection.executemany(
            "INSERT INTO delivery VALUES (?, x'00', ?)", [("tool", dated), ("stuck", dated)]
        )
        if runs:
            alone.mover.start()
            alone.mover.wake()
            until(lambda: connection.execute("SELECT count(*) FROM delivery").fetchone() == (1,))
            alone.mover.close()
        else:
            alone.mover.move_all()
        assert connection.execute("SELECT project FROM delivery").fetchall() == [("stuck",)]
