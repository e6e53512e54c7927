"""How many events a second the collector takes durably, and how long an answer takes.

The collector runs as a user runs it, `aboveboard serve` in a process and a directory of its own;
the load comes from another process over loopback: gzipped segments of 200 events each under a fresh
id; with `--batch`, PostHog's batches of 100, as its client sends them; with `--single`, a segment
of one event a request. An event counts once its request was answered with 200, so it is on the
disk. At the end the warehouse is asked whether it has them all. Processor time is counted from the
moment when the collector is ready until all is in the warehouse.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path

from aboveboard.catalog import models
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import Warehouse, database, embedded

EVENTS = 200
BATCH = 100
AT_ONCE = {"": EVENTS, "batch": BATCH, "single": 1}
PLACE = "?" * 36
"""Where an event's identity goes."""

BODIES = 500
"""Different sessions; made before the clock starts, since making one takes the client longer than
the collector takes to store it."""


def public_models() -> list[str]:
    """Return some of the names that are public."""
    models.public_name("")
    with (Path(models.__file__).parent / "models.txt").open() as lines:
        return [line.strip() for line in lines if line[0] not in "#p" and "/" not in line][:40]


def segment(dice: random.Random, names: list[str]) -> bytes:
    """Return a segment as the client makes it: a session's events, mostly answered messages."""
    ids = (uuid.UUID(int=dice.getrandbits(128), version=4) for _ in range(2))
    user_id, session = map(str, ids)
    model = dice.choice(names)
    start = int(time.time()) - dice.randrange(30 * 86_400)

    def line(event: str, properties: Mapping[str, object], number: int) -> str:
        told = {"event": event, "properties": properties, "user_id": user_id}
        moment = (start + 20 * number) // 3600 * 3600
        return json.dumps(told | {"session": session, "seq": number, "time": moment})

    machine = {"app_version": "0.86.2", "os": "Linux", "arch": "x86_64", "python_version": "3.12.1"}
    lines = [line("session_start", machine, 0), line("launched", {}, 0)]
    for number in range(EVENTS - 3):
        kind = dice.random()
        if kind < 0.55:
            prompt, answer = dice.randrange(200, 40_000), dice.randrange(10, 4_000)
            message = {
                "main_model": model,
                "weak_model": "gpt-4o-mini",
                "editor_model": None,
                "edit_format": "diff",
                "prompt_tokens": prompt,
                "completion_tokens": answer,
                "total_tokens": prompt + answer,
                "cost": round(prompt * 3e-6 + answer * 1.5e-5, 6),
                "total_cost": round(number * 0.01, 6),
            }
            lines.append(line("message_send", message, number))
        elif kind < 0.8:
            lines.append(line("message_send_starting", {}, number))
        else:
            lines.append(line("command", {"command": dice.choice(["add", "drop", "run"])}, number))
    lines.append(line("exit", {"reason": "Completed main CLI coder.run"}, EVENTS))
    return gzip.compress(("\n".join(lines) + "\n").encode(), 6)


def batch(dice: random.Random, names: list[str], key: str) -> bytes:
    """Return a batch as PostHog's client makes it, its events without their identities."""
    told = []
    for line in gzip.decompress(segment(dice, names)).splitlines()[1 : BATCH + 1]:
        event = json.loads(line)
        told.append(
            {
                "event": event["event"],
                "properties": event["properties"] | {"$lib": "posthog-python", "$os": "Linux"},
                "distinct_id": event["user_id"],
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event["time"])),
                "uuid": PLACE,
            }
        )
    return json.dumps({"batch": told, "api_key": key}).encode()


def fresh(body: bytes) -> bytes:
    """Return a batch whose events have identities that no other has."""
    parts = body.split(PLACE.encode())
    ids = (str(uuid.UUID(int=random.getrandbits(128), version=4)).encode() for _ in parts)
    return b"".join(word for part in parts for word in (part, next(ids)))[:-36]


