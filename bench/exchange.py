"""What it costs to export a project's events and to import them elsewhere.

The data directory is one that `kept.py --data` has filled.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from kept import PROJECT

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import Warehouse, embedded


def run(*words: str) -> tuple[float, float, float]:
    """Run a command; return the wall's seconds, the processor's, and MiB at most so far."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "aboveboard", *words], check=True, stderr=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begun, spent, after.ru_maxrss / 1024


def rows(data: Path) -> dict[str, tuple[object, ...]]:
    """Return by table how many rows there are and a sum over them, in whatever order."""
    with closing(Warehouse(embedded(data / "warehouse"))) as warehouse:
        found = {}
        for table, columns in warehouse.present(PROJECT).items():
            names = ", ".join(f"`{name}`" for name in columns if name != "_move")
            if not table.startswith("_"):
                found[table] = warehouse.query(
                    f"SELECT count(), sum(cityHash64({names})) FROM project_{PROJECT}.{table}",
                    bounded=False,
                ).rows[0]
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aboveboard-bench-") as name:
        file, there = Path(name) / "all.jsonl.gz", Path(name) / "there"
        with closing(Projects(there)) as projects:
            projects.add(PROJECT, shipped_catalog(PROJECT), shipped=True)
        before = rows(args.data)
        events = sum(int(str(count)) for count, _ in before.values())
        shared = ("--project", PROJECT, "--data")
        for what, words in (
            ("export", ("export", *shared, str(args.data), "-o", str(file))),
            ("import", ("import", *shared, str(there), str(file))),
            ("import again, which adds none", ("import", *shared, str(there), str(file))),
        ):
            wall, spent, most = run(*words)
            print(
                f"  {what} of {events:,} events: {wall:.0f} s, {spent:.0f} s of processor "
                f"({spent / events * 1e6:.1f} µs an event), {most:.0f} MiB at most so far",
                flush=True,
            )
        print(f"  {file.stat().st_size / 2**20:,.0f} MiB of gzipped lines")
        if rows(there) != before:
            raise SystemExit(f"not equal: {json.dumps([before, rows(there)], default=str)}")
        print("  every table is equal, row by row")


if __name__ == "__main__":
    main()
