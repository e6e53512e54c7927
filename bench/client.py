"""The client's numbers, beside PostHog's SDK as aider 0.86.2 uses it, in one run.

    make aider            # the SDK, in aider's own environment; without it ours is measured alone
    python bench/client.py

Every pair is run in turn, A B A B, and printed as the median and as a ratio: the machines that
this is measured on are shared, and only a ratio means anything on them.
"""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aboveboard.client.segment import listed

ROOT = Path(__file__).parents[1]
HOSTS = ROOT / "bench" / "hosts"
SDK = ROOT / ".cache" / "aider" / "bin" / "python"


class Host:
    """A program to time: an interpreter, a script, and a home in which it has consent."""

    def __init__(self, name: str, python: str, script: str) -> None:
        self.name = name
        self.command = [python, str(HOSTS / script)]
        self.home = tempfile.mkdtemp(prefix="aboveboard-bench-")
        config = Path(self.home) / ".config" / "bench"
        config.mkdir(parents=True)
        decided = {"asked_opt_in": True, "permanently_disable": False,
                   "uuid": "c42c4e6b-f054-44d7-ae1f-6726cc41da88"}  # fmt: skip
        (config / "analytics.json").write_text(json.dumps(decided))
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
        for letter in b"HTTP/1.1 200 OK" + b" " * 300:
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
    hosts = [bare, ours]
    sdk = None
    if SDK.exists():
        sdk = Host("posthog (aider's)", str(SDK), "posthog_sdk.py")
        hosts.append(sdk)
    else:
        print("PostHog's SDK is not here (make aider): measuring ours alone.")

    taken = in_turn(hosts, 15, lambda host: host.run("--no-analytics")[0])
    report("Start to end, analytics off", "ms", 1e3, taken, bare.name)

    recording = [host for host in hosts if host is not bare]
    log = str(Path(ours.home) / "log")

    def record(host: Host) -> float:
        words = ["--analytics-log", log] if host is ours else []
        return float(host.run("--events", "1000", "--time-record", *words)[2]) / 1e6

    taken = in_turn(recording, 3, record)
    report("One event recorded (ours: on disk, log included)", "µs", 1e6, taken, recording[0].name)

    # In a home of its own: more than may wait is dropped, and would be taken for a loss below.
    alone = Host("a million", sys.executable, "ours.py")
    many = alone.run("--events", "1000000", "--flat")[2].split()
    print("\nA million events in one process (ours)")
    print(f"  the first and the last 100,000: {many[0]} and {many[1]} µs each; {many[2]} KiB more")

    for title, collector in COLLECTORS.items():
        with collector() as url:
            before = ours.waiting
            # The SDK may take a minute at its exit: once is enough for it.
            taken = {
                host.name: [
                    host.run("--events", "1000", url=url)[1] for _ in range(1 if host is sdk else 5)
                ]
                for host in hosts
            }
            report(f"Exit, 1,000 events, a collector that {title}", "ms", 1e3, taken, bare.name)
            print(f"  of ours, {ours.waiting - before} lines more wait on disk: none lost")


if __name__ == "__main__":
    main()
