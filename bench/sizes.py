"""What a collector needs for so many installs, computed from what was measured.

    python bench/sizes.py             the table of docs/operating.md
    python bench/sizes.py --measure   measure the figures again: a few minutes

`MEASURED` is what `--measure` said last, on the machine of README.md. The rest is arithmetic over
the assumptions below, which the page states beside the table.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path

from collector import free_port

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import Warehouse, embedded

SESSIONS_A_DAY = 1
EVENTS_A_SESSION = 20
KEPT_DAYS = 396
PEAK = 4
"""The busiest hour against the average one."""

SPARE = 2
"""Free disk beside what is kept, as a factor of all: merges, a migration and a backup need room."""

MEASURED = {
    "bytes_an_event": 11.7,
    "inbox_bytes_a_session": 145,
    "milliseconds_a_session": 1.41,
    "idle_mib": 325,
    "busy_mib": 413,
}

MOVING = 0.04
"""The part of a core that moving takes once a session a second comes, as `trickle.py` has it."""

INSTALLS = (1_000, 100_000, 10_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure the figures again")
    parser.add_argument("--people", type=int, default=320, help="how many simulated people fill it")
    args = parser.parse_args()
    print(json.dumps(measure(args.people), indent=4) if args.measure else table())


def table() -> str:
    """Return the page's table."""
    heads = (
        *("installs", "events a day", "at the peak", "processor at the peak", "kept events"),
        *("warehouse", "`inbox.sqlite`", "disk to have", "memory to have"),
    )
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    rows += [row(installs) for installs in INSTALLS]
    return "\n".join(rows)


def row(installs: int) -> str:
    sessions = installs * SESSIONS_A_DAY
    events = sessions * EVENTS_A_SESSION
    peak = sessions * PEAK / 86_400
    cores = MOVING * min(1, peak) + peak * MEASURED["milliseconds_a_session"] / 1000
    warehouse = events * KEPT_DAYS * MEASURED["bytes_an_event"]
    inbox = sessions * KEPT_DAYS * MEASURED["inbox_bytes_a_session"]
    memory = 1 if peak < 1 else 2
    return (
        f"| {installs:,} | {events:,} | {number(peak)} sessions a second | "
        f"{number(cores * 100)} % of a core | {events * KEPT_DAYS:,} | {size(warehouse)} | "
        f"{size(inbox)} | {size((warehouse + inbox) * SPARE + 2**30)} | {memory} GiB |"
    )


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1g}" if value < 1 else f"{value:.1f}"


def size(amount: float) -> str:
    for unit in ("MB", "GB", "TB"):
        amount /= 1000 if unit != "MB" else 1e6
        if amount < 1000:
            break
    return f"{amount:,.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"


def measure(people: int) -> dict[str, float]:
    """Fill a collector with simulated people, then send it single sessions, as tools do."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with closing(Projects(data)) as projects:
            key = projects.add("demo", shipped_catalog("aider"), shipped=True).keys[0]
        port = free_port()
        server = started(data, port)
        idle = memory(server.pid, "VmRSS")
        subprocess.run(
            [
                *(sys.executable, "-m", "aboveboard.demo", "--installs", str(people)),
                *("--url", f"http://127.0.0.1:{port}", "--key", key),
            ],
            check=True,
        )
        settled(port)
        before = processor(server.pid)
        count = 5_000
        send(port, key, count)
        settled(port)
        each = (processor(server.pid) - before) / count
        busy = memory(server.pid, "VmHWM")
        server.send_signal(signal.SIGINT)
        server.wait(120)
        with closing(Warehouse(embedded(data / "warehouse"))) as warehouse:
            names = [
                str(name)
                for (name,) in warehouse.query(
                    "SELECT name FROM system.tables WHERE database = 'project_demo'"
                    " AND engine = 'MergeTree'"
                ).rows
            ]
            for name in names:
                warehouse._writer.command(f"OPTIMIZE TABLE project_demo.{name} FINAL")
            ((stored, rows),) = warehouse.query(
                "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts"
                " WHERE active AND database = 'project_demo'"
            ).rows
            ((sessions,),) = warehouse.query("SELECT count() FROM project_demo.sessions").rows
        inbox = used(data / "inbox.sqlite")
        return {
            "bytes_an_event": round(int(str(stored)) / int(str(rows)), 1),
            "inbox_bytes_a_session": round(inbox / int(str(sessions))),
            "milliseconds_a_session": round(each * 1000, 2),
            "idle_mib": round(idle),
            "busy_mib": round(busy),
        }


def started(data: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "aboveboard", "serve", "--data", str(data), "--port", str(port)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b" is at " in process.stdout.readline()
    threading.Thread(target=process.stdout.read, daemon=True).start()
    time.sleep(3)
    return process


def settled(port: int) -> None:
    while b"\naboveboard_inbox_events 0" not in get(port, "/metrics"):
        time.sleep(0.2)
    time.sleep(2)


def get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read()


def send(port: int, key: str, count: int) -> None:
    """Send sessions of `EVENTS_A_SESSION` events, each as a segment of its own, four at a time."""

    def some(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(count // 4):
            # A tool's child sends one segment and ends: each has a connection of its own.
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request(
                    "POST",
                    "/v1/events",
                    gzip.compress(segment(dice)),
                    {
                        "Authorization": f"Bearer {key}",
                        "Content-Encoding": "gzip",
                        "Idempotency-Key": new_id(dice),
                    },
                )
                answer = connection.getresponse()
                assert answer.status == 200, answer.read()

    threads = [threading.Thread(target=some, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def new_id(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def segment(dice: random.Random) -> bytes:
    ids = {
        name: str(uuid.UUID(int=dice.getrandbits(128), version=4))
        for name in ("user_id", "session")
    }
    now = int(time.time()) // 3600 * 3600
    told = {"app_version": "0.86.2", "os": "Linux", "arch": "x86_64", "python_version": "3.12.1"}
    lines: list[dict[str, object]] = [{"event": "session_start", "properties": told}]
    for _ in range(EVENTS_A_SESSION - 1):
        prompt, completion = dice.randrange(20_000), dice.randrange(2_000)
        answered = {
            "main_model": dice.choice(["gpt-4o", "o3", "deepseek/deepseek-chat"]),
            "edit_format": dice.choice(["diff", "whole", "udiff"]),
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "cost": prompt * 3e-6,
        }
        command = {"command": dice.choice(["add", "drop", "run"])}
        lines.append(
            {"event": "message_send", "properties": answered}
            if dice.random() < 0.5
            else {"event": "command", "properties": command}
        )
    return b"".join(
        json.dumps({**line, **ids, "seq": place, "time": now}).encode() + b"\n"
        for place, line in enumerate(lines)
    )


def used(file: Path) -> int:
    """Return the bytes of a SQLite file that hold something; what waited has left free pages."""
    with closing(sqlite3.connect(file)) as connection:
        size, free, page = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
    return int((size - free) * page)


def processor(pid: int) -> float:
    """Return the seconds of processor that a process has taken."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, what: str) -> float:
    """Return a figure of a process's memory in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


if __name__ == "__main__":
    main()
