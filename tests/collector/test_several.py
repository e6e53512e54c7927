"""Several collectors of one warehouse: what any of them took is there once, and erased for all."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from aboveboard.collector.allowlist import Columns
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.inbox.packing import IDENTITY, identities, pack, unpack_into, without
from aboveboard.collector.inbox.storage import INBOX
from aboveboard.collector.service import Collector
from aboveboard.warehouse import Warehouse, embedded
from aboveboard.warehouse.schema import key as key_of
from aboveboard.warehouse.structure.erased import Erased
from tests import forked
from tests.clickhouse.forms import SERVER, SHARDS, form, of_rows_and_counts
from tests.clickhouse.node import Node
from tests.collector.erasing.forgetful import Forgetful, erase
from tests.collector.senders import SETTLE, Sender, batch
from tests.collector.tool import CATALOG, Answer, Install, Server, add_project, new_id, until

LONG = os.environ.get("ABOVEBOARD_LONG")
KILLS = int(os.environ.get("ABOVEBOARD_KILLS", 100 if LONG else 4))
SEGMENTS = int(os.environ.get("ABOVEBOARD_SEGMENTS", 100_000 if LONG else 600))

SENDERS = 4

BOTH = pytest.mark.parametrize("shared", [SERVER, SHARDS], indirect=True)


@pytest.fixture
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a warehouse that several collectors can have."""
    with form(request, tmp_path) as url:
        yield url


class TestRowsThatWait:
    def test_rows_are_known_by_what_came_with_them(self) -> None:
        merged: dict[str, Columns] = {}
        first: Columns = {"time": [1, 2], "seq": [0, 1], "user_id": ["a", "b"]}
        first[IDENTITY] = ["x", "x"]
        second: Columns = {"time": [3], "seq": [2], "user_id": ["c"]}  # without identities
        unpack_into(merged, pack({"t": first}))
        unpack_into(merged, pack({"t": second}))

        assert identities(merged) == {"t": ["x", "x", None]}
        assert merged == {"t": {"time": [1, 2, 3], "seq": [0, 1, 2], "user_id": ["a", "b", "c"]}}

    def test_rows_are_left_out_one_by_one_and_a_table_with_its_last(self) -> None:
        merged: dict[str, Columns] = {"t": {"time": [1, 2]}, "u": {"time": [3]}, "v": {"time": [4]}}

        left = without(merged, {"t": [True, False], "u": [True]})

        assert left == {"t": {"time": [2]}, "v": {"time": [4]}}

    def test_an_embedded_warehouse_is_nobody_else_s(self, tmp_path: Path) -> None:
        with contextlib.closing(Warehouse(embedded(tmp_path))) as warehouse:
            assert not warehouse.is_shared
            warehouse.ensure("tool", CATALOG)
            assert not {"_claims", "_turns", "_erased"} & warehouse.present("tool").keys()


