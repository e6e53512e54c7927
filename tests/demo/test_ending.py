"""The demo's people end with their server, however that ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.tool import Server, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


pytestmark = pytest.mark.thorough


def descendants(pid: int) -> list[int]:
    """Return the processes below a process, those nearest to it first."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    below = [int(child) for child in path.read_text().split()] if path.exists() else []
    return below + [each for child in below for each in descendants(child)]


def runs(pid: int) -> bool:
    """Return whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def filling(tmp_path: Path) -> Iterator[tuple[Server, list[int]]]:
    """A server whose demo is being filled, and the processes of the demo."""
    server = Server(tmp_path / "data", "--demo")
    until(lambda: server.metric("events_accepted_total") > 0)
    people = descendants(server.process.pid)
    assert len(people) >= 3  # the demo itself, and two that live
    yield server, people
    for pid in filter(runs, people):  # where the test has failed
        os.kill(pid, signal.SIGKILL)
    if server.process.poll() is None:
        server.stop()


def test_a_server_that_is_killed_leaves_nobody_and_no_files(
    filling: tuple[Server, list[int]], tmp_path: Path
) -> None:
    server, people = filling
    assert list(tmp_path.rglob("aboveboard-demo-*"))  # so this would see them
    server.kill()
    until(lambda: not any(map(runs, people)))
    assert not list(tmp_path.rglob("aboveboard-demo-*"))


def test_so_does_one_that_is_stopped_dead_while_its_people_are_too(
    filling: tuple[Server, list[int]],
) -> None:
    server, people = filling
    for pid in people:
        os.kill(pid, signal.SIGSTOP)
    server.process.kill()
    server.process.wait(60)
    for pid in people:
        os.kill(pid, signal.SIGCONT)
    until(lambda: not any(map(runs, people)))
    server.process.communicate()


def test_where_the_demo_itself_is_killed_nobody_lives_on(
    filling: tuple[Server, list[int]],
) -> None:
    server, people = filling
    os.kill(people[0], signal.SIGKILL)
    until(lambda: not any(map(runs, people)))
    assert server.request("GET", "/healthz").status == 200
