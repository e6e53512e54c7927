"""Killed at random moments, under load: every event that `record` returned from arrives, once."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.client.children import children_of
from tests.client.conftest import Tool
from tests.client.proofs import nursery
from tests.client.proofs.conftest import LONG
from tests.conftest import ROOT
from tests.loopback import answering, body_of

KILLS, WRITERS = (1000, 50) if LONG else (60, 10)
CHILD_EVERY = 20 if LONG else 6
"""Kills between two of the sending child's, which has to send something in between."""
Until = Callable[[Callable[[], bool]], None]


class Collector:
    """Takes each segment once, by its key; slow, and not always able to answer."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}
        self.numbers: list[int] = []
        self.cut: list[bytes] = []
        self.dropped = 0
        self.again = 0
        self.troubled = True
        self._lock = threading.Lock()
        self._chance = random.Random(4)

    def take(self, key: str, body: bytes) -> int:
        """Take a segment; return the status to answer with, 0 for none at all."""
        digest = hashlib.sha256(body).hexdigest()
        with self._lock:
            trouble = self._chance.random() if self.troubled else 1.0
            if trouble < 0.03:
                return 503
            if key in self.taken:
                assert self.taken[key] == digest, "the same key with another body"
                self.again += 1
            else:
                self.taken[key] = digest
                *lines, rest = body.split(b"\n")
                if rest:
                    self.cut.append(rest)
                self.dropped += body.count(b'"event": "dropped_events"')
                for line in lines:
                    number = re.search(rb'"prompt_tokens": (\d+)', line)
                    if number:
                        self.numbers.append(int(number[1]))
        time.sleep(0.003 * trouble)
        return 0 if trouble < 0.1 else 200


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    taking = Collector()
    failures: list[AssertionError] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or the second half of each answer waits for 40 ms

        def do_POST(self) -> None:
            body = gzip.decompress(body_of(self))
            try:
                status = taking.take(self.headers["Idempotency-Key"], body)
            except AssertionError as error:
                failures.append(error)
                raise
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the child was killed while it spoke
                return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own name
            pass

    with answering(Handler) as url:
        yield taking, url
    assert failures == []


class TestKills:
    """Writers and the sending child, killed whatever they are doing."""

    def test_what_record_returned_from_arrives_once(
        self,
        home: dict[str, str],
        collector: tuple[Collector, str],
        tmp_path: Path,
        figure: Callable[[str], None],
    ) -> None:
        taking, url = collector
        tool = Tool(home, url)
        tool.agree()
        witness = tmp_path / "witness"
        witness.mkdir()
        start = time.monotonic()
        chance = random.Random(int(os.environ.get("ABOVEBOARD_SEED", "1")))
        killed = self._kill_at_random(tool, witness, chance)
        self._send_the_rest(tool, taking)
        recorded = [
            int(line) for path in witness.iterdir() for line in path.read_bytes().split(b"\n")[:-1]
        ]
        lines = list(taking.numbers)
        arrived = set(lines)
        figure(
            f"kills: {KILLS} writers of {WRITERS} at once and {killed} sending children killed, "
            f"{len(recorded)} events recorded, {taking.again} segments sent again, "
            f"{len(taking.cut)} cut lines, {time.monotonic() - start:.0f} s"
        )
        assert taking.dropped == 0, "the load was more than may wait on one machine"
        assert len(arrived) == len(lines), "an event arrived twice"
        assert len(set(recorded) - arrived) == 0, "an event was lost"
        # One that died between the writing and the witness has told one more.
        unseen = arrived - set(recorded)
        assert len({number // nursery.STEP for number in unseen}) == len(unseen)
        assert len(recorded) > 10 * KILLS
        assert killed > 0

    def _kill_at_random(self, tool: Tool, witness: Path, chance: random.Random) -> int:
        """Kill `KILLS` writers, of `WRITERS` at a time; return how many children died as well."""
        children = 0
        with subprocess.Popen(
            [sys.executable, nursery.__file__, str(witness), str(WRITERS)],
            env=tool.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as mother:
            assert mother.stdin is not None
            assert mother.stdout is not None
            alive: list[int] = []
            ending: list[subprocess.Popen[str]] = []
            number = kills = 0
            while kills < KILLS:
                while len(alive) < WRITERS:
                    print(number, chance.randrange(2**32), file=mother.stdin, flush=True)
                    alive.append(int(mother.stdout.readline()))
                    number += 1
                time.sleep(0.1 * chance.random())
                victim = alive.pop(chance.randrange(len(alive)))
                if _signal(victim):
                    kills += 1
                if kills % CHILD_EVERY == 0:
                    children += sum(_signal(child) for child in children_of(tool))
                if kills % 3 == 0:
                    ending.append(tool.start("send", "--times", "0"))  # which starts a child
                if chance.random() < 0.8:
                    (tool.place / "pause").unlink(missing_ok=True)  # time passes
            for writer in alive:
                _signal(writer)
            for session in ending:
                session.communicate()
            mother.stdin.close()
        return children

    def _send_the_rest(self, tool: Tool, taking: Collector) -> None:
        taking.troubled = False
        deadline = time.monotonic() + 120
        while waiting := _waiting(tool):
            assert time.monotonic() < deadline, f"never sent: {waiting}"
            (tool.place / "pause").unlink(missing_ok=True)
            if not children_of(tool):
                tool.run("send", "--times", "0")
            time.sleep(0.1)
        assert not (tool.place / "dropped").exists()


def _waiting(tool: Tool) -> list[Path]:
    """Return what waits. An empty segment's writer died before an event was in it."""
    found = []
    for path in tool.segments.glob("*.jsonl"):
        with contextlib.suppress(FileNotFoundError):  # sent meanwhile
            if path.stat().st_size:
                found.append(path)
    return found


def _signal(process: int) -> bool:
    """Kill a process; return whether it was there to be killed."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
