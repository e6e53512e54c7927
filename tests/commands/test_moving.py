"""From the embedded engine to a server, to a cluster, and back, by export and import."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard import commands
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.inbox.moves import Moves
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Collector, Reader
from tests import forked
from tests.clickhouse.forms import cluster_url
from tests.clickhouse.node import NAME, Node
from tests.collector.tool import Install, Server, add_project

INSTALLS = 30
MESSAGES = 4


def deliver(data: Path, segments: Sequence[bytes]) -> None:
    with closing(Collector(data)) as collector:
        project = collector.projects.get("tool")
        assert project is not None
        for each in segments:
            accepted = Reader(project).segments.read(each)
            collector.inbox.commit([Delivery("tool", uuid.uuid4(), accepted)])


@pytest.mark.thorough
def test_a_project_moves_up_and_back_with_equal_rows_while_events_keep_coming(
    node: Node, shards: list[Node], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms: dict[str, list[str]] = {
        "here": [],
        "server": ["--warehouse", node.url()],
        "cluster": ["--warehouse", cluster_url(shards).partition("?")[0], "--cluster", NAME],
        "back": [],
    }

    def run(command: str, *words: str, at: str) -> str:
        of = ("--project", "tool", "--data", str(tmp_path / at), *forms[at])
        capsys.readouterr()
        assert commands.main([command, *words, *of]) == 0
        return capsys.readouterr().out

    def lines(place: str) -> Counter[str]:
        run("export", "-o", str(tmp_path / f"{place}.jsonl"), at=place)
        return Counter((tmp_path / f"{place}.jsonl").read_text().splitlines()[1:])

    for place in forms:
        add_project(tmp_path / place)
    sent = [Install().segment(MESSAGES) for _ in range(INSTALLS)]
    try:
        deliver(tmp_path / "here", sent[:-5])
        lines("here")
        run("import", str(tmp_path / "here.jsonl"), at="server")
        deliver(tmp_path / "here", sent[-5:])  # tools still send to the old place
        everything = lines("here")
        assert sum(everything.values()) == INSTALLS * (MESSAGES + 1)
        for old, new in itertools.pairwise(forms):
            lacking = (5 if new == "server" else INSTALLS) * (MESSAGES + 1)
            told = run("import", str(tmp_path / f"{old}.jsonl"), at=new)
            assert told.startswith(f"{lacking} events of an export taken")
            assert lines(new) == everything
        told = run("import", str(tmp_path / "cluster.jsonl"), at="cluster")
        assert told.startswith("0 events of an export taken")
    finally:
        for each in (node, *shards):
            each.clear()


@pytest.mark.thorough
def test_what_waited_when_the_embedded_engine_was_left_for_a_server_is_there_once(
    node: Node, tmp_path: Path
) -> None:
    """A killed collector is started with a server at once, and its own warehouse brought after."""
    key = add_project(tmp_path)
    deliver(tmp_path, [Install().segment(3)])
    with closing(Projects(tmp_path)) as projects, closing(Inbox(tmp_path)) as inbox:
        project = projects.get("tool")
        assert project is not None
        accepted = Reader(project).segments.read(Install().segment(4))
        inbox.commit([Delivery("tool", uuid.uuid4(), accepted)])
        with closing(Moves(tmp_path, inbox.depth)) as moves:
            assert moves.begin() is not None  # as one that is killed in a move leaves it
    there = ("--warehouse", node.url())
    of = ("--project", "tool", "--data", str(tmp_path))
    file = str(tmp_path / "here.jsonl")
    rows = "SELECT (SELECT count() FROM project_tool.sessions), count() FROM project_tool."
    try:
        moved = Server(tmp_path, *there)
        assert moved.send(key, Install().segment(5)).status == 200
        moved.settle()
        assert moved.stop()[0] == 0
        assert node.ask(f"{rows}message_send") == "2\t9\n"
        assert forked.aboveboard("export", *of, "-o", file).returncode == 0
        for _ in range(2):
            assert forked.aboveboard("import", *of, *there, file).returncode == 0
            assert node.ask(f"{rows}message_send") == "3\t12\n"
    finally:
        node.clear()
