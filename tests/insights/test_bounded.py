"""What a question costs is bounded by the period that it is asked for.

How many rows are read is counted by ClickHouse: the same question over the same period reads the
same rows, whether there is much before it and after it or nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from aboveboard import insights
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.warehouse import Warehouse, embedded
from tests.insights.conftest import Data, Project
from tests.insights.population import AIDERS, fill, population

PERIOD = {"since": "2026-03-10", "until": "2026-03-18"}
"""With the week before and after it, in one month: rows are read a month at least."""

FILTERS: tuple[dict[str, str], ...] = (
    {"version": "0.86.2", "where": "message_send.edit_format:diff"},
    {},
    {"os": "Linux"},
)
if not os.environ.get("ABOVEBOARD_LONG"):
    FILTERS = FILTERS[:1]
OF_ALL = {"versions", "error_versions"}
"""They tell of all that is kept, until the period ends."""

OF_INSTALLS = {"retention", "second_week", "lifecycle"}
"""Who is new is known from the sessions before: who began each, and when."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    directory: Path = tmp_path_factory.mktemp("bounded")
    warehouse = Warehouse(embedded(directory))
    project = Project("inside", shipped_catalog("aider"))
    inside = [
        each
        for each in population(12, 30, date(2026, 3, 31), seed=3)
        if each.time.date().month == 3
    ]
    beside = [
        each
        for each in population(12, 400, date(2026, 11, 20), seed=4)
        if (each.time.year, each.time.month) != (2026, 3)
    ]
    fill(warehouse, "inside", project.catalog, inside)
    fill(warehouse, "among", project.catalog, [*inside, *beside])
    yield Data(warehouse, project, inside)
    warehouse.close()


def rows_read(warehouse: Warehouse) -> int:
    asked = "SELECT sum(value) FROM system.events WHERE event = 'SelectedRows'"
    ((count,),) = warehouse.query(asked).rows
    return int(str(count))


def read(data: Data, project: str, name: str, query: dict[str, str]) -> int:
    """Return how many rows a question reads."""
    before = rows_read(data.warehouse)
    looking = rows_read(data.warehouse) - before
    before += looking
    data.ask(name, query, Project(project, data.project.catalog))
    return rows_read(data.warehouse) - before - looking


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", [each.name for each in AIDERS if each.name not in OF_ALL | OF_INSTALLS]
)
def test_only_rows_of_the_period_are_read(data: Data, name: str) -> None:
    insight = insights.get(name)
    assert insight is not None
    event = {"event": "message_send"} if insight.of_event else {}
    for filters in FILTERS:
        asked = {**PERIOD, **filters, **event}
        # How much is left unread where a part of a question has no rows is a matter of chance.
        assert any(
            # One row more tells that there was something before.
            read(data, "among", name, asked) <= read(data, "inside", name, asked) + 1
            for _ in range(4)
        ), asked
