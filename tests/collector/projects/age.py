"""How old what a collector keeps is."""

from __future__ import annotations

import time

from aboveboard.catalog.line import hour
from tests.collector.tool import Server

DAY = 86_400
NOW = hour(time.time())


def has_older(server: Server, days: int) -> bool:
    """Return whether anything is shown that is older than so many days."""
    since, last = (time.strftime("%Y-%m-%d", time.gmtime(NOW - each * DAY)) for each in (500, days))
    told = server.request("GET", f"/insights/events.json?project=tool&since={since}&until={last}")
    assert told.status == 200
    return bool(told.json()["rows"])
