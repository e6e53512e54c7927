"""A ClickHouse server, and shards, that are killed under load, and the collector with them."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.clickhouse.forms import cluster_url
from tests.clickhouse.node import Node, shards
from tests.collector.test_crash import OfBatches, OfSegments, Sender
from tests.collector.tool import Server, add_project

LONG = bool(os.environ.get("ABOVEBOARD_LONG"))
KILLS = int(os.environ.get("ABOVEBOARD_KILLS", 100 if LONG else 2))


@pytest.mark.parametrize("count", [1, 2] if LONG else [1])
def test_what_was_acknowledged_is_there_once_whatever_is_killed(tmp_path: Path, count: int) -> None:
    nodes = shards(tmp_path, 2) if count == 2 else [Node(tmp_path / "node")]
    for each in nodes:
        each.start()
    key = add_project(tmp_path / "data")
    url = cluster_url(nodes) if count == 2 else nodes[0].url(connect_timeout=2)
    server = Server(tmp_path / "data", "--warehouse", url)
    senders: list[Sender] = [OfSegments(server, key, 1), OfBatches(server, key, 2)]
    for sender in senders:
        sender.start()
    dice = random.Random(7)
    try:
        for turn in range(KILLS):
            time.sleep(dice.uniform(0.3, 1.2))
            if turn % 2 == 0:
                node = dice.choice(nodes)
                node.kill()
                time.sleep(dice.uniform(0, 0.5))
                node.start()
            else:
                server.kill()
                server.start()
    finally:
        for sender in senders:
            sender.stop.set()
        for sender in senders:
            sender.join(60)
    server.settle()
    assert server.stop()[0] == 0
    acknowledged = sorted(number for sender in senders for number in sender.acknowledged)
    assert min(sender.deliveries for sender in senders) > 1
    kept = nodes[0].ask("SELECT tokens FROM project_tool.message_send ORDER BY tokens").split()
    sessions = nodes[0].ask("SELECT count(), uniqExact(session) FROM project_tool._sessions")
    for each in nodes:
        each.kill()
    print(f"{KILLS} kills: {len(acknowledged)} events, each once")
    assert list(map(int, kept)) == acknowledged
    deliveries = sum(sender.deliveries for sender in senders)
    assert sessions.split() == [str(deliveries)] * 2
