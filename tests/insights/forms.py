"""One population in every form of a warehouse."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.warehouse import Limits, Warehouse, embedded
from tests.clickhouse.forms import cluster_url
from tests.clickhouse.node import Node
from tests.insights.conftest import Project
from tests.insights.population import fill, population

PATIENT = Limits(seconds=300)
"""Machines are shared: how long it takes is not what is asked here."""


PROJECT = Project("aider", shipped_catalog("aider"))


@pytest.fixture(scope="module")
def forms(
    tmp_path_factory: pytest.TempPathFactory, node: Node, shards: list[Node]
) -> Iterator[list[Warehouse]]:
    """The same population, embedded, in a server and on two shards."""
    directory: Path = tmp_path_factory.mktemp("forms")
    happened = population(installs=400 if os.environ.get("ABOVEBOARD_LONG") else 100)
    with ExitStack() as opened:
        found = []
        for url in (embedded(directory), node.url(), cluster_url(shards)):
            warehouse = opened.enter_context(closing(Warehouse(url, limits=PATIENT)))
            fill(warehouse, PROJECT.name, PROJECT.catalog, happened)
            found.append(warehouse)
        yield found
    for each in (node, *shards):
        each.clear()
