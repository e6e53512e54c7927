"""A data directory for the commands that only ask: aider's project, with a few people in it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.service import Collector
from tests.insights.population import FEW, among, fill, population
from tests.prepared import prepared


def directory(factory: pytest.TempPathFactory) -> Path:
    """Return a module's own copy of it."""
    return prepared(factory, "asked", _make)


def _make(data: Path) -> None:
    with closing(Collector(data)) as collector:
        collector.add_project("aider", FEW)
        fill(collector.warehouse, "aider", FEW, among(FEW, population(installs=15)))
