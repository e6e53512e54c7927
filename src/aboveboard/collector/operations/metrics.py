"""What the collector counts of itself, as Prometheus reads it. Numbers and project names only."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aboveboard.collector.inbox.inbox import Receipt

CONTENT_TYPE = "text/plain; version=0.0.4"


class Metrics:
    """Counters since the start. For the event loop's thread."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.duplicates: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def count(self, project: str, receipt: Receipt) -> None:
        """Count a delivery that was answered with 200."""
        if receipt.duplicate:
            self.duplicates[project] += 1
            return
        self.known[project] += receipt.accepted.known
        self.accepted[project] += receipt.accepted.events
        self.rejected[project] += len(receipt.accepted.rejected)


def text(
    metrics: Metrics, *, waiting: int, inserts: int, moved: int, failing: Mapping[str, bool]
) -> str:
    """Return everything in Prometheus' text format."""
    lines: list[str] = []

    def add(name: str, kind: str, about: str, values: Iterable[tuple[str, int]]) -> None:
        lines.append(f"# HELP aboveboard_{name} {about}")
        lines.append(f"# TYPE aboveboard_{name} {kind}")
        lines.extend(f"aboveboard_{name}{labels} {value}" for labels, value in values)

    def by(label: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
        return [(f'{{{label}="{name}"}}', count) for name, count in sorted(counts.items())]

    accepted, rejected = by("project", metrics.accepted), by("project", metrics.rejected)
    duplicates, refused = by("project", metrics.duplicates), by("status", metrics.refused)
    add("events_accepted_total", "counter", "Events stored.", accepted)
    add("lines_rejected_total", "counter", "Lines not taken.", rejected)
    add("duplicates_total", "counter", "Deliveries known already.", duplicates)
    known = by("project", metrics.known)
    add("events_known_total", "counter", "Events stored before, by their own uuid.", known)
    add("refused_total", "counter", "Requests refused.", refused)
    add("inbox_events", "gauge", "Events that wait for the warehouse.", [("", waiting)])
    add("warehouse_inserts_total", "counter", "Inserts into the warehouse.", [("", inserts)])
    add("warehouse_rows_total", "counter", "Rows inserted into the warehouse.", [("", moved)])
    stuck = by("project", {name: int(failed) for name, failed in failing.items()})
    add("project_failing", "gauge", "Whether a project's events do not reach the warehouse.", stuck)
    return "\n".join(lines) + "\n"