@pytest.mark.thorough
@BOTH
class TestClaims:
    def test_an_id_belongs_to_the_move_that_claimed_it_first(self, shared: str) -> None:
        one, two = new_id(), new_id()
        with contextlib.closing(Warehouse(shared)) as warehouse:
            warehouse.ensure("tool", CATALOG)
            claims = warehouse.claims("tool")
            assert claims.elsewhere([one], 11) == set()
            assert claims.elsewhere([one, two], 12) == {one}
            assert claims.elsewhere([], 13) == set()
            # A move that is repeated decides as before, whatever came meanwhile.
            assert claims.elsewhere([one], 11) == set()
            assert claims.elsewhere([one, two], 12) == {one}
            assert claims.elsewhere([two], 14) == {two}

    def test_each_id_has_one_move_however_many_claim_it_at_once(self, shared: str) -> None:
        ids = [new_id() for _ in range(40)]
        kept: dict[str, list[int]] = {each: [] for each in ids}
        dice = random.Random(3)
        chosen = [dice.sample(ids, 15) for _ in range(24)]

        def claim(thread: int) -> None:
            with contextlib.closing(Warehouse(shared)) as warehouse:
                for number in range(thread, len(chosen), 4):
                    mine = chosen[number]
                    gone = warehouse.claims("tool").elsewhere(mine, 100 + number)
                    assert warehouse.claims("tool").elsewhere(mine, 100 + number) == gone
                    for each in set(mine) - gone:
                        kept[each].append(number)

        with contextlib.closing(Warehouse(shared)) as warehouse:
            warehouse.ensure("tool", CATALOG)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(claim, range(4)))
        claimed = {each for mine in chosen for each in mine}
        assert {
            each: len(moves) for each, moves in kept.items() if each in claimed
        } == dict.fromkeys(claimed, 1)

    def test_a_token_that_a_killed_server_noted_without_its_row_is_passed_over(
        self, shared: str, request: pytest.FixtureRequest
    ) -> None:
        one = new_id()
        with contextlib.closing(Warehouse(shared)) as warehouse:
            warehouse.ensure("tool", CATALOG)
            claims = warehouse.claims("tool")
            claims.elsewhere([one], 11)
            node, of = _first(request, "_turns")
            node.ask(f"ALTER TABLE {of} DELETE WHERE turn = 1 SETTINGS mutations_sync = 2")
            assert claims.elsewhere([new_id()], 12) == set()
            assert node.ask(f"SELECT turn, move FROM {of}") == "2\t12\n"
            assert claims.elsewhere([one], 12) == set()  # 11 has no turn any more

    def test_claims_that_a_killed_server_noted_without_their_rows_are_made_again(
        self, shared: str, request: pytest.FixtureRequest
    ) -> None:
        one = new_id()
        with contextlib.closing(Warehouse(shared)) as warehouse:
            warehouse.ensure("tool", CATALOG)
            claims = warehouse.claims("tool")
            claims.elsewhere([one], 11)
            node, of = _first(request, "_claims")
            node.ask(f"ALTER TABLE {of} DELETE WHERE 1 SETTINGS mutations_sync = 2")
            assert claims.elsewhere([one], 11) == set()
            assert claims.elsewhere([one], 12) == {one}

    def test_rows_of_claims_go_by_themselves(
        self, shared: str, request: pytest.FixtureRequest
    ) -> None:
        with contextlib.closing(Warehouse(shared)) as warehouse:
            warehouse.ensure("tool", CATALOG, 900)
            warehouse.claims("tool").elsewhere([new_id()], 11)
        for table, days in (("_claims", 40), ("_turns", 70)):
            node, of = _first(request, table)
            node.ask(f"INSERT INTO {of} (move, hour) VALUES (12, now() - INTERVAL {days} DAY)")
            node.ask(f"OPTIMIZE TABLE {of} FINAL")
            assert node.ask(f"SELECT move FROM {of}") == "11\n"


def test_a_replica_is_asked_who_was_erased_when_it_knows_what_the_others_know() -> None:
    """Our machines have no Keeper, which replicas need: what they would be told is looked at."""
    told: list[str] = []

    def ask(sql: str) -> list[tuple[object, ...]]:
        told.append(sql)
        return [(0,)]

    erased = Erased(
        "shard_tool",
        lambda sql, _settings: told.append(sql),
        ask,
        lambda _table, _columns: None,
        is_replicated=True,
    )
    assert erased.among([new_id()]) == set()
    assert told[0] == "SYSTEM SYNC REPLICA `shard_tool`.`_erased` LIGHTWEIGHT"
    assert "count()" in told[1]


def take(collector: Collector, body: bytes) -> None:
    """Have a collector take a segment for its only project."""
    reader = collector.reader(collector.projects.all()[0].keys[0])
    assert reader is not None
    collector.inbox.commit([Delivery("tool", uuid.uuid4(), reader.segments.read(body))])
    collector.mover.wake()


def _first(request: pytest.FixtureRequest, table: str) -> tuple[Node, str]:
    """Return the node on which what is not an install's is kept, and the table's name there."""
    if "node" in request.fixturenames or request.node.callspec.params["shared"] == SERVER:
        return request.getfixturevalue("node"), f"project_tool.{table}"
    return request.getfixturevalue("shards")[0], f"shard_tool.{table}"


class Either(Sender):
    """Sends to one of several collectors, and a tenth of what it sends to all of them."""

    def __init__(self, servers: list[Server], key: str, number: int) -> None:
        super().__init__(servers[0], key, number)
        self.servers = servers
        self.dice = random.Random(number)
        self.twice = 0

    def bring(self, send: Callable[[Server], Answer]) -> None:
        """Have a delivery acknowledged once; its sender may not hear of it and come again."""
        goes = [self.dice.choice(self.servers)]
        if self.dice.random() < 0.3:
            goes = self.dice.sample(self.servers, len(self.servers))
            self.twice += 1
        for server in goes:
            self.insist(partial(send, server))


class SegmentsToEither(Either):
    def deliver(self, told: list[int]) -> None:
        me, identity = Install(), new_id()
        segment = me.start() + b"".join(me.line("message_send", {"tokens": n}) for n in told)
        self.bring(lambda server: server.send(self.key, segment, identity))


