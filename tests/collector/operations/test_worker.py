"""What ends, or cannot go on: a worker that dies, and a process without descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from aboveboard.collector.allowlist import AllowList
from aboveboard.collector.app import create_app
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.committer import Committer
from aboveboard.collector.inbox.inbox import Delivery, Inbox, Receipt, UnavailableError
from aboveboard.collector.operations import descriptors
from aboveboard.collector.operations.log import described
from aboveboard.collector.operations.worker import EXIT_CODE, Watch, Worker
from aboveboard.collector.protocols.segment import SegmentReader
from aboveboard.collector.service import Collector
from tests.collector.tool import (
    CATALOG,
    Answer,
    HurriedServer,
    Install,
    Server,
    add_project,
    ask,
    new_id,
)

COUNT = "SELECT count() FROM {project:Identifier}.message_send"

DYING = """
import argparse, sys
from pathlib import Path
from aboveboard.commands.server import serve, server

def die(step):
    if step == "begun" and Path(sys.argv[1]).exists():
        raise SystemExit("a text that could be a sender's")

parser = argparse.ArgumentParser()
serve.add_arguments(parser)
sys.exit(server.run(parser.parse_args(sys.argv[2:]), _crash=die))
"""
"""A server whose mover ends in its next move once a file is there."""


MUTE = """
import logging, os
from aboveboard.collector.operations import log
log.to_stderr()
os.close(2)
logging.getLogger("aboveboard.x").error("gone")
print("goes on")
"""


class DyingServer(Server):
    def __init__(self, data: Path, sign: Path) -> None:
        self.sign = sign
        super().__init__(data)

    def command(self) -> list[str]:
        return [sys.executable, "-c", DYING, str(self.sign), *super().command()[4:]]


class FewServer(Server):
    """A server that has few connections, and waits less long for who does not read."""

    CONNECTIONS = 8
    PROGRAM = f"""
import sys
from aboveboard import commands
from aboveboard.collector.http import listener
from aboveboard.collector.operations import descriptors

