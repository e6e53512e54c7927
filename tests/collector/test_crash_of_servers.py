"""A ClickHouse server that is killed under load, by both protocols, and the collector with it."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.clickhouse.node import Node
from tests.collector.test_crash import OfBatches, OfSegments, Sender
from tests.collector.tool import Server, add_project

KILLS = int(os.environ.get("ABOVEBOARD_KILLS", 100 if os.environ.get("ABOVEBOARD_LONG") else 2))


@pytest.mark.thorough
def test_what_was_acknowledged_is_there_once_whatever_is_killed(tmp_path: Path) -> None:
    node = Node(tmp_path / "node").start()
    key = add_project(tmp_path / "data")
    server = Server(tmp_path / "data", "--warehouse", node.url(connect_timeout=2))
    senders: list[Sender] = [OfSegments(server, key, 1), OfBatches(server, key, 2)]
    for sender in senders:
        sender.start()
    dice = random.Random(7)
    try:
        for turn in range(KILLS):
            time.sleep(dice.uniform(0.3, 1.2))
            if turn % 2 == 0:
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
    kept = node.ask("SELECT tokens FROM project_tool.message_send ORDER BY tokens").split()
    sessions = node.ask("SELECT count(), uniqExact(session) FROM project_tool._sessions")
    node.kill()
    print(f"{KILLS} kills: {len(acknowledged)} events, each once")
    assert list(map(int, kept)) == acknowledged
    deliveries = sum(sender.deliveries for sender in senders)
    assert sessions.split() == [str(deliveries)] * 2
