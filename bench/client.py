"""The client's numbers, beside PostHog's SDKs and aider's own class, in one run.

    make .cache/aider/ready .cache/posthog/ready    # those to compare with
    python bench/client.py

PostHog's SDK is measured twice: the one that aider 0.86.2 installs, and today's.

Every pair is run in turn, A B A B, and printed as the median and as a ratio: the machines that
this is measured on are shared, and only a ratio means anything on them.
"""

from __future__ import annotations

import atexit
import compileall
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aboveboard.client.recording.segment import listed

ROOT = Path(__file__).parents[1]
HOSTS = ROOT / "bench" / "hosts"
AIDER = ROOT / ".cache" / "aider"
POSTHOG = ROOT / ".cache" / "posthog"


class Host:
    """A program to time: an interpreter, a script, and a home in which it has consent."""

    def __init__(self, name: str, python: str, script: str) -> None:
        self.name = name
        self.command = [python, str(HOSTS / script)]
        self.home = tempfile.mkdtemp(prefix="aboveboard-bench-")
        atexit.register(shutil.rmtree, self.home, ignore_errors=True)
        compileall.compile_dir(ROOT / "src" / "aboveboard", quiet=2)

    def run(self, *words: str, url: str = "http://127.0.0.1:9") -> tuple[float, float, str]:
        """Run it; return the whole time, the time from its last statement to its end, its output.

        Times are in seconds.
        """
        environ = {"HOME": self.home, "PATH": os.environ["PATH"], "BENCH_URL": url}
        begin = time.monotonic()
        ended = subprocess.run(
            [*self.command, *words], env=environ, capture_output=True, text=True, check=True
        )
        end = time.monotonic()
        said = ended.stderr.split()
        last = float(said[0]) if said else end
        return end - begin, end - last, ended.stdout

    def has_used_aider(self) -> None:
        """Be someone who agreed, and has the list of models that aider fetches in its first run."""
        decided = {"asked_opt_in": True, "permanently_disable": False,
                   "uuid": "c42c4e6b-f054-44d7-ae1f-6726cc41da88"}  # fmt: skip
        shipped = next(AIDER.glob("lib/python*/site-packages/litellm/model_prices*.json"))
        caches = Path(self.home) / ".aider" / "caches"
        caches.mkdir(parents=True)
        (caches.parent / "analytics.json").write_text(json.dumps(decided))
        shutil.copy(shipped, caches / "model_prices_and_context_window.json")

    @property
    def waiting(self) -> int:
        """How many events wait on disk."""
        directory = str(Path(self.home) / ".local/state/bench/segments")
        return sum(Path(path).read_bytes().count(b"\n") for path in listed(directory))


def in_turn(
    hosts: list[Host], runs: int, measure: Callable[[Host], float]
) -> dict[str, list[float]]:
    for host in hosts:
        measure(host)
    taken: dict[str, list[float]] = {host.name: [] for host in hosts}
    for _ in range(runs):
        for host in hosts:
            taken[host.name].append(measure(host))
    return taken


def report(title: str, unit: str, scale: float, taken: dict[str, list[float]], than: str) -> None:
    print(f"\n{title}")
    for name, values in taken.items():
        ratios = [value / other for value, other in zip(values, taken[than], strict=False)]
        print(
            f"  {name:<22} {statistics.median(values) * scale:10.2f} {unit}"
            f"   x{statistics.median(ratios):.2f} of {than}"
            f"   +{(statistics.median(values) - statistics.median(taken[than])) * scale:.2f} {unit}"
        )


@contextlib.contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does `answer` with every connection, each in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def hang(connection: socket.socket) -> None:
    time.sleep(300)
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def fail(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 500 Trouble\r\nContent-Length: 0\r\n\r\n")


def dribble(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(65536)
        for letter in b"HTTP/1.1 200 OK" + b" " * 30:
            connection.sendall(bytes([letter]))
            time.sleep(1)


@contextlib.contextmanager
def address(url: str) -> Iterator[str]:
    yield url


COLLECTORS: dict[str, Callable[[], contextlib.AbstractContextManager[str]]] = {
    "refuses": lambda: address("http://127.0.0.1:9"),
    "has no such name": lambda: address("http://no.such.host.invalid"),
    "resets": lambda: server(reset),
    "answers 500": lambda: server(fail),
    "answers a byte a second": lambda: server(dribble),
    "hangs": lambda: server(hang),
}


def main() -> None:
    bare = Host("argparse alone", sys.executable, "bare.py")
    ours = Host("aboveboard", sys.executable, "ours.py")
    ours.run("--agree")
    hosts = [bare, ours]
    others = []
    if POSTHOG.exists():
        others.append(Host("posthog 7.91.1", str(POSTHOG / "bin/python"), "posthog_sdk.py"))
    if AIDER.exists():
        others.append(Host("posthog 7.8.6", str(AIDER / "bin/python"), "posthog_sdk.py"))
        others.append(Host("aider's own class", str(AIDER / "bin/python"), "aider_class.py"))
        others[-1].has_used_aider()
    if len(others) < 3:
        print(
            "Not all are here (make .cache/aider/ready .cache/posthog/ready): comparing with few."
        )
    hosts += others

    taken = in_turn(hosts, 15, lambda host: host.run("--no-analytics")[0])
    report("Start to end, analytics off", "ms", 1e3, taken, bare.name)

    recording = [host for host in hosts if host is not bare]

    def record(host: Host) -> float:
        words = [] if "posthog" in host.name else ["--analytics-log", str(Path(host.home) / "log")]
        return float(host.run("--events", "1000", "--time-record", *words)[2]) / 1e6

    taken = in_turn(recording, 3, record)
    report(
        "One event recorded (ours: on disk; ours and aider's: log included)",
        "µs",
        1e6,
        taken,
        recording[0].name,
    )

    # In a home of its own: more than may wait is dropped, and would be taken for a loss below.
    alone = Host("a million", sys.executable, "ours.py")
    alone.run("--agree")
    first, last, peak, more = alone.run("--events", "1000000", "--flat")[2].split()
    least = int(bare.run("--peak")[2])
    print("\nA million events in one process (ours)")
    print(f"  the first and the last 100,000: {first} and {last} µs each")
    print(f"  {int(peak) - least} KiB over {bare.name}, {more} KiB of them since the first event")

    for title, collector in COLLECTORS.items():
        with collector() as url:
            before = ours.waiting
            # The others may take a minute at their exit: once is enough for them.
            taken = {
                host.name: [
                    host.run("--events", "1000", url=url)[1]
                    for _ in range(1 if host in others else 5)
                ]
                for host in hosts
            }
            report(f"Exit, 1,000 events, a collector that {title}", "ms", 1e3, taken, bare.name)
            print(f"  of ours, {ours.waiting - before} lines more wait on disk: none lost")


if __name__ == "__main__":
    main()
