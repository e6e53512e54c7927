"""What the collector costs while little comes, and how soon it shows.

The collector runs as a user runs it. A session of nine events comes every so often; the processor's
time that the collector takes is told as a part of one core. Then sessions are looked for in the
page's data, each from the moment on that it was answered until it is counted.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from pathlib import Path

from collector import free_port, processor

from aboveboard.collector.projects.registry import Projects

SETTLE = 3.0
LOOKS = 8
LOOK_EVERY = 2.0
"""Seconds between two looks, on average half of it: at any moment between two moves."""


def session(dice: random.Random) -> bytes:
    """Return a session of nine events, as the client sends it."""
    ids = {
        name: str(uuid.UUID(int=dice.getrandbits(128), version=4))
        for name in ("user_id", "session")
    }
    moment = int(time.time()) // 3600 * 3600
    machine: dict[str, object] = {
        "app_version": "0.86.2",
        "os": "Linux",
        "arch": "x86_64",
        "python_version": "3.12.1",
    }
    told: list[tuple[str, dict[str, object]]] = [("session_start", machine), ("launched", {})]
    for number in range(3):
        told.append(("message_send_starting", {}))
        message = {"main_model": "gpt-4o", "edit_format": "diff", "prompt_tokens": 900 * number}
        told.append(("message_send", {**message, "completion_tokens": 80, "cost": 0.01}))
    told.append(("exit", {"reason": "Completed main CLI coder.run"}))
    lines = [
        json.dumps({"event": event, "properties": properties, **ids, "seq": seq, "time": moment})
        for seq, (event, properties) in enumerate(told)
    ]
    return gzip.compress(("\n".join(lines) + "\n").encode(), 6)


def send(port: int, key: str, rate: float, until: float, sent: list[float]) -> None:
    """Send sessions at an even pace, over one connection each, as clients do."""
    dice = random.Random(1)
    due = time.perf_counter()
    while due < until:
        time.sleep(max(0.0, due - time.perf_counter()))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {key}", "Content-Encoding": "gzip"}
        headers["Idempotency-Key"] = str(uuid.uuid4())
        connection.request("POST", "/v1/events", session(dice), headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        connection.close()
        sent.append(time.perf_counter())
        due += 1 / rate


def counted(port: int) -> int:
    address = f"http://127.0.0.1:{port}/insights/totals.json?since=2d"
    with urllib.request.urlopen(address) as answer:
        document = json.load(answer)
    totals = dict(zip(document["columns"], *document["rows"], strict=True))
    return int(totals["sessions"])


def measure(rate: float, seconds: float) -> None:
    dice = random.Random(2)
    with tempfile.TemporaryDirectory(prefix="aboveboard-bench-") as name:
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "aboveboard", "serve", "--port", str(port), "--data", name],
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout is not None
            assert b"aboveboard is at" in server.stdout.readline()
            key = Projects(Path(name)).all()[0].keys[0]
            sent: list[float] = []
            until = time.perf_counter() + SETTLE + seconds + LOOKS * LOOK_EVERY
            sender = threading.Thread(target=send, args=(port, key, rate, until, sent))
            sender.start()
            time.sleep(SETTLE)
            before = processor(server.pid)
            time.sleep(seconds)
            share = (processor(server.pid) - before) / seconds
            took = []
            while sender.is_alive():
                number, since = len(sent), time.perf_counter()
                while counted(port) < number:
                    time.sleep(0.05)
                took.append(time.perf_counter() - since)
                time.sleep(LOOK_EVERY * dice.random())
            sender.join()
            inserts = _metric(port, "aboveboard_warehouse_inserts_total")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
        size = sum(f.stat().st_size for f in Path(name).rglob("*") if f.is_file())
    print(
        f"  {rate:g} sessions/s: {share * 100:.0f} % of a core; "
        f"shown after {statistics.median(took):.1f} s, at most {max(took):.1f} s; "
        f"{inserts:,.0f} inserts for {len(sent):,} sessions, {size / 2**20:.0f} MiB on the disk"
    )


def _metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
    return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[1, 5, 20])
    parser.add_argument("--seconds", type=float, default=40)
    args = parser.parse_args()
    for rate in args.rates:
        measure(rate, args.seconds)


if __name__ == "__main__":
    main()
