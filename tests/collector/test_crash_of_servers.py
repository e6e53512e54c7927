"""A ClickHouse server or a shard that is killed under load by both protocols, or the collector."""

from __future__ import annotations

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clickhouse.forms import SERVER, SHARDS, cluster_url, of_rows_and_counts
from tests.clickhouse.node import NAME, Node
from tests.clickhouse.node import shards as of
from tests.collector.senders import SETTLE, OfBatches, OfSegments, Sender
from tests.collector.tool import Install, Server, add_project

KILLS = int(os.environ.get("ABOVEBOARD_KILLS", 100 if os.environ.get("ABOVEBOARD_LONG") else 2))
"""Of each: of every node, and of the collector."""


@pytest.mark.thorough
@pytest.mark.parametrize("form", [SERVER, SHARDS])
def test_what_was_acknowledged_is_there_once_whatever_is_killed(tmp_path: Path, form: str) -> None:
    nodes = [Node(tmp_path / "node")] if form == SERVER else of(tmp_path, 2)
    for node in nodes:
        node.start()
    url, options = nodes[0].url(connect_timeout=2), list[str]()
    if form == SHARDS:
        url, options = f"{cluster_url(nodes).partition('?')[0]}?connect_timeout=2", ["--cluster"]
        options.append(NAME)
    key = add_project(tmp_path / "data")
    server = Server(tmp_path / "data", "--warehouse", url, *options)
    senders: list[Sender] = [OfSegments(server, key, 1), OfBatches(server, key, 2)]
    for sender in senders:
        sender.start()
    dice = random.Random(7)
    victims: list[Node | Server] = [*nodes, server]
    try:
        for turn in range(KILLS * len(victims)):
            time.sleep(dice.uniform(0.3, 1.2))
            victim = victims[turn % len(victims)]
            victim.kill()
            if isinstance(victim, Node):
                time.sleep(dice.uniform(0, 0.5))
            victim.start()
    finally:
        for sender in senders:
            sender.stop.set()
        for sender in senders:
            sender.join(60)
    server.settle(SETTLE)
    assert server.stop()[0] == 0
    acknowledged = sorted(number for sender in senders for number in sender.acknowledged)
    assert min(sender.deliveries for sender in senders) > 1
    deliveries = sum(sender.deliveries for sender in senders)
    kept = nodes[0].ask("SELECT tokens FROM project_tool.message_send ORDER BY tokens").split()
    sessions = nodes[0].ask("SELECT count(), uniqExact(session) FROM project_tool._sessions")
    database = "project_tool" if form == SERVER else "shard_tool"
    told = [of_rows_and_counts(node, database) for node in nodes]
    asked = f"SELECT DISTINCT user_id FROM {database}.message_send"
    installs = [node.ask(asked).split() for node in nodes]
    for node in nodes:
        node.kill()
    print(
        f"{KILLS} kills of the collector and as many of each of {len(nodes)} nodes: "
        f"{len(acknowledged)} events of {deliveries} installs, each once"
    )
    assert list(map(int, kept)) == acknowledged
    assert sessions.split() == [str(deliveries)] * 2
    assert all(rows == counts != [] for rows, counts in told)
    # Each install is on one node, and each node has some.
    assert sum(map(len, installs)) == len(set().union(*installs)) == deliveries
    assert all(installs)


LINES = {
    "one of ClickHouse's shards does not answer",
    "ClickHouse ended while it was asked",
    "ClickHouse does not answer; start the server, or correct the URL",
}
"""Which, depends on whether the node that ends was the one that was asked, and how far it was."""
PAGES = ("/?project=tool", "/errors?project=tool", "/insights/totals.json?project=tool")


@pytest.mark.thorough
def test_a_node_that_ends_in_a_question_ends_that_question_alone(tmp_path: Path) -> None:
    nodes = of(tmp_path, 2)
    for node in nodes:
        node.start()
    key = add_project(tmp_path / "data")
    url = cluster_url(nodes).partition("?")[0]
    server = Server(tmp_path / "data", "--warehouse", url, "--cluster", NAME)
    try:
        for turn, node in enumerate(nodes, 1):
            assert server.send(key, Install().segment(3)).status == 200
            server.settle()
            told = server.request("GET", PAGES[-1])
            assert told.status == 200, told.body
            assert node.process is not None
            # As a question finds it that has begun, however quick the machine is.
            node.process.send_signal(signal.SIGSTOP)
            with ThreadPoolExecutor(len(PAGES)) as asking:
                asked = [asking.submit(server.request, "GET", page) for page in PAGES]
                time.sleep(2)
                assert server.send(key, Install().segment(3)).status == 200
                assert server.request("GET", "/readyz").status == 200
                assert not any(each.done() for each in asked)
                node.kill()
                answers = [each.result() for each in asked]
            assert [each.status for each in answers] == [503] * len(PAGES)
            *pages, data = answers
            assert {each.body.decode().strip() for each in pages} <= LINES
            assert data.json()["error"] in LINES
            assert server.request("GET", PAGES[0]).status == 503
            assert server.send(key, Install().segment(3)).status == 200
            node.start()
            server.settle(60)
            told = server.request("GET", PAGES[-1])
            assert told.status == 200, told.body
            assert told.json()["rows"] == [[3 * turn, 3 * turn, 9 * turn, 4.5 * turn]]
        assert server.stop()[0] == 0
    finally:
        for node in nodes:
            node.kill()
