"""One bug is one group, in every version in which nothing but the code's shape changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from aboveboard.catalog import exceptions
from tests.insights.conftest import Data, Project
from tests.insights.grouping import v1
from tests.insights.population import Happening, fill
from tests.insights.shelf import BUGS, VERSIONS, write

# tests/catalog/test_exceptions.py holds what a frame is reduced to, test_groups.py how they group.
pytestmark = pytest.mark.thorough

PROGRAM = """
import sys, threading
sys.path[:0] = [{folder!r}, {sources!r}]
from aboveboard import Analytics
from shelf import main
analytics = Analytics(app="shelf", version={version!r}, catalog=[], packages=["shelf"],
                      endpoint="http://127.0.0.1:9", key="k", url="https://shelf.example")
analytics.open({{"analytics_log": {log!r}}})
for turn in range(4):
    for bug in {bugs!r}:
        each = threading.Thread(target=main.main, args=(bug, turn + 1))
        each.start()
        each.join()
"""
SOURCES = str(Path(__file__).parents[2] / "src")
TURNS = 4
Error = dict[str, object]


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Error]]:
    """What the client told of each bug's crashes, over all versions; each really crashed."""
    running = []
    for version in VERSIONS:
        folder = tmp_path_factory.mktemp("shelf")
        write(version, folder)
        log = folder / "log"
        (folder / "run.py").write_text(
            PROGRAM.format(
                folder=str(folder), sources=SOURCES, version=version, log=str(log), bugs=BUGS
            )
        )
        environ = {"HOME": str(folder), "PATH": os.environ["PATH"]}
        program = subprocess.Popen(
            [sys.executable, str(folder / "run.py")], env=environ, stderr=subprocess.DEVNULL
        )
        running.append((program, log))
    found: dict[str, list[Error]] = defaultdict(list)
    for program, log in running:
        assert program.wait() == 0
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        errors = [line["properties"]["error"] for line in lines if line["event"] == "exception"]
        assert len(errors) == TURNS * len(BUGS)
        for number, error in enumerate(errors):
            again = exceptions.reduce_again(error, ["shelf"])
            assert again is not None
            found[BUGS[number % len(BUGS)]].append(again)
    return found


def test_at_least_95_in_100_crashes_of_a_bug_are_one_group_and_no_group_has_two_bugs(
    crashes: dict[str, list[Error]],
) -> None:
    groups = {
        bug: Counter(v1(error["type"], error["frames"], error["causes"]) for error in errors)
        for bug, errors in crashes.items()
    }
    for bug, counted in groups.items():
        (_, most), *_ = counted.most_common()
        assert most / (TURNS * len(VERSIONS)) >= 0.95, (bug, counted)
    of_bugs = [group for counted in groups.values() for group in counted]
    assert len(of_bugs) == len(set(of_bugs)), "two bugs in one group"


def test_the_warehouse_groups_them_as_the_rule_in_plain_python_does(
    data: Data, crashes: dict[str, list[Error]]
) -> None:
    world = Project("shelf", data.project.catalog)
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    happened = []
    truth: Counter[str] = Counter()
    for errors in crashes.values():
        for error in errors:
            user, session = uuid4(), uuid4()
            told = {f"error_{name}": value for name, value in error.items()}
            happened += [
                Happening("session_start", user, session, at, {"app_version": "1.0"}),
                Happening("exception", user, session, at, {**told, "handled": False}),
            ]
            truth[v1(error["type"], error["frames"], error["causes"])] += 1
    fill(data.warehouse, world.name, world.catalog, happened)
    rows = data.ask("errors", {"since": "2026-03-01", "until": "2026-03-01"}, world).records()
    assert {row["group"]: row["times"] for row in rows} == truth
