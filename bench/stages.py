"""What the collector's work costs, a stage at a time: the limits beside which it is measured.

The bodies are those of `collector.py`: gzipped segments of 200 events, with `--batch` PostHog's
batches of 100, of which what is written includes finding which events are new, and their sessions.
Each stage does all of them
and nothing else, in one process: read only (inflated, parsed, checked), written and fsynced only
(packed, in transactions of 16 deliveries, as 16 connections bring them), inserted only (unpacked,
encoded, put into ClickHouse's tables, in moves of 200,000 events). Their sum is what the collector
could take if requests, answers and everything else were free.

Processor time is that of the whole process, ClickHouse's threads and merges included. The best of
some rounds counts: others share the machine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from collector import BATCH, BODIES, EVENTS, batch, fresh, public_models, segment

from aboveboard.collector.http.batch import delivery
from aboveboard.collector.http.bodies.inflate import inflate
from aboveboard.collector.inbox.inbox import Delivery, Inbox, Receipt
from aboveboard.collector.inbox.moves import EVENTS_MAX
from aboveboard.collector.inbox.packing import pack, unpack_into
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.protocols import posthog
from aboveboard.collector.service import Reader
from aboveboard.warehouse import Warehouse, embedded

TOGETHER = 16
PROJECT = "aider"


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the processor's and the wall's seconds that some work takes."""
    began, processor = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - processor, time.perf_counter() - began


def stages(number: int, rounds: int, *, batches: bool = False) -> dict[str, tuple[float, float]]:
    """Return by stage the µs of processor and of wall an event, of so many bodies."""
    dice = random.Random(1)
    names = public_models()
    of_each = BATCH if batches else EVENTS
    plain = [
        batch(dice, names, "key") if batches else segment(dice, names)
        for _ in range(min(number, BODIES))
    ]
    plain *= max(1, number // len(plain))
    events = len(plain) * of_each
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="aboveboard-bench-") as name:
        data = Path(name)
        catalog = shipped_catalog(PROJECT)
        projects = Projects(data)
        reader = Reader(projects.add(PROJECT, catalog, shipped=True))
        inbox = Inbox(data)
        warehouse = Warehouse(embedded(data / "warehouse"))
        warehouse.ensure(PROJECT, catalog, 400)
        bodies: list[bytes] = []
        read: list[Delivery] = []
        stored: list[Receipt] = []

        def parsed(body: bytes) -> Delivery:
            if batches:
                return delivery(reader, posthog.parse(inflate(body)))
            return Delivery(PROJECT, uuid.uuid4(), reader.segments.read(inflate(body)))

        def parse() -> None:
            read[:] = map(parsed, bodies)

        def write() -> None:
            stored.clear()
            for start in range(0, len(read), TOGETHER):
                stored.extend(inbox.commit(read[start : start + TOGETHER]))

        def insert() -> None:
            at_once = EVENTS_MAX // of_each
            for start in range(0, len(packed), at_once):
                merged: dict[str, dict[str, list[object]]] = {}
                for body in packed[start : start + at_once]:
                    unpack_into(merged, body)
                number = dice.getrandbits(63)
                for table, columns in sorted(merged.items()):
                    columns["_move"] = [number] * len(columns["time"])
                    warehouse.insert(PROJECT, table, columns, str(uuid.uuid4()))

        for _ in range(rounds):
            # An event of PostHog's form is stored once by its own identity.
            bodies[:] = [gzip.compress(fresh(each), 1) for each in plain] if batches else plain
            for stage, work in (
                ("inflated only", lambda: [inflate(body) for body in bodies]),
                ("read only, inflating included", parse),
                ("written and fsynced only", write),
            ):
                found.setdefault(stage, []).append(timed(work))
            packed = [pack(each.accepted.tables) for each in stored]
            found.setdefault("inserted only", []).append(timed(insert))
        inbox.close()
        warehouse.close()
        projects.close()
    return {
        stage: (
            min(cpu for cpu, _ in of) / events * 1e6,
            min(wall for _, wall in of) / events * 1e6,
        )
        for stage, of in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=2000)
    parser.add_argument("--batch", action="store_true", help="PostHog's batches, not segments")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = stages(args.bodies, args.rounds, batches=args.batch)
    if args.json:
        print(json.dumps(found))
        return
    for stage, (cpu, wall) in found.items():
        print(
            f"  {stage}: {cpu:.2f} µs of processor an event, {wall:.2f} of wall "
            f"({1e6 / wall:,.0f} events/s)"
        )
    whole = sum(cpu for stage, (cpu, _) in found.items() if stage != "inflated only")
    print(f"  together: {whole:.2f} µs of processor an event")


if __name__ == "__main__":
    main()
