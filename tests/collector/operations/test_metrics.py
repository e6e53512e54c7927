"""What Prometheus reads of a collector, under names that its dashboards go by."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from aboveboard.collector.operations.metrics import Metrics, text

NAMES = {
    "aboveboard_events_accepted_total": "project",
    "aboveboard_lines_rejected_total": "project",
    "aboveboard_duplicates_total": "project",
    "aboveboard_events_known_total": "project",
    "aboveboard_refused_total": "status",
    "aboveboard_over_limit_total": "limit",
    "aboveboard_inbox_events": None,
    "aboveboard_warehouse_inserts_total": None,
    "aboveboard_warehouse_rows_total": None,
    "aboveboard_project_failing": "project",
    "aboveboard_ready": None,
    "aboveboard_disk_free_bytes": None,
}


@pytest.fixture
def told() -> str:
    metrics = Metrics()
    for number, each in enumerate((metrics.accepted, metrics.rejected, metrics.duplicates)):
        each["tool"] = 2**40 + number
    metrics.known["tool"] = 1
    metrics.refused["401"] = 3
    failing = {"tool": True, "a": False}
    return text(
        metrics,
        ready=True,
        free=2**41,
        waiting=7,
        inserts=8,
        moved=9,
        failing=failing,
        over_limit={("tool", "install-events-day"): 4},
    ).decode()


def test_it_has_these_names_and_labels_and_no_others(told: str) -> None:
    samples = [sample for family in parsed(told) for sample in family.samples]
    found = {sample.name: next(iter(sample.labels), None) for sample in samples}
    assert found == NAMES


def test_every_number_is_the_one_that_was_counted(told: str) -> None:
    values = {
        (sample.name.removeprefix("aboveboard_"), *sample.labels.values()): sample.value
        for family in parsed(told)
        for sample in family.samples
    }
    assert values == {
        ("events_accepted_total", "tool"): 2**40,
        ("lines_rejected_total", "tool"): 2**40 + 1,
        ("duplicates_total", "tool"): 2**40 + 2,
        ("events_known_total", "tool"): 1,
        ("refused_total", "401"): 3,
        ("over_limit_total", "install-events-day", "tool"): 4,
        ("inbox_events",): 7,
        ("warehouse_inserts_total",): 8,
        ("warehouse_rows_total",): 9,
        ("project_failing", "a"): 0,
        ("project_failing", "tool"): 1,
        ("ready",): 1,
        ("disk_free_bytes",): 2**41,
    }
