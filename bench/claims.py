"""What a move costs more on a warehouse that several collectors have: claims, beside its insert.

On one ClickHouse that listens on loopback (`make clickhouse`). An embedded warehouse has none of
this. The best of some rounds counts, each with ids that are new.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.clickhouse.node import Node
from tests.collector.tool import CATALOG

from aboveboard.warehouse import Warehouse


def best(rounds: int, work: Callable[[], object]) -> float:
    """Return the fewest milliseconds that a work takes."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="aboveboard-bench-") as name:
        node = Node(Path(name) / "node").start()
        try:
            with closing(Warehouse(node.url())) as warehouse:
                warehouse.ensure("tool", CATALOG)
                for deliveries in (1, 20, 100, 1_000):
                    measure(warehouse, deliveries, rounds)
        finally:
            node.kill()


def measure(warehouse: Warehouse, deliveries: int, rounds: int) -> None:
    rows = deliveries * 200
    columns: dict[str, list[object]] = {
        "user_id": [str(uuid.uuid4())] * rows,
        "session": [str(uuid.uuid4())] * rows,
        "time": [int(time.time()) // 3600 * 3600] * rows,
        "seq": list(range(rows)),
        "main_model": ["gpt-4o"] * rows,
        "tokens": [7] * rows,
    }

    def insert() -> None:
        warehouse.insert("tool", "message_send", columns, str(uuid.uuid4()))

    def claim() -> None:
        ids = {str(uuid.uuid4()) for _ in range(deliveries)}
        warehouse.claims("tool").elsewhere(ids, uuid.uuid4().int >> 64)
        for _ in range(2):  # before the rows are inserted, and after
            warehouse.erased("tool").among({str(columns["user_id"][0])})

    inserting, claiming = best(rounds, insert), best(rounds, claim)
    print(
        f"{deliveries:>5} deliveries, {rows:>7} rows in one table: insert {inserting:6.1f} ms, "
        f"claims {claiming:6.1f} ms, ratio {claiming / inserting:.2f}"
    )


if __name__ == "__main__":
    main()