async def sender(
    port: int, key: str, bodies: list[bytes], kind: str, until: float, answers: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = random.randrange(len(bodies))
    while time.perf_counter() < until:
        body = bodies[number % len(bodies)]
        number += 1
        if kind == "batch":
            body = gzip.compress(fresh(body), 1)
        path = b"/batch/" if kind == "batch" else b"/v1/events"
        begun = time.perf_counter()
        writer.write(
            b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\n"
            b"Authorization: Bearer %s\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (path, key.encode(), str(uuid.uuid4()).encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        answer = await reader.readexactly(length)
        if head.startswith(b"HTTP/1.1 200"):
            if kind != "batch":
                assert json.loads(answer)["accepted"] == AT_ONCE[kind], answer
            answers.append(time.perf_counter() - begun)
        elif head.startswith(b"HTTP/1.1 503"):
            await asyncio.sleep(0.5)
        else:
            raise SystemExit(f"refused: {head!r} {answer!r}")
    writer.close()


async def load(port: int, key: str, kind: str, connections: int, seconds: float) -> None:
    """Be the load; print its figures as JSON."""
    dice = random.Random(1)
    names = public_models()
    bodies = [
        batch(dice, names, key) if kind == "batch" else segment(dice, names) for _ in range(BODIES)
    ]
    if kind == "single":
        lines = [line for body in bodies[:20] for line in gzip.decompress(body).splitlines(True)]
        bodies = [gzip.compress(line) for line in lines]
    answers: list[float] = []
    begun = time.perf_counter()
    until = begun + seconds
    senders = (sender(port, key, bodies, kind, until, answers) for _ in range(connections))
    await asyncio.gather(*senders)
    took = sorted(answers)
    print(
        json.dumps(
            {
                "events": len(answers) * AT_ONCE[kind],
                "seconds": time.perf_counter() - begun,
                "p50": took[len(took) // 2],
                "p99": took[int(len(took) * 0.99)],
                "max": took[-1],
                "body_bytes": sum(map(len, bodies)) // len(bodies),
                "load_processor_seconds": time.process_time(),
            }
        )
    )


def free_port() -> int:
    """Return a port of this machine's that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(kind: str, connections: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="aboveboard-bench-") as name:
        data = Path(name)
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "aboveboard", "serve", "--port", str(port), "--data", name],
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout is not None
            assert b"aboveboard is at" in server.stdout.readline()
            started = processor(server.pid)
            key = Projects(data).all()[0].keys[0]
            command = [sys.executable, __file__, "--load", str(port), key]
            command += ["--connections", str(connections), "--seconds", str(seconds)]
            command += [f"--{kind}"] if kind else []
            loading = subprocess.Popen(command, stdout=subprocess.PIPE)
            resident = []
            while loading.poll() is None:
                time.sleep(min(1.0, seconds / 50))
                resident.append(_mebibytes(server.pid, "VmRSS"))
            assert loading.stdout is not None
            told = json.loads(loading.stdout.read())
            sent = time.perf_counter()
            while _waiting(port):
                time.sleep(0.05)
            caught_up = time.perf_counter() - sent
            took = processor(server.pid) - started
            memory = _mebibytes(server.pid, "VmHWM")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
        kept = _kept(data)
    rate = told["events"] / told["seconds"]
    print(f"  {connections} connections, {told['seconds']:.0f} s, batches of {AT_ONCE[kind]}")
    print(f"  {rate:,.0f} durable events/s ({told['body_bytes']} gzipped bytes a batch)")
    print(
        f"  answers: p50 {told['p50'] * 1e3:.1f} ms, p99 {told['p99'] * 1e3:.1f} ms, "
        f"max {told['max'] * 1e3:.0f} ms"
    )
    print(f"  all in the warehouse {caught_up:.1f} s after the last answer")
    print(
        f"  processor: collector {took:.1f} s, load {told['load_processor_seconds']:.1f} s; "
        f"{took / told['events'] * 1e6:.1f} µs an event; memory at most "
        f"{memory:.0f} MiB"
    )
    tenths = [
        resident[place * len(resident) // 10 : (place + 1) * len(resident) // 10]
        for place in range(10)
    ]
    print("  memory by tenths of the run, MiB at most:", *(f"{max(each):.0f}" for each in tenths))
    print(f"  kept {kept:,} of {told['events']:,} events")
    # Of PostHog's, the collector makes a session's start where none came.
    if kept != told["events"] and kind != "batch":
        raise SystemExit("events were lost or counted twice")


def processor(pid: int) -> float:
    """Return the processor's seconds that a process has taken."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _mebibytes(pid: int, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) / 1024


def _waiting(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return b"\naboveboard_inbox_events 0.0\n" not in answer.read()


def _kept(data: Path) -> int:
    warehouse = Warehouse(embedded(data / "warehouse"))
    rows = warehouse.query(
        "SELECT sum(rows) FROM system.parts "
        "WHERE active AND database = {database:String} AND NOT startsWith(table, '_')",
        {"database": database("aider")},
    ).rows
    warehouse.close()
    return int(str(rows[0][0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--batch", dest="kind", action="store_const", const="batch", default="")
    parser.add_argument("--single", dest="kind", action="store_const", const="single")
    parser.add_argument("--load", nargs=2, metavar=("PORT", "KEY"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.load:
        port, key = args.load
        asyncio.run(load(int(port), key, args.kind, args.connections, args.seconds))
    else:
        measure(args.kind, args.connections, args.seconds)


if __name__ == "__main__":
    main()
