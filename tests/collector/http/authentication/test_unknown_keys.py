"""A key that nobody knows is told in the collector's log: seldom, and nothing of what came."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from aboveboard.collector.http.authentication.strangers import EVERY, Strangers
from tests.collector.tool import Install, Server, add_project


def test_a_mistyped_key_is_a_line_in_the_collectors_terminal(tmp_path: Path) -> None:
    add_project(tmp_path)
    server = Server(tmp_path)
    assert server.request("POST", "/v1/events", b"{}").status == 401  # as who looks from outside
    for _ in range(20):
        assert server.send("a-secret-of-mine", Install().start()).status == 401
    code, said = server.stop()
    assert code == 0
    (line,) = said.splitlines()
    assert "a request came with a write key that is unknown here: `aboveboard keys list`" in line
    assert "a-secret-of-mine" not in said


def test_a_flood_is_a_line_a_minute_with_its_number(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    strangers = Strangers(lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(3000):
            strangers.note()
            now[0] += EVERY / 1000
    first, *others = [record.getMessage() for record in caplog.records]
    assert first.startswith("a request came")
    assert [line.partition(" ")[0] for line in others] == ["1000", "1000"]
