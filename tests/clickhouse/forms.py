"""The forms of a warehouse that tests run on: embedded, one server, a cluster of two shards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.warehouse import embedded
from tests.clickhouse.node import Node

EMBEDDED = "embedded"
SERVER = "server"
FORMS = (EMBEDDED, SERVER)


@contextlib.contextmanager
def form(request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    """Give the URL of an empty warehouse of the form that a fixture's parameter names."""
    if request.param == EMBEDDED:
        yield embedded(directory / "warehouse")
        return
    node: Node = request.getfixturevalue("node")
    try:
        yield node.url()
    finally:
        node.clear()
