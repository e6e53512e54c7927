from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.tool import Server, add_project


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A collector with the tool's project, for tests that leave it running."""
    data: Path = tmp_path_factory.mktemp("data")
    add_project(data)
    running = Server(data)
    yield running
    running.stop()
