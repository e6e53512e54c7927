"""A cluster: rows by install on two shards, and the nodes that come and go."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.service import Collector, Reader
from aboveboard.warehouse import Warehouse, WarehouseError, Which, database
from aboveboard.warehouse.schema import key
from aboveboard.warehouse.structure.tables import Tables
from aboveboard.warehouse.transfer.exchange import Choice, Exchange
from tests.clickhouse.forms import cluster_url
from tests.clickhouse.node import NAME, STRICT, Node
from tests.clickhouse.node import shards as of
from tests.collector.tool import CATALOG, NOW, Install, Server, add_project, until
from tests.warehouse.granted import do_everything, grants, refused
from tests.warehouse.tables import Grown, Other, Sent, row, rows

INSTALLS = 24


@pytest.fixture
def url(shards: list[Node]) -> Iterator[str]:
    yield cluster_url(shards)
    for each in shards:
        each.clear()


def deliver(collector: Collector, *segments: bytes) -> None:
    project = collector.projects.get("tool")
    assert project is not None
    for each in segments:
        accepted = Reader(project).segments.read(each)
        collector.inbox.commit([Delivery("tool", uuid.uuid4(), accepted)])


def counts(nodes: list[Node], table: str = "message_send") -> list[int]:
    """Return how many rows each shard has."""
    return [int(each.ask(f"SELECT count() FROM shard_tool.{table}")) for each in nodes]


def count(warehouse: Warehouse, table: str = "message_send", project: str = "tool") -> object:
    return warehouse.query(f"SELECT count() FROM {database(project)}.{table}").rows[0][0]


class TestWhatAUrlSays:
    def test_several_hosts_are_a_cluster_whose_name_is_told(self) -> None:
        assert "name the cluster with --cluster" in refused("http://u:secret@one,two/")

    def test_a_cluster_that_is_not_there_is_told_beside_those_that_are(self, url: str) -> None:
        said = refused(url.replace(NAME, "mine"))
        assert f"there is no cluster 'mine' (there is: {NAME})" in said

    def test_every_node_is_named_once(self, url: str, shards: list[Node]) -> None:
        one, two = (f"127.0.0.1:{each.http}" for each in shards)
        said = refused(url.replace(f",{two}", ""))
        assert "has 2 nodes, and the URL names 1" in said
        assert "127.0.0.1 (shard 2)" in said
        assert "names a node twice" in refused(url.replace(two, one))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aboveboard", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.thorough
class TestTheCommandLine:
    def test_a_collector_serves_from_a_cluster_that_is_named_beside_its_nodes(
        self, url: str, shards: list[Node], tmp_path: Path
    ) -> None:
        key = add_project(tmp_path)
        server = Server(tmp_path, "--warehouse", url.partition("?")[0], "--cluster", NAME)
        for _ in range(INSTALLS):
            assert server.send(key, Install().segment(2)).status == 200
        server.settle()
        for page in ("events", "versions"):
            told = server.request("GET", f"/insights/{page}.json?project=tool")
            assert told.status == 200
        assert server.stop() == (0, "")
        assert min(counts(shards)) > 0
        assert sum(counts(shards)) == 2 * INSTALLS

    def test_a_cluster_without_nodes_is_refused_in_one_line(self, tmp_path: Path) -> None:
        ended = run("serve", "--data", str(tmp_path), "--cluster", "mine")
        assert ended.returncode == 1
        assert "name each of its nodes with --warehouse" in ended.stderr
        assert ended.stderr.count("\n") == 1
        assert (
            "name each of its nodes"
            in run("doctor", "--data", str(tmp_path), "--cluster", "x").stdout
        )


@pytest.mark.thorough
class TestRowsOnTwoShards:
    def test_an_installs_rows_are_on_one_shard_and_a_repeated_move_changes_nothing(
        self, url: str, shards: list[Node], tmp_path: Path
    ) -> None:
        left = ["followed"] * 2

        def crash(step: str) -> None:
            if left and step == left[0]:
                left.pop()
                raise KeyboardInterrupt

        with closing(Collector(tmp_path, url, _crash=crash)) as collector:
            collector.add_project("tool", CATALOG)
            deliver(collector, *(Install().segment(3) for _ in range(INSTALLS)))
            for _ in "two":
                if left:
                    with pytest.raises(KeyboardInterrupt):
                        collector.mover.move_all()
            collector.mover.move_all()
            assert count(collector.warehouse) == 3 * INSTALLS
            assert count(collector.warehouse, "_sessions") == INSTALLS
        assert min(counts(shards)) > 0
        assert sum(counts(shards)) == 3 * INSTALLS
        asked = "SELECT DISTINCT user_id FROM shard_tool.message_send SETTINGS limit = 0"
        users = [set(each.ask(asked).split()) for each in shards]
        assert users[0].isdisjoint(users[1])

    def test_what_one_shard_lost_comes_with_the_repeated_move(
        self, url: str, shards: list[Node], tmp_path: Path
    ) -> None:
        inserts: list[str] = []

        def crash(step: str) -> None:
            inserts.append(step)
            if step == "inserted" and inserts.count(step) == 2:
                raise KeyboardInterrupt

        with closing(Collector(tmp_path, url, _crash=crash)) as collector:
            collector.add_project("tool", CATALOG)
            deliver(collector, *(Install().segment(3) for _ in range(INSTALLS)))
            with pytest.raises(KeyboardInterrupt):
                collector.mover.move_all()
            before = counts(shards)
            shards[1].ask("TRUNCATE TABLE shard_tool.message_send")
            collector.mover.move_all()
            assert counts(shards) == before

    def test_installs_are_erased_wherever_they_are(
        self, url: str, shards: list[Node], tmp_path: Path
    ) -> None:
        with closing(Collector(tmp_path, url)) as collector:
            collector.add_project("tool", CATALOG)
            everyone = [Install() for _ in range(INSTALLS)]
            deliver(collector, *(each.segment(2) for each in everyone))
            collector.mover.move_all()
            gone = tuple(each.user_id for each in everyone[: INSTALLS // 2])
            erasing = collector.warehouse.erasing("tool")
            which = Which(gone)
            erasing.prepare()
            assert len(erasing.sessions(which)) == len(gone)
            tables = erasing.count(which)
            assert tables == {"message_send": 2 * len(gone), "sessions": len(gone)}
            erasing.begin(which, tables)
            until(erasing.is_done)
            old = erasing.old_parts(tables)
            erasing.hurry(tables)

            def is_removed() -> bool:
                erasing.wake(tables)
                return not old & erasing.old_parts(tables)

            until(is_removed, seconds=120)
            erasing.end(tables)
            assert count(collector.warehouse) == 2 * (INSTALLS - len(gone))
            left = collector.warehouse.query("SELECT user_id FROM project_tool.message_send").rows
            assert {each for (each,) in left} == {
                key(each.user_id) for each in everyone[INSTALLS // 2 :]
            }

    def test_an_export_comes_back_each_row_once(
        self, url: str, shards: list[Node], tmp_path: Path
    ) -> None:
        with closing(Collector(tmp_path, url)) as collector:
            collector.add_project("tool", CATALOG)
            deliver(collector, *(Install().segment(2) for _ in range(INSTALLS)))
            collector.mover.move_all()
            exchange = Exchange(collector.warehouse)
            told = b"".join(
                exchange.lines("tool", CATALOG, Choice(), piece)
                for piece in exchange.pieces("tool", CATALOG, Choice())
            )
            assert told.count(b"\n") == 3 * INSTALLS
            assert b"00000000-0000-4000-" not in told  # each id is the whole one
            user = str(uuid.uuid4())
            ids: dict[str, list[object]] = {
                "user_id": [user] * 3, "session": [user] * 3, "seq": [1, 2, 3],
                "time": [NOW] * 3, "_move": [1, 2, 1],
            }  # fmt: skip
            assert exchange.merge("tool", 7, "launched", ids) == 4
            assert exchange.merge("tool", 8, "launched", ids) == 0
            assert sum(counts(shards, "launched")) == 4


@pytest.mark.thorough
class TestANodeThatIsAway:
    @pytest.fixture
    def nodes(self, tmp_path: Path) -> Iterator[list[Node]]:
        nodes = of(tmp_path, 2)
        for each in nodes:
            each.start()
        yield nodes
        for each in nodes:
            each.kill()

    def test_questions_and_inserts_fail_and_growth_waits_until_it_is_back(
        self, nodes: list[Node], tmp_path: Path
    ) -> None:
        url = cluster_url(nodes)
        with closing(Warehouse(url)) as warehouse:
            warehouse.ensure("tool", Catalog.of("tool", [Sent]))
            for number in range(INSTALLS):
                warehouse.insert("tool", "sent", row(tokens=number), str(number))
        for away in nodes:
            away.kill()
            with closing(Warehouse(url)) as warehouse:
                warehouse.ensure("tool", Catalog.of("tool", [Sent]))  # nothing new: it may start
                with pytest.raises(WarehouseError, match="does not answer"):
                    rows(warehouse)
                with pytest.raises(WarehouseError, match="ClickHouse does not answer"):
                    warehouse.ensure("tool", Catalog.of("tool", [Grown, Other]))
                here = next(each for each in nodes if each is not away)
                assert "other" not in here.ask("SHOW TABLES FROM shard_tool").split()
                away.start()
                assert rows(warehouse) == [(INSTALLS,)]
        with closing(Warehouse(url)) as warehouse:
            warehouse.ensure("tool", Catalog.of("tool", [Grown, Other]))
            warehouse.insert("tool", "sent", row(how="fast"), "grown")
            assert rows(warehouse, "countIf(how = 'fast'), count()") == [(1, INSTALLS + 1)]
        for each in nodes:
            assert "other" in each.ask("SHOW TABLES FROM shard_tool").split()
            assert "how" in each.ask("DESCRIBE TABLE project_tool.sent")


def test_tables_with_rows_are_as_replicas_want_them(shards: list[Node]) -> None:
    """Without a Keeper, which our machines have none of, ClickHouse refuses them for that alone."""
    replicated = re.compile(r"ENGINE = Replicated(\w+)\('[^']*', '[^']*'(?:, )?")
    refusals: list[str] = []

    def command(sql: str, settings: Mapping[str, object]) -> None:
        if replicated.search(sql):
            with pytest.raises(WarehouseError) as refused:
                writer.command(sql, settings)
            refusals.append(str(refused.value))
        writer.command(replicated.sub(r"ENGINE = \1(", sql), settings)

    with closing(Warehouse(shards[0].url())) as warehouse:
        writer = warehouse._writer
        insert = partial(warehouse._write, "shard_tool")
        tables = Tables(
            *("tool", "shard_tool", command, writer.ask, insert),
            is_replicated=True,
            is_shared=True,
        )
        for catalog in (Catalog.of("tool", [Sent]), Catalog.of("tool", [Grown, Other])):
            tables.make(catalog, 90)
            assert tables.is_made(catalog)
    made = shards[0].ask("SHOW TABLES FROM shard_tool SETTINGS limit = 0").split()
    shards[0].clear()
    assert len(refusals) == len({*made} - {"_sessions", "_versions"})
    assert all("ZooKeeper" in each for each in refusals), refusals


@pytest.mark.thorough
def test_the_documented_grants_suffice_on_a_cluster_whose_nodes_trust_each_other(
    tmp_path: Path,
) -> None:
    nodes = of(tmp_path, 2)
    remote = {NAME: {"secret": "among themselves", **nodes[0].settings["remote_servers"][NAME]}}  # type: ignore[index]
    user = {"password": "secret", "grants": {"query": grants() + grants("grants of a cluster")}}
    for each in nodes:
        each.settings |= {**STRICT, "remote_servers": remote}
        each.users = {"aboveboard": user}
        each.start()
    try:
        url = cluster_url(nodes).replace("default:@", "aboveboard:secret@")
        do_everything(url, tmp_path / "data")
        assert nodes[0].ask("SHOW TABLES FROM shard_tool") == "_erased\n"
        assert "project_tool" not in nodes[0].ask("SHOW DATABASES")
        assert "_tool" not in nodes[1].ask("SHOW DATABASES")
    finally:
        for each in nodes:
            each.kill()
