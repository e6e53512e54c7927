"""What it costs to erase one install, and a hundred at once, among millions of events.

`python bench/erasing.py [--events 4000000]`. Beside it, in the same run, what ClickHouse takes to
write the same tables anew as they are (OPTIMIZE FINAL).
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import uuid
from pathlib import Path

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.service import Collector
from aboveboard.warehouse import database, schema

INSTALLS = 10_000
MONTHS = 12
SHARES = {"message_send": 0.5, "command": 0.3, "launched": 0.1, "exit": 0.1}


def fill(collector: Collector, project: str, events: int) -> None:
    """Make installs whose keys are known, with sessions over a year."""
    erasing = collector.warehouse.erasing(project)
    tables = set(erasing.tables())
    key = f"bitOr({1 << 63:d}, sipHash64(number % {INSTALLS}) % {1 << 62:d})"
    seconds = MONTHS * 30 * 86400
    for table, share in {**SHARES, schema.SESSIONS: 0.05}.items():
        if table not in tables:
            continue
        rows = int(events * share)
        erasing._command(
            f"INSERT INTO {database(project)}.{table} (user_id, session, seq, time) "
            f"SELECT {key} AS user_id, "
            f"sipHash64(user_id, intDiv(number, {INSTALLS} * 20)) AS session, number % 1000, "
            f"toStartOfHour(now() - sipHash64(number, 1) % {seconds}) "
            f"FROM numbers({rows}) SETTINGS max_partitions_per_insert_block = 0"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=4_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        collector = Collector(Path(directory))
        collector.add_project("aider", shipped_catalog("aider"), shipped=True)
        fill(collector, "aider", args.events)
        erasing = collector.warehouse.erasing("aider")
        keys = [
            int(str(key))
            for (key,) in collector.warehouse.query(
                "SELECT DISTINCT user_id FROM {project:Identifier}.message_send LIMIT 200",
                {"project": database("aider")},
                bounded=False,
            ).rows
        ]
        told: dict[str, object] = {"events": args.events, "installs": INSTALLS}
        for number, name in ((1, "one"), (100, "hundred")):
            for _ in range(number):
                key = keys.pop()
                collector.eraser.requests.ask("aider", str(uuid.UUID(int=(0x4000 << 64) | key)))
            told[name] = measured(lambda: collector.eraser.erase_all("aider"))
            told[f"{name}, of which rewriting"] = round(collector.eraser._worked, 2)

        def rewrite() -> None:
            for table in (*SHARES, schema.SESSIONS):
                erasing._command(f"OPTIMIZE TABLE {database('aider')}.{table} FINAL")

        told["all tables written anew"] = measured(rewrite)
        collector.close()
    print(json.dumps(told, indent=1))


def measured(what: object) -> dict[str, float]:
    assert callable(what)
    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    what()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"seconds": round(time.monotonic() - begun, 2), "processor": round(cpu, 2)}


if __name__ == "__main__":
    main()
