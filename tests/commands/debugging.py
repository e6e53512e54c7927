"""A tag that is opened in a browser, and what is seen under it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from aboveboard.catalog.catalog import Catalog
from tests.client import tool as example
from tests.collector.tool import Server

Until = Callable[[Callable[[], bool]], None]
CATALOG = Catalog.of("tool", example.EVENTS)


def opened(server: Server) -> str:
    """Open a tag as the page's form does; return it."""
    answer = server.request(
        "POST",
        "/debug?project=tool",
        b"",
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://127.0.0.1:{server.port}",
        },
    )
    assert answer.status == 303, answer.body
    found = re.search("tag=([0-9a-f]{32})$", answer.headers["Location"])
    assert found
    return found[1]


def seen(server: Server, tag: str) -> list[dict[str, Any]]:
    answer: Any = server.request("GET", f"/debug.json?project=tool&tag={tag}").json()
    return list(answer["events"])
