"""A collector that has kept much: bytes an event, how soon it is ready, and what it takes at rest.

Rows of aider's mix (sessions of 20 events: 55 % of those within are answered messages) are made in
the warehouse itself, by INSERT … SELECT, 5 million events at a time, over 13 months, so that
each table has parts as months of moving leave them, merged as far as ClickHouse has come. Then the
collector is started as a user starts it.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from collector import free_port, public_models

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import Warehouse, embedded
from aboveboard.warehouse.schema import KEYS_FROM

PROJECT = "aider"
AT_ONCE = 5_000_000
EVENTS_A_SESSION = 20
SESSIONS_AN_INSTALL = 20
DAYS = 390

# A session's first event is its start, its second `launched`, its last `exit`.
WITHIN = f"number % {EVENTS_A_SESSION} BETWEEN 2 AND {EVENTS_A_SESSION - 2}"
DICE = "cityHash64(number) % 100"
TABLES = {
    "sessions": (f"number % {EVENTS_A_SESSION} = 0", {
        "app_version": "['0.86.2', '0.86.1', '0.85.0', '0.84.0'][1 + install % 4]",
        "os": "['Linux', 'Darwin', 'Windows'][1 + install % 3]",
        "arch": "['x86_64', 'arm64'][1 + install % 2]",
        "python_version": "['3.12.1', '3.11.7', '3.13.0'][1 + cityHash64(install) % 3]",
        "user_uuid": "{uuid:install}",
        "session_uuid": "{uuid:its_session}",
        "source": "'aboveboard'",
    }),
    "launched": (f"number % {EVENTS_A_SESSION} = 1", {}),
    "message_send": (f"{WITHIN} AND {DICE} < 55", {
        "main_model": "{models}[1 + (if({DICE} < 45, install, number) % 40)]",
        "weak_model": "'gpt-4o-mini'",
        "edit_format": "['diff', 'whole', 'udiff'][1 + install % 3]",
        "prompt_tokens": "200 + cityHash64(number, 1) % 40000",
        "completion_tokens": "10 + cityHash64(number, 2) % 4000",
        "total_tokens": "210 + cityHash64(number, 1) % 40000 + cityHash64(number, 2) % 4000",
        "cost": "round((cityHash64(number, 1) % 40000) * 3e-6, 6)",
        "total_cost": "round((number % 20) * 0.01, 6)",
    }),
    "message_send_starting": (f"{WITHIN} AND {DICE} BETWEEN 55 AND 79", {}),
    "command": (f"{WITHIN} AND {DICE} >= 80", {
        "command": "['add', 'drop', 'run'][1 + cityHash64(number, 3) % 3]",
    }),
    "exit": (f"number % {EVENTS_A_SESSION} = {EVENTS_A_SESSION - 1}", {
        "reason": "'Completed main CLI coder.run'",
    }),
}  # fmt: skip
"""By table, which numbers are its events, and what they say."""


def fill(
    data: Path,
    events: int,
    tables: Mapping[str, tuple[str, Mapping[str, str]]] = TABLES,
    days: int = 400,
) -> None:
    """Make the rows.

    Args:
        data: The collector's directory.
        events: How many.
        tables: What they say, as `TABLES` has it.
        days: How long rows are kept.
    """
    catalog = shipped_catalog(PROJECT)
    with closing(Projects(data)) as projects:
        projects.add(PROJECT, catalog, shipped=True)
    models = str(public_models())
    with closing(Warehouse(embedded(data / "warehouse"))) as warehouse:
        warehouse.ensure(PROJECT, catalog, days)
        present = warehouse.present(PROJECT)
        installs = max(1, events // EVENTS_A_SESSION // SESSIONS_AN_INSTALL)
        for start in range(0, events, AT_ONCE):
            for table, (which, told) in tables.items():
                said = {name: how for name, how in told.items() if name in present[table]}
                shown = {
                    name: how.replace("{models}", models)
                    .replace("{DICE}", DICE)
                    .replace("{uuid:install}", _uuid("user_id"))
                    .replace("{uuid:its_session}", _uuid("session"))
                    for name, how in said.items()
                }
                columns = {
                    "user_id": f"toUInt64({KEYS_FROM}) + intDiv(cityHash64(install, 5), 4)",
                    "session": f"toUInt64({KEYS_FROM}) + intDiv(cityHash64(its_session, 6), 4)",
                    "seq": f"number % {EVENTS_A_SESSION}",
                    "time": "toStartOfHour(now() - 3600 * hours)",
                    "_move": str(start + 1),
                    **shown,
                }
                selected = ", ".join(f"{how} AS {name}" for name, how in columns.items())
                warehouse._writer.command(
                    f"INSERT INTO project_{PROJECT}.{table} ({', '.join(columns)}) "
                    f"WITH intDiv(number, {EVENTS_A_SESSION}) AS its_session, "
                    f"cityHash64(its_session, 4) % {installs} AS install, "
                    f"cityHash64(its_session, 7) % {DAYS * 24} AS hours SELECT {selected} "
                    f"FROM numbers({start}, {min(AT_ONCE, events - start)}) WHERE {which}"
                )
            print(f"  {min(events, start + AT_ONCE):,} events made", file=sys.stderr, flush=True)
        _tell_of_parts(warehouse)


def _uuid(key: str) -> str:
    """Return the SQL of a UUID whose last 64 bits are a key."""
    low, high = f"lower(hex({key}))", f"lower(hex(cityHash64({key})))"
    return (
        f"toUUID(concat(substring(leftPad({high}, 16, '0'), 1, 8), '-', "
        f"substring(leftPad({high}, 16, '0'), 9, 4), '-4', "
        f"substring(leftPad({high}, 16, '0'), 14, 3), '-', substring({low}, 1, 4), '-', "
        f"substring({low}, 5)))"
    )


def _tell_of_parts(warehouse: Warehouse) -> None:
    ((stored, rows, parts),) = warehouse.query(
        "SELECT sum(bytes_on_disk), sum(rows), count() FROM system.parts "
        f"WHERE active AND database = 'project_{PROJECT}'"
    ).rows
    print(
        f"  {int(str(rows)):,} rows in {parts} parts, {int(str(stored)) / int(str(rows)):.1f} "
        f"bytes each, {int(str(stored)) / 2**20:,.0f} MiB",
        flush=True,
    )


def start(data: Path, times: int) -> None:
    """Start the collector some times, and tell of the quickest."""
    ready, rest = [], 0.0
    for _ in range(times):
        begun = time.perf_counter()
        words = ["serve", "--data", str(data), "--port", str(free_port())]
        server = subprocess.Popen(
            [sys.executable, "-m", "aboveboard", *words], stdout=subprocess.PIPE
        )
        try:
            assert server.stdout is not None
            assert b" is at " in server.stdout.readline()
            took = time.perf_counter() - begun
            ticks = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            ready.append((took, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")))
            time.sleep(15)
            status = Path(f"/proc/{server.pid}/status").read_text()
            rest = int(status.partition("VmRSS:")[2].split()[0]) / 1024
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    took, spent = min(ready)
    print(
        f"  ready after {took:.1f} s ({spent:.1f} s of processor), the best of {times}; "
        f"15 s later it takes {rest:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--data", type=Path, help="fill this directory, or start what is in it")
    parser.add_argument("--times", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aboveboard-bench-") as name:
        data = args.data or Path(name)
        if not (data / "warehouse").exists():
            fill(data, args.events)
        start(data, args.times)


if __name__ == "__main__":
    main()
