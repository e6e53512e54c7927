"""What the collector counts of itself, as Prometheus reads it. Numbers and project names only."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client import Metric

    from aboveboard.collector.inbox.inbox import Receipt

__all__ = ["CONTENT_TYPE", "Metrics", "text"]


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


class _Told(Collector):
    """What was read at one moment, as the library takes it."""

    def __init__(self, told: Iterable[Metric]) -> None:
        self._told = told

    def collect(self) -> Iterable[Metric]:
        return self._told


def text(
    metrics: Metrics,
    *,
    ready: bool,
    free: int,
    waiting: int,
    inserts: int,
    moved: int,
    failing: Mapping[str, bool],
    over_limit: Mapping[tuple[str, str], int],
) -> bytes:
    """Return everything in Prometheus' text format.

    Args:
        metrics: What was counted since the start.
        ready: Whether /readyz says so.
        free: Bytes of the data directory's disk that are left.
        waiting: Events in the inbox.
        inserts: Inserts into the warehouse.
        moved: Rows of them.
        failing: Whether a project's events do not reach the warehouse, by project.
        over_limit: Deliveries that were refused, by project and limit.
    """

    def counter(name: str, about: str, counts: Mapping[str, int], label: str = "project") -> Metric:
        family = CounterMetricFamily(f"aboveboard_{name}", about, labels=[label])
        for value, count in sorted(counts.items()):
            family.add_metric([value], count)
        return family

    stuck = GaugeMetricFamily(
        "aboveboard_project_failing",
        "Whether a project's events do not reach the warehouse.",
        labels=["project"],
    )
    for name, failed in sorted(failing.items()):
        stuck.add_metric([name], failed)
    limited = CounterMetricFamily(
        "aboveboard_over_limit",
        "Deliveries refused since a key or an install was over a limit.",
        labels=["project", "limit"],
    )
    for (name, limit), count in sorted(over_limit.items()):
        limited.add_metric([name, limit], count)
    told = (
        counter("events_accepted", "Events stored.", metrics.accepted),
        counter("lines_rejected", "Lines not taken.", metrics.rejected),
        counter("duplicates", "Deliveries known already.", metrics.duplicates),
        counter("events_known", "Events stored before, by their own uuid.", metrics.known),
        counter("refused", "Requests refused.", metrics.refused, "status"),
        limited,
        GaugeMetricFamily(
            "aboveboard_inbox_events", "Events that wait for the warehouse.", value=waiting
        ),
        CounterMetricFamily(
            "aboveboard_warehouse_inserts", "Inserts into the warehouse.", value=inserts
        ),
        CounterMetricFamily(
            "aboveboard_warehouse_rows", "Rows inserted into the warehouse.", value=moved
        ),
        stuck,
        GaugeMetricFamily("aboveboard_ready", "Whether /readyz says so.", value=ready),
        GaugeMetricFamily(
            "aboveboard_disk_free_bytes", "What is left of the data directory's disk.", value=free
        ),
    )
    return generate_latest(_Told(told))