class BatchesToEither(Either):
    def deliver(self, told: list[int]) -> None:
        body = batch(self.key, new_id(), told)
        self.bring(lambda server: server.request("POST", "/batch/", body))


def add_same_project(tmp_path: Path) -> str:
    """Add a project to one directory, and bring it to another, as an operator does."""
    key = add_project(tmp_path / "one")
    told = forked.aboveboard("projects", "export", "--data", str(tmp_path / "one"))
    (tmp_path / "projects.json").write_text(told.stdout)
    there = ("--data", str(tmp_path / "two"), str(tmp_path / "projects.json"))
    assert forked.aboveboard("projects", "import", *there).returncode == 0
    return key


@contextlib.contextmanager
def collectors(tmp_path: Path, url: str) -> Iterator[tuple[list[Server], str]]:
    """Give two collectors of one warehouse, with the same project and key."""
    key = add_same_project(tmp_path)
    options = ["--warehouse", url, *(["--cluster", "two_shards"] if "cluster=" in url else [])]
    servers = [Server(tmp_path / name, *options) for name in ("one", "two")]
    try:
        yield servers, key
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.kill()


def answer(url: str, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(Warehouse(url)) as warehouse:
        return warehouse.query(sql, bounded=False).rows


@pytest.mark.thorough
@BOTH
def test_what_either_collector_took_is_there_once_whatever_is_killed(
    tmp_path: Path, shared: str, request: pytest.FixtureRequest
) -> None:
    with collectors(tmp_path, shared) as (servers, key):
        senders: list[Either] = [
            *(SegmentsToEither(servers, key, number) for number in (1, 2)),
            *(BatchesToEither(servers, key, number) for number in (3, 4)),
        ]
        for sender in senders:
            sender.start()
        dice = random.Random(11)
        try:
            for _ in range(KILLS):
                time.sleep(dice.uniform(0.2, 1.5))
                victim = dice.choice(servers)
                victim.kill()
                victim.start()
        finally:
            for sender in senders:
                sender.stop.set()
            for sender in senders:
                sender.join(60)
        for server in servers:
            server.settle(SETTLE)
            assert server.stop()[0] == 0
    acknowledged = sorted(number for sender in senders for number in sender.acknowledged)
    assert sum(sender.twice for sender in senders) > 3
    print(f"{KILLS} kills: {len(acknowledged)} events, each once")
    assert_each_once(request, acknowledged)


def assert_each_once(request: pytest.FixtureRequest, told: list[int]) -> None:
    """See that the messages with these numbers are there, and that what is kept of them agrees."""
    url = request.getfixturevalue("shared")
    kept = answer(url, "SELECT tokens FROM project_tool.message_send ORDER BY tokens")
    assert [int(str(number)) for (number,) in kept] == told
    is_one = request.node.callspec.params["shared"] == SERVER
    nodes = [request.getfixturevalue("node")] if is_one else request.getfixturevalue("shards")
    for node in nodes:
        rows, counts = of_rows_and_counts(node, "project_tool" if is_one else "shard_tool")
        assert rows == counts != []


@pytest.mark.thorough
@BOTH
def test_segments_that_come_to_either_collector_or_to_both_are_there_once(
    tmp_path: Path, shared: str, request: pytest.FixtureRequest
) -> None:
    installs = [new_id() for _ in range(SEGMENTS // 20)]
    twice = [0] * SENDERS

    def send(servers: list[Server], key: str, sender: int) -> None:
        dice = random.Random(sender)
        for number in range(sender, SEGMENTS, SENDERS):
            me, identity = Install(dice.choice(installs)), new_id()
            said = (me.line("message_send", {"tokens": 2 * number + each}) for each in (0, 1))
            segment = me.start() + b"".join(said)
            goes = [dice.choice(servers)]
            if dice.random() < 0.1:
                goes = dice.sample(servers, 2)
                twice[sender] += 1
            for server in goes:
                assert server.send(key, segment, identity).status == 200

    with collectors(tmp_path, shared) as (servers, key):
        with ThreadPoolExecutor(SENDERS) as threads:
            for sending in [threads.submit(send, servers, key, each) for each in range(SENDERS)]:
                sending.result()
        for server in servers:
            server.settle(SETTLE)
            assert server.stop()[0] == 0
    print(f"{SEGMENTS} segments to two collectors, {sum(twice)} of them to both: each once")
    assert SEGMENTS / 20 < sum(twice) < SEGMENTS / 5
    assert_each_once(request, list(range(2 * SEGMENTS)))
    sessions = "SELECT count(), uniqExact(session), uniqExact(user_id) FROM project_tool._sessions"
    ((rows, kept, users),) = answer(shared, sessions)
    assert (rows, kept) == (SEGMENTS, SEGMENTS)
    assert len(installs) * 0.9 < int(str(users)) <= len(installs)


@pytest.mark.thorough
@BOTH
def test_an_install_that_one_collector_erased_is_gone_from_what_the_other_has(
    tmp_path: Path, shared: str
) -> None:
    me = Forgetful()
    rows = (
        "SELECT (SELECT count() FROM project_tool.sessions), "
        "(SELECT count() FROM project_tool.message_send)"
    )
    with collectors(tmp_path, shared) as ((one, two), key):
        old = batch(key, me.user_id, [1, 2, 3])
        assert one.send(key, me.run()).status == 200
        assert two.request("POST", "/batch/", old).status == 200
        for server in (one, two):
            server.settle()
        assert answer(shared, rows) != [(0, 0)]

        assert erase(one, key, me.request()).status in (200, 202)
        until(lambda: answer(shared, rows) == [(0, 0)], seconds=60)
        assert answer(shared, "SELECT 1 FROM project_tool._sessions") == []

        # What comes to the other one later does not stay, and is not taken from then on.
        assert two.send(key, me.run()).status == 200
        two.settle()
        assert two.request("POST", "/batch/", batch(key, me.user_id, [4])).status == 200
        two.settle()
        assert answer(shared, rows) == [(0, 0)]
        somebody = Install()
        assert two.send(key, somebody.segment(2)).status == 200
        two.settle()
        assert answer(shared, rows) == [(1, 2)]
        for server in (one, two):
            assert server.stop()[0] == 0
    assert str(uuid.UUID(me.user_id)) not in str(
        answer(shared, "SELECT * FROM project_tool._sessions")
    )


@pytest.mark.thorough
@pytest.mark.parametrize("shared", [SERVER], indirect=True)
def test_rows_that_were_inserted_while_another_collector_erased_are_erased_after_them(
    tmp_path: Path, shared: str
) -> None:
    """The move has asked who was erased; then the install is erased; then its rows are inserted."""
    me = Install()
    add_same_project(tmp_path)
    reached, goes_on = threading.Event(), threading.Event()

    def pause(step: str) -> None:
        if step == "inserted" and not reached.is_set():
            reached.set()
            assert goes_on.wait(60)

    with (
        contextlib.closing(Collector(tmp_path / "one", shared)) as one,
        contextlib.closing(Collector(tmp_path / "two", shared, _crash=pause)) as two,
    ):
        one.start()
        two.start()
        reader = two.reader(two.projects.all()[0].keys[0])
        assert reader is not None
        read = reader.segments.read(me.segment(3))
        two.inbox.commit([Delivery("tool", uuid.uuid4(), read)])
        two.mover.wake()
        assert reached.wait(30)
        one.eraser.requests.ask("tool", me.user_id)
        one.eraser.wake()
        until(lambda: _all_gone(one), seconds=60)
        assert answer(shared, "SELECT 1 FROM project_tool.message_send") == []
        goes_on.set()
        tables = ("message_send", "sessions")
        until(
            lambda: (
                all(answer(shared, f"SELECT 1 FROM project_tool.{each}") == [] for each in tables)
                and _all_gone(two)
                and two.inbox.depth.bytes("tool") == 0
            ),
            seconds=60,
        )


@pytest.mark.thorough
@pytest.mark.parametrize("shared", [SERVER], indirect=True)
def test_a_collector_makes_tables_again_that_another_one_removed_with_the_project(
    tmp_path: Path, shared: str
) -> None:
    add_same_project(tmp_path)
    with contextlib.closing(Collector(tmp_path / "two", shared)) as two:
        two.start()
        for lines in (3, 2):
            take(two, Install().segment(lines))
            until(lambda: two.inbox.depth.bytes("tool") == 0, seconds=60)
            assert answer(shared, "SELECT count() FROM project_tool.message_send") == [(lines,)]
            with contextlib.closing(Warehouse(shared)) as another:
                another.drop("tool")


@pytest.mark.thorough
@BOTH
def test_who_was_erased_stays_out_when_the_project_is_removed_at_one_collector(
    tmp_path: Path, shared: str
) -> None:
    gone, asked, other = Install(), Install(), Install()
    add_same_project(tmp_path)
    with contextlib.closing(Collector(tmp_path / "two", shared)) as two:
        for each in (gone, asked, other):
            take(two, each.segment(2))
        with contextlib.closing(Collector(tmp_path / "one", shared)) as one:
            one.eraser.requests.ask("tool", gone.user_id)
            one.eraser.erase_all("tool")
            one.eraser.requests.ask("tool", asked.user_id)  # not carried out before the end
            one.remove_project("tool")
            left = answer(shared, "SELECT name FROM system.tables WHERE database LIKE '%\\_tool'")
            assert left == [("_erased",)]
        two.start()
        until(lambda: two.inbox.depth.bytes("tool") == 0, seconds=60)
        for table, rows in (("message_send", 2), ("sessions", 1)):
            kept = answer(shared, f"SELECT user_id FROM project_tool.{table}")
            assert kept == [(key_of(other.user_id),)] * rows
        # Who removes it there too leaves no more than that either.
    with contextlib.closing(Collector(tmp_path / "two", shared)) as two:
        two.remove_project("tool")
    left = answer(shared, "SELECT name FROM system.tables WHERE database LIKE '%\\_tool'")
    assert left == [("_erased",)]


@pytest.mark.thorough
@BOTH
def test_a_running_collector_waits_once_a_newer_one_has_changed_the_tables_for_it(
    tmp_path: Path, shared: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    add_same_project(tmp_path)
    with contextlib.closing(Collector(tmp_path / "two", shared)) as two:
        two.start()
        take(two, Install().segment(2))
        until(lambda: two.inbox.depth.bytes("tool") == 0, seconds=60)
        node, of = _first(request, "_versions")
        node.ask(
            f"INSERT INTO {of} (step, date, name, oldest, by) "
            "VALUES (99, '2030-01-01', 'later', 99, '9.9.9')"
        )
        take(two, Install().segment(2))
        until(lambda: "tool" in two.mover.troubles(), seconds=60)
        assert "aboveboard 9.9.9, which this one" in caplog.text
        assert two.inbox.depth.bytes("tool") > 0
        assert answer(shared, "SELECT count() FROM project_tool.message_send") == [(2,)]
        node.ask(f"ALTER TABLE {of} DELETE WHERE step = 99 SETTINGS mutations_sync = 2")
        until(lambda: two.inbox.depth.bytes("tool") == 0, seconds=60)
        assert answer(shared, "SELECT count() FROM project_tool.message_send") == [(4,)]


@pytest.mark.thorough
@pytest.mark.parametrize("shared", [SERVER], indirect=True)
def test_what_waited_in_a_backup_counts_once_though_it_was_moved_since(
    tmp_path: Path, shared: str
) -> None:
    """A directory is lost, and its backup started against the server that has its rows."""
    key = add_project(tmp_path / "one")
    gone = Forgetful()

    def told() -> list[tuple[object, ...]]:
        rows = "(SELECT count() FROM project_tool.sessions)"
        return answer(shared, f"SELECT count(), {rows} FROM project_tool.message_send")

    with contextlib.closing(Collector(tmp_path / "one", shared)) as one:
        reader = one.reader(key)
        assert reader is not None
        for each in (Install().segment(3), Install().segment(4), gone.run()):
            one.inbox.commit([Delivery("tool", uuid.uuid4(), reader.segments.read(each))])
        begun = one.mover._begin()
        assert begun is not None
        last = reader.segments.read(Install().segment(5))  # behind the move
        one.inbox.commit([Delivery("tool", uuid.uuid4(), last)])
        backup(one.directory, tmp_path / "copy")
        backup(one.directory, tmp_path / "before")
        with contextlib.closing(sqlite3.connect(tmp_path / "before" / INBOX)) as inbox, inbox:
            inbox.execute("DELETE FROM move")  # as if it had been made before the move was begun
        one.mover.move_all("tool")
        one.eraser.requests.ask("tool", gone.user_id)
        one.eraser.erase_all("tool")
    assert told() == [(12, 3)]
    for name in ("copy", "before"):
        with contextlib.closing(Collector(tmp_path / name, shared)) as restored:
            restored.mover.move_all("tool")
            assert restored.inbox.depth.bytes("tool") == 0
            assert told() == [(12, 3)]


def backup(directory: Path, to: Path) -> None:
    """Copy a data directory as `aboveboard backup` does: its files as SQLite has them."""
    to.mkdir(mode=0o700)
    for each in directory.glob("*.sqlite"):
        with (
            contextlib.closing(sqlite3.connect(each)) as source,
            contextlib.closing(sqlite3.connect(to / each.name)) as copy,
        ):
            source.backup(copy)


def _all_gone(collector: Collector) -> bool:
    receipts = [receipt for _, receipt in collector.eraser.requests.receipts("tool")]
    return bool(receipts) and all(receipt.gone is not None for receipt in receipts)
