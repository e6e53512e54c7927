"""A ClickHouse server or a shard that is killed under load by both protocols, or the collector."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.clickhouse.forms import SERVER, SHARDS, cluster_url, of_rows_and_counts
from tests.clickhouse.node import NAME, Node
from tests.clickhouse.node import shards as of
from tests.collector.test_crash import OfBatches, OfSegments, Sender
from tests.collector.tool import Server, add_project

KILLS = int(os.environ.get("ABOVEBOARD_KILLS", 100 if os.environ.get("ABOVEBOARD_LONG") else 2))
"""Of each: of every node, and of the collector."""

SETTLE = 900
"""Seconds: while a node is killed every second or two, hardly a move comes to its end."""


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
