"""However many sessions end, and whatever the collector does: one child at a time, none stays."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.children import children_of
from tests.client.conftest import Tool
from tests.client.proofs import crowd
from tests.client.proofs.conftest import LONG
from tests.conftest import ROOT

SESSIONS = 10_000 if LONG else 50
Until = Callable[[Callable[[], bool]], None]


class Silence:
    """A server that takes every connection, and never says a word; or hangs up at once."""

    def __init__(self, *, hangs_up: bool) -> None:
        self.hangs_up = hangs_up
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                self.taken.append(self.listener.accept()[0])
                if self.hangs_up:
                    self.taken[-1].close()

    def close(self) -> None:
        """Hang up on everyone; once more is no harm."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.listener.close()
        for connection in self.taken:
            connection.close()


@pytest.fixture(
    params=[False, pytest.param(True, marks=pytest.mark.thorough)],
    ids=["never answers", "hangs up"],
)
def silence(request: pytest.FixtureRequest) -> Iterator[Silence]:
    server = Silence(hangs_up=request.param)
    yield server
    server.close()


def _is_connected(child: int) -> bool:
    with contextlib.suppress(OSError):  # it has ended
        files = Path(f"/proc/{child}/fd").iterdir()
        return any(os.readlink(file).startswith("socket:") for file in files)
    return False


class TestOneAtATime:
    """Sessions that end while a child still waits for an answer, or has just ended."""

    def test_however_many_sessions_end(
        self, home: dict[str, str], silence: Silence, until: Until, figure: Callable[[str], None]
    ) -> None:
        tool = Tool(home, silence.url)
        tool.agree()
        start, most, looks, different = time.monotonic(), 0, 0, set()
        with subprocess.Popen(
            [sys.executable, crowd.__file__, str(SESSIONS), "8"],
            env=tool.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        ) as sessions:
            while sessions.poll() is None:
                time.sleep(0.005)
                alive = children_of(tool)
                different.update(alive)
                # A child that has given the lock back looks for segments once more, and the next
                # one may be at work by then.
                at_work = [child for child in alive if _is_connected(child)]
                if len(at_work) > 1:  # one may have begun after another's end, while we looked
                    at_work = [child for child in at_work if _is_connected(child)]
                most, looks = max(most, len(at_work)), looks + 1
                (tool.place / "pause").unlink(missing_ok=True)  # time passes, and passes
        took = time.monotonic() - start
        assert sessions.returncode == 0
        until(lambda: bool(different or children_of(tool)))
        assert most <= 1, "two were at work at once"
        assert silence.taken != []
        if not LONG:
            silence.close()  # which ends the child at once
        end = time.monotonic()
        until(lambda: children_of(tool) == [])
        figure(
            f"children, the collector {'hangs up' if silence.hangs_up else 'never answers'}: "
            f"{SESSIONS} sessions in {took:.0f} s, {len(different)} children, never more "
            f"than {most} in {looks} looks, none left {time.monotonic() - end:.0f} s after"
        )
