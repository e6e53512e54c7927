"""Each trouble is made for real, and /readyz says it, and that it is over; /healthz is well."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.collector.operations.progress import Progress
from tests.collector.tool import Install, Server, add_project, until

IMPATIENT = """
import argparse, sys, time
from pathlib import Path
from aboveboard.collector import mover
from aboveboard.collector.inbox import committer
from aboveboard.commands.server import serve, server

mover.STALLED_SECONDS = committer.STALLED_SECONDS = 0.3

def stay(step):
    while step == "begun" and Path(sys.argv[1]).exists():
        time.sleep(0.01)

parser = argparse.ArgumentParser()
serve.add_arguments(parser)
sys.exit(server.run(parser.parse_args(sys.argv[2:]), _crash=stay))
"""
"""A server that calls a step stalled early, and whose moves do not end while a file is there."""


class ImpatientServer(Server):
    def __init__(self, data: Path, sign: Path) -> None:
        self.sign = sign
        super().__init__(data)

    def command(self) -> list[str]:
        return [sys.executable, "-c", IMPATIENT, str(self.sign), *super().command()[4:]]

    def troubles(self) -> list[str]:
        """Return what /readyz says, and see that its status says the same and /healthz is well."""
        answer = self.request("GET", "/readyz")
        assert self.request("GET", "/healthz").status == 200
        lines = answer.body.decode().splitlines()
        assert (answer.status == 200) == (lines == ["ready"])
        return [] if lines == ["ready"] else lines


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ImpatientServer]:
    add_project(tmp_path / "data")
    running = ImpatientServer(tmp_path / "data", tmp_path / "stay")
    yield running
    running.sign.unlink(missing_ok=True)
    running.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 MiB."""
    if sys.platform != "linux":
        pytest.skip("tmpfs is Linux's")
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(place)]
    with contextlib.suppress(FileNotFoundError):
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            yield place
            subprocess.run(["umount", str(place)], check=True)
            return
    pytest.skip("nothing can be mounted here")


def ready(server: Server) -> float:
    """Return what /metrics says of it."""
    told = server.request("GET", "/metrics").body.decode()
    (said,) = re.findall(r"^aboveboard_ready (.*)$", told, re.MULTILINE)
    return float(said)


def test_a_disk_that_is_nearly_full(small_disk: Path) -> None:
    key = add_project(small_disk / "data")
    server = ImpatientServer(small_disk / "data", small_disk / "stay")
    assert server.troubles() == []
    free = os.statvfs(small_disk)
    with (small_disk / "film").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 30 * 2**20)
    said = ["nothing is taken: the disk of the data directory is nearly full"]
    assert server.troubles() == said
    assert server.send(key, Install().segment(1)).status == 503
    assert server.troubles() == said
    assert ready(server) == 0
    told = server.request("GET", "/metrics").body.decode()
    (left,) = re.findall(r"^aboveboard_disk_free_bytes (.*)$", told, re.MULTILINE)
    assert 0 < float(left) < 64 * 2**20
    (small_disk / "film").unlink()
    until(lambda: server.troubles() == [])
    assert ready(server) == 1
    assert server.send(key, Install().segment(1)).status == 200
    assert server.stop()[0] == 0


@pytest.mark.thorough
def test_an_inbox_that_another_process_holds(server: ImpatientServer) -> None:
    statuses: list[int] = []

    def send() -> None:
        statuses.append(server.send(server.key(), Install().segment(1)).status)

    with contextlib.closing(
        sqlite3.connect(server.data / "inbox.sqlite", isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        sender = threading.Thread(target=send)
        sender.start()
        until(
            lambda: (
                "nothing is taken: the inbox does not answer, another process may hold it"
                in server.troubles()
            )
        )
        assert statuses == []
        other.execute("ROLLBACK")
    sender.join()
    assert statuses == [200]
    until(lambda: server.troubles() == [])


@pytest.mark.thorough
def test_a_warehouse_that_never_comes_to_an_end(server: ImpatientServer) -> None:
    server.sign.touch()
    assert server.send(server.key(), Install().segment(1)).status == 200
    until(lambda: "nothing can be moved into the warehouse" in server.troubles())
    assert server.metric("inbox_events") == 2
    assert server.send(server.key(), Install().segment(1)).status == 200
    server.sign.unlink()
    until(lambda: server.troubles() == [])
    server.settle()


def test_a_step_is_stalled_once_its_time_is_over() -> None:
    clock = iter([0.0, 0.0, 10.0, 10.0])
    progress = Progress(lambda: next(clock))
    progress.mark("tool")
    assert progress.stalled(5) is None
    assert progress.stalled(5) == "tool"
    progress.rest()
    assert progress.stalled(5) is None


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
@pytest.mark.thorough
def test_descriptors_that_are_nearly_used_up(server: ImpatientServer) -> None:
    pid = server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    server.send(server.key(), Install().segment(1))
    server.settle()
    used = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 8, hard))
    assert server.troubles() == [
        "nearly no file can be opened: raise the limit, or see what holds so many open"
    ]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert server.troubles() == []
