from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.insights import Table
from aboveboard.warehouse import Warehouse, embedded
from tests.insights.population import Happening, fill, population
from tests.prepared import prepared

TODAY = date(2026, 11, 22)
"""Later than anything that the made-up population does."""


@dataclass(frozen=True)
class Project:
    name: str
    catalog: Catalog


@dataclass(frozen=True)
class Data:
    """A warehouse with the made-up population in it, and what was put there."""

    warehouse: Warehouse
    project: Project
    happened: list[Happening]

    def ask(
        self,
        name: str,
        query: Mapping[str, str],
        project: Project | None = None,
        today: date = TODAY,
        late: timedelta = timedelta(0),
    ) -> Table:
        """Run an insight over the filters that a URL's query would give."""
        insight = insights.get(name)
        assert insight is not None
        filters = insights.Filters.from_query(query, today, late=late)
        return insight.run(self.warehouse, project or self.project, filters)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    # A module's, since a process can have one embedded warehouse open at a time.
    project = Project("aider", shipped_catalog("aider"))
    happened = population()

    def make(directory: Path) -> None:
        with closing(Warehouse(embedded(directory))) as made:
            fill(made, project.name, project.catalog, happened)

    directory = prepared(tmp_path_factory, "population", make)
    with closing(Warehouse(embedded(directory))) as warehouse:
        warehouse.ensure(project.name, project.catalog)
        yield Data(warehouse, project, happened)
