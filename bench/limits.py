"""What the limits of keys and installs cost a delivery, beside reading it: processor time.

In one process, without a socket or a disk: the gate's part of a request, and the reading of the
same body. What a delivery of 200 events takes in all is in bench/collector.py's last lines.
"""

from __future__ import annotations

import gzip
import random
import time
import timeit
from collections.abc import Callable

from collector import EVENTS, segment

from aboveboard.collector.allowlist import Accepted, AllowList
from aboveboard.collector.limits.gate import Gate, Sender
from aboveboard.collector.limits.limits import BY_NAME, Limits
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.protocols.segment import SegmentReader

BODIES = 50
FAR = Limits(dict.fromkeys(BY_NAME, 10**12))
"""Limits that are asked for and never met."""


def microseconds(work: Callable[[], object], times: int) -> float:
    """Return the processor time of one time, in the quickest of fifteen rounds."""
    rounds = timeit.repeat(work, timer=time.process_time, number=times, repeat=15)
    return min(rounds) / times * 1e6


def main() -> None:
    reader = SegmentReader(AllowList(shipped_catalog("aider")))
    bodies = [gzip.decompress(segment(random.Random(each), ["gpt-4o"])) for each in range(BODIES)]
    gate, sender = Gate(), Sender("ab_" + "k" * 32, "aider", FAR)
    gate.knows = True

    def pass_gate(accepted: Accepted) -> None:
        gate.check_key(sender)
        installs = gate.check_installs(sender, accepted.installs())
        gate.count(sender, accepted, installs)

    def cost(deliveries: list[Accepted]) -> float:
        return microseconds(lambda: [*map(pass_gate, deliveries)], 20) / len(deliveries)

    many = [*map(reader.read, bodies)]
    one = [reader.read(body.splitlines(keepends=True)[2]) for body in bodies]
    reading = microseconds(lambda: [*map(reader.read, bodies)], 2) / BODIES
    print(f"  {EVENTS} events: reading {reading:.0f} µs, limits {cost(many):.1f} µs a delivery")
    print(f"  one event: limits {cost(one):.1f} µs a delivery")


if __name__ == "__main__":
    main()
