"""aider's start and exit: with aider's own analytics, with ours, and with none, in one run.

    make aider
    python bench/aider.py

Each is the installed aider, which is given a directory and told to do without git, so that it ends
as soon as it has recorded its first events. The start is the time until it says so, the exit what
follows until it is gone. They are run in turn; only their ratios mean anything on a shared machine.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".cache" / "aider"
NONE, STOCK, OURS, OURS_OFF = "aider, no analytics", "aider's own", "aboveboard", "aboveboard, off"
SAID = b"is a directory, but --no-git selected"
PATIENCE = 120
RUNS = 9
RUNS_WHERE_STOCK_WAITS = {"refuses": 2, "hangs": 1}


class Way:
    """One way to run aider, by somebody who agreed to analytics some time ago."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.home = Path(tempfile.mkdtemp(prefix="aboveboard-bench-"))
        atexit.register(shutil.rmtree, self.home, ignore_errors=True)  # also where a run fails
        (self.home / "sub").mkdir()
        (self.home / ".aider").mkdir()
        decided = {"uuid": str(uuid.uuid4()), "asked_opt_in": True, "permanently_disable": False}
        (self.home / ".aider/analytics.json").write_text(json.dumps(decided))

    def command(self, url: str) -> list[str]:
        words = ["--no-git", "--no-check-update", "--no-pretty", "sub"]
        if self.name in (OURS, OURS_OFF):
            switch = "--analytics" if self.name == OURS else "--no-analytics"
            return [sys.executable, "-m", "aboveboard", "aider", switch, *words]
        own = ["--analytics", "--analytics-posthog-host", url]
        own += ["--analytics-posthog-project-api-key", "key"]
        return ["aider", *(own if self.name == STOCK else ["--no-analytics"]), *words]

    def run(self, url: str) -> tuple[float, float]:
        """Run it; return the seconds until it had recorded, and from there to its end."""
        environ = {
            "HOME": str(self.home),
            "PATH": f"{ENVIRONMENT}/bin:/usr/bin:/bin",
            "NO_PROXY": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
            "ABOVEBOARD_ENDPOINT": url,
            "ABOVEBOARD_KEY": "key",
        }
        begin = time.monotonic()
        process = subprocess.Popen(
            self.command(url),
            cwd=self.home,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = 0.0
        for line in process.stdout:
            if SAID in line:
                said = time.monotonic()
        # Its output ends with it: nothing that it started holds it open.
        assert process.wait(PATIENCE) == 1
        assert said, "aider did not come as far as it should"
        return said - begin, time.monotonic() - said

    def waiting(self) -> int:
        """How many events wait on disk."""
        segments = self.home.glob(".local/state/aider/segments/*.jsonl")
        return sum(path.read_bytes().count(b"\n") for path in segments)


@contextlib.contextmanager
def healthy() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def refuses() -> Iterator[str]:
    yield "http://127.0.0.1:9"


@contextlib.contextmanager
def hangs() -> Iterator[str]:
    # The system accepts for it; it never reads.
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def measure(name: str, server: Callable[[], contextlib.AbstractContextManager[str]]) -> None:
    """Run every way in turn against one kind of server, and print what it took."""
    ways = [Way(way) for way in (NONE, STOCK, OURS, OURS_OFF)]
    taken: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
    slow = RUNS_WHERE_STOCK_WAITS.get(name, RUNS)
    with server() as url:
        for way in ways:
            if way.name != STOCK:
                way.run(url)  # so that all is compiled and in memory
        for turn in range(RUNS):
            for way in ways:
                if way.name != STOCK or turn < slow:
                    taken[way.name].append(way.run(url))
    print(f"\nserver {name}")
    for way in ways:
        starts, exits = zip(*taken[way.name], strict=True)
        ratios = [
            sum(mine) / sum(without)
            for mine, without in zip(taken[way.name], taken[NONE], strict=False)
        ]
        print(
            f"  {way.name:<20} start {statistics.median(starts) * 1000:6.0f} ms"
            f"   exit {statistics.median(exits) * 1000:7.0f} ms"
            f"   both x{statistics.median(ratios):.2f} of {NONE}"
            f"   {way.waiting()} events kept for later"
        )


def main() -> int:
    if not (ENVIRONMENT / "ready").exists():
        sys.stderr.write("an aider to measure is missing: run make aider\n")
        return 1
    for name, server in (("healthy", healthy), ("refuses", refuses), ("hangs", hangs)):
        measure(name, server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
