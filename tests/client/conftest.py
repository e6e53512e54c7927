"""The tool that the client's tests run: a real program, in a real process, in a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.recipients import recipient
from tests.client import tool as example
from tests.client.places import place


class Tool:
    """Runs `tool.py` as a user would."""

    def __init__(self, environ: dict[str, str], endpoint: str) -> None:
        self.environ = environ | {"TOOL_ENDPOINT": endpoint}
        self.home = Path(environ["HOME"])
        self.state = self.home / ".config" / "tool" / "analytics.json"
        self.spool = self.home / ".local" / "state" / "tool"

    @property
    def recipient(self) -> str:
        """Whom it sends to today."""
        return recipient.of(self.environ["TOOL_ENDPOINT"])

    @property
    def place(self) -> Path:
        """Where what waits for that recipient is."""
        return place(self.spool, self.environ["TOOL_ENDPOINT"])

    @property
    def segments(self) -> Path:
        return self.place / "segments"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, example.__file__ or "", *words]

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it without a terminal."""
        return subprocess.run(
            self.command(*words),
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_terminal(
        self, *words: str, answers: Sequence[str] = (), **environ: str
    ) -> tuple[int, str]:
        """Run it on a pty, typing one of `answers` at each question; return exit code and screen.

        The letter `^` closes the terminal's input, as Ctrl-D does; `~` types nothing at all.
        """
        master, slave = pty.openpty()
        process = subprocess.Popen(
            self.command(*words),
            env=self.environ | environ,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        screen, typed = "", 0
        left = list(answers)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            ready = wait([master], 0.2)
            if ready:
                try:
                    data = os.read(master, 65536)
                except OSError:  # the other side has closed
                    break
                if not data:
                    break
                screen += data.decode()
            elif process.poll() is not None:
                break
            if screen.count("[Yes]: ") > typed:
                typed += 1
                if not left:
                    process.kill()
                    break
                answer = left.pop(0)
                if answer == "~":
                    continue
                if not answer:
                    time.sleep(1.5)  # an Enter at once is blind
                os.write(master, b"\x04" if answer == "^" else f"{answer}\n".encode())
        code = process.wait(10)
        os.close(master)
        assert not left, f"not all answers were asked for:\n{screen}"
        return code, screen.replace("\r\n", "\n")

    def agree(self) -> None:
        """Be someone who said yes some time ago."""
        terms = Catalog.of("tool", example.EVENTS).terms()
        StateFile(str(self.state)).agree(terms, self.recipient)

    def decided(self) -> dict[str, Any]:
        return dict(json.loads(self.state.read_text()))

    def waiting(self) -> list[bytes]:
        """Return the lines that wait to be sent."""
        return [
            line
            for path in sorted(self.segments.glob("*.jsonl"))
            for line in path.read_bytes().splitlines(keepends=True)
        ]

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))


@pytest.fixture
def tool(home: dict[str, str], recorder: Any) -> Tool:
    return Tool(home, recorder.url)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds; fail after a long while, since machines are shared."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 40
        while not holds():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.02)

    return wait


@contextlib.contextmanager
def quiet_kill(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill the process at the end, whatever happened."""
    try:
        yield
    finally:
        process.kill()
        process.communicate()  # closes its pipes too
