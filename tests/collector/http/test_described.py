"""docs/openapi.json names every route a stranger has; test_openapi.py tries what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.collector.tool import Server

DESCRIPTION = json.loads((Path(__file__).parents[3] / "docs/openapi.json").read_text("utf-8"))


def test_every_route_that_takes_events_is_described() -> None:
    from unittest.mock import MagicMock

    from aboveboard.collector.http.ingest import ingest

    collector: Any = MagicMock()
    routes = {
        path.replace("{key:str}", "{key}")
        for handler in ingest(collector).router.routes
        for path in [handler.path]
    }
    assert routes | {"/healthz", "/readyz"} == set(DESCRIPTION["paths"])


def test_the_collector_tells_strangers_nothing_of_it(server: Server) -> None:
    for path in ("/schema", "/schema/openapi.json", "/openapi.json", "/docs"):
        assert server.request("GET", path).status in (401, 404)
