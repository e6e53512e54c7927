"""The forms of a warehouse that tests run on: embedded, one server, a cluster of two shards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aboveboard.warehouse import Warehouse, embedded
from tests.clickhouse.node import NAME, Node
from tests.conftest import in_turn

EMBEDDED = "embedded"
SERVER = "server"
SHARDS = "shards"
FORMS = in_turn((EMBEDDED, SERVER, SHARDS), (EMBEDDED, SERVER))
"""For a fixture's parameters. What a cluster does otherwise, `test_cluster.py` has in each run."""

MOSTLY_EMBEDDED = in_turn((EMBEDDED, SERVER, SHARDS), (EMBEDDED,))
"""The same for what is no other in a server, which is there in the thorough run only."""


@contextlib.contextmanager
def form(request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    """Give the URL of an empty warehouse of the form that a fixture's parameter names."""
    if request.param == EMBEDDED:
        yield embedded(directory / "warehouse")
        return
    nodes: list[Node] = (
        request.getfixturevalue("shards")
        if request.param == SHARDS
        else [request.getfixturevalue("node")]
    )
    try:
        yield cluster_url(nodes) if request.param == SHARDS else nodes[0].url()
    finally:
        for node in nodes:
            node.clear()


COUNTED = "SELECT main_model, count(), count(tokens), count(cost) FROM {} GROUP BY ALL ORDER BY ALL"


def of_rows_and_counts(node: Node, database: str) -> tuple[object, object]:
    """Return what the rows of a node's messages say, and what the counts kept beside them do."""
    counted = COUNTED.format(f"{database}.message_send")
    # Where a null is told from the column of nulls alone, ClickHouse finds no count.
    counts = "force_optimize_projection = 1, optimize_functions_to_subcolumns = 0"
    with contextlib.closing(Warehouse(node.url())) as warehouse:
        return (
            warehouse.query(f"{counted} SETTINGS optimize_use_projections = 0").rows,
            warehouse.query(f"{counted} SETTINGS {counts}").rows,
        )


def cluster_url(nodes: Sequence[Node]) -> str:
    """Return the URL of the cluster that nodes are."""
    hosts = ",".join(f"127.0.0.1:{node.http}" for node in nodes)
    return nodes[0].url(cluster=NAME).replace(f"127.0.0.1:{nodes[0].http}", hosts)
