"""Logs as sessions have written them."""

from __future__ import annotations

import json

from aboveboard.collector.projects.project import Project
from aboveboard.collector.service import Reader
from tests.collector.tool import CATALOG, NOW

READER = Reader(Project("tool", CATALOG, ("key",), shipped=False))


def old(*names: str, user_id: str = "", **properties: object) -> bytes:
    """Return lines as an older speaker writes them: no session, times in whole seconds."""
    return b"".join(
        json.dumps(
            {
                "event": name,
                "properties": properties,
                "user_id": user_id or "e5f4d3c2-0000-4000-8000-000000000001",
                "time": NOW,
            }
        ).encode()
        + b"\n"
        for name in names
    )