descriptors.CONNECTIONS_MAX = {CONNECTIONS}
listener.UNREAD_SECONDS = 1
sys.exit(commands.main())
"""

    def command(self) -> list[str]:
        python, _, _, *words = super().command()
        return [python, "-c", self.PROGRAM, *words]


class NarrowServer(HurriedServer):
    """A server that may open few files, and cannot allow itself more."""

    FILES = 256

    def command(self) -> list[str]:
        return ["prlimit", f"--nofile={self.FILES}:{self.FILES}", *super().command()]


def fall_silently() -> None:
    raise SystemExit


class TestWorkers:
    def test_where_the_mover_dies_the_process_ends_and_nothing_acknowledged_is_lost(
        self, tmp_path: Path
    ) -> None:
        data, sign = tmp_path / "data", tmp_path / "die"
        key = add_project(data)
        server = DyingServer(data, sign)
        assert server.send(key, Install().segment(3)).status == 200
        server.settle()
        with socket.create_connection(("127.0.0.1", server.port)) as unfinished:
            # A request that runs keeps the end waiting, and what it asks next is still answered.
            unfinished.sendall(
                b"POST /batch/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
            )
            sign.touch()
            assert server.send(key, Install().segment(4)).status == 200
            said = server._reap()
        assert server.process.returncode == EXIT_CODE
        (line,) = (line for line in said.splitlines() if " ERROR " in line)
        assert "the mover has ended, so the process ends: SystemExit" in line
        assert "Traceback" not in said
        assert "a sender's" not in said
        assert ask(data, COUNT).rows == [(3,)]
        sign.unlink()
        again = Server(data)
        again.settle()
        assert again.stop()[0] == 0
        assert ask(data, COUNT).rows == [(7,)]

    def test_health_and_readiness_say_that_a_worker_has_ended(self, tmp_path: Path) -> None:
        with closing(Collector(tmp_path)) as collector, TestClient(create_app(collector)) as client:
            collector.start()
            assert client.get("/healthz").status_code == 200
            collector.watch.fall()
            for path in ("/healthz", "/readyz"):
                answer = client.get(path)
                assert answer.status_code == 503
                assert answer.text == "a worker has ended\n"

    def test_a_worker_that_ends_unasked_is_told_and_one_that_was_asked_is_not(self) -> None:
        for asked in (False, True):
            told = threading.Event()
            watch = Watch(_exit=lambda _code: None)
            watch.tell(told.set)
            worker = Worker("worker", fall_silently, watch)
            if asked:
                worker.ends()
            worker.start()
            worker.join()
            assert watch.fallen is not asked
            if not asked:
                assert told.wait(30)
            watch.close()
            assert watch.fallen is not asked

    def test_a_process_that_cannot_end_in_order_is_ended(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("aboveboard.collector.operations.worker.LAST_SECONDS", 0.01)
        codes: list[int] = []
        ended = threading.Event()

        def end(code: int) -> None:
            codes.append(code)
            ended.set()

        watch = Watch(_exit=end)
        watch.tell(lambda: 1 / 0)
        watch.fall()
        assert ended.wait(30)
        assert codes == [EXIT_CODE]

    def test_nothing_is_taken_after_the_committer_has_ended(self, tmp_path: Path) -> None:
        class Broken(Inbox):
            def commit(self, deliveries: list[Delivery]) -> list[Receipt]:  # type: ignore[override]
                raise SystemExit

        accepted = SegmentReader(AllowList(CATALOG)).read(Install().segment(1), "aboveboard")
        with closing(Broken(tmp_path)) as inbox:
            watch = Watch(_exit=lambda _code: None)
            committer = Committer(inbox, lambda: None, watch)
            committer.start()

            async def submit() -> None:
                waiting = asyncio.create_task(committer.submit(Delivery("tool", None, accepted)))
                while not watch.fallen:
                    await asyncio.sleep(0.01)
                with pytest.raises(UnavailableError):
                    await committer.submit(Delivery("tool", None, accepted))
                assert not waiting.done(), "a delivery that was not stored was acknowledged"
                waiting.cancel()

            asyncio.run(submit())
            committer.close()
            watch.close()


class TestErrorPaths:
    def test_a_fault_that_cannot_be_looked_into_is_told_by_its_type(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: object) -> None:
            raise OSError(24, "Too many open files")

        assert "test_worker" not in described(ValueError("secret"))
        monkeypatch.setattr("aboveboard.catalog.exceptions.reduce", fails)
        assert described(ValueError("secret")) == "ValueError"

    def test_a_transaction_that_could_not_be_undone_does_not_hold_up_the_next(
        self, tmp_path: Path
    ) -> None:
        class Failing(sqlite3.Connection):
            fails = False

            def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
                if sql == "ROLLBACK" and self.fails:
                    raise sqlite3.OperationalError("disk I/O error")
                return super().execute(sql, *rest)

        with closing(
            sqlite3.connect(tmp_path / "it.sqlite", isolation_level=None, factory=Failing)
        ) as connection:
            connection.execute("CREATE TABLE it (number INTEGER)")
            connection.fails = True
            with contextlib.suppress(ZeroDivisionError), storage.transaction(connection):
                connection.execute("INSERT INTO it VALUES (1)")
                1 / 0  # noqa: B018
            assert connection.in_transaction
            connection.fails = False
            with storage.transaction(connection):
                connection.execute("INSERT INTO it VALUES (2)")
            assert connection.execute("SELECT number FROM it").fetchall() == [(2,)]

    def test_a_line_that_cannot_be_written_is_lost_and_nothing_else(self) -> None:
        said = subprocess.run(
            [sys.executable, "-c", MUTE], capture_output=True, text=True, check=True
        )
        assert said.stdout == "goes on\n"


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
class TestDescriptors:
    def test_idle_connections_cannot_keep_events_from_the_warehouse(self, tmp_path: Path) -> None:
        key = add_project(tmp_path)
        server = NarrowServer(tmp_path)
        with contextlib.ExitStack() as opened:
            idle = [idle_connection(opened, server) for _ in range(NarrowServer.FILES - 46)]
            for connection in idle[:8]:
                assert post_by(connection, server, key).status == 200
            # The others' connections were not closed by them, and yet there is room again.
            sent = [server.send(key, Install().segment(2)).status for _ in range(5)]
            assert sent == [200] * 5
            server.settle()
        assert server.request("GET", "/readyz").body == b"ready\n"
        code, said = server.stop()
        assert (code, said) == (0, "")
        assert ask(tmp_path, COUNT).rows == [(8 * 2 + 5 * 2,)]

    def test_connections_that_never_read_their_answers_are_ended(self, tmp_path: Path) -> None:
        key = add_project(tmp_path)
        server = FewServer(tmp_path)
        page = server.request("GET", "/").body.decode()
        (script,) = set(re.findall(r"/assets/dashboard\.\w+\.js", page))
        sent = f"GET {script} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 1000
        with contextlib.ExitStack() as opened:
            for _ in range(FewServer.CONNECTIONS):
                deaf = opened.enter_context(socket.socket())
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                deaf.connect(("127.0.0.1", server.port))
                deaf.sendall(sent)
            assert server.send(key, Install().segment(2)).status == 200
        assert server.stop() == (0, "")

    def test_the_process_takes_as_many_descriptors_as_it_may_have(self, tmp_path: Path) -> None:
        add_project(tmp_path)

        class Soft(Server):
            def command(self) -> list[str]:
                return ["prlimit", "--nofile=300:", *super().command()]

        server = Soft(tmp_path)
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        server.stop()
        assert soft == min(hard, descriptors.LIMIT_MAX) > 300

    def test_where_the_system_refuses_it_asks_for_less(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []

        def refusing(_kind: int, limits: tuple[int, int]) -> None:
            asked.append(limits[0])
            if limits[0] > descriptors.MACOS_MAX:
                raise ValueError("current limit exceeds maximum limit")

        told = (256, resource.RLIM_INFINITY)
        monkeypatch.setattr(resource, "getrlimit", lambda _kind: told)
        assert descriptors.raise_limit(_set=refusing) == descriptors.MACOS_MAX
        assert asked == [descriptors.LIMIT_MAX, descriptors.MACOS_MAX]

    def test_too_few_for_the_warehouse_is_said_at_the_start(self, tmp_path: Path) -> None:
        words = [sys.executable, "-m", "aboveboard", "serve", "--data", str(tmp_path)]
        said = subprocess.run(
            ["prlimit", "--nofile=100:100", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 2
        assert "ulimit -n" in said.stderr
        assert len(said.stderr.splitlines()) == 1

    def test_connections_leave_half_of_the_descriptors_and_what_a_collector_needs(self) -> None:
        assert descriptors.connections(256) == 256 - descriptors.OWN
        assert descriptors.connections(1024) == 512
        assert descriptors.connections(64) == descriptors.CONNECTIONS_MIN
        assert descriptors.connections(10**6) == descriptors.CONNECTIONS_MAX


def idle_connection(opened: contextlib.ExitStack, server: Server) -> socket.socket:
    return opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))


def post_by(connection: socket.socket, server: Server, key: str) -> Answer:
    """Send a segment over a connection that was open already."""
    sender = http.client.HTTPConnection("127.0.0.1", server.port)
    sender.sock = connection
    sender.request(
        "POST",
        "/v1/events",
        Install().segment(2),
        {"Authorization": f"Bearer {key}", "Idempotency-Key": new_id()},
    )
    answer = sender.getresponse()
    return Answer(answer.status, answer.headers, answer.read())
