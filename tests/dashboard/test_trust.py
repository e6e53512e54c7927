"""The page of trust: what it says of installs that were copied, and of sessions that come late."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.collector.tool import NOW, Install, Server, add_project


def start(install: Install, system: str, arch: str) -> bytes:
    """Return the line of a session of an install on a machine of some kind."""
    told = {"app_version": "1.0", "os": system, "arch": arch, "python_version": "3.12.1"}
    return Install(user_id=install.user_id).line("session_start", told)


def test_copies_of_one_install_are_counted_as_far_as_their_systems_tell(tmp_path: Path) -> None:
    add_project(tmp_path)
    server = Server(tmp_path)
    alone, copied = Install(), Install()
    server.send(server.key(), start(alone, "Linux", "x86_64") + start(alone, "Linux", "x86_64"))
    server.settle()

    def page() -> str:
        return server.request("GET", "/trust", headers={"Accept": "text/html"}).body.decode()

    try:
        assert "Copied installs" not in page()
        server.send(server.key(), start(copied, "Linux", "x86_64"))
        server.send(server.key(), start(copied, "Linux", "arm64"))
        server.settle()
        assert "1 install of the last 30 days ran on two systems or processors" in page()
        totals = json.loads(server.request("GET", "/insights/totals.json").body)
        row = dict(zip(totals["columns"], totals["rows"][0], strict=True))
        assert (row["installs"], row["sessions"]) == (2, 4)
    finally:
        server.stop()


def test_days_wait_for_sessions_that_come_as_late_as_they_came_before(tmp_path: Path) -> None:
    add_project(tmp_path)
    server = Server(tmp_path)
    said = {"app_version": "1.0", "os": "Linux", "arch": "x86_64", "python_version": "3.12.1"}

    def send(days: int, sessions: int) -> None:
        """Send sessions of installs that had no network for some days."""
        for _ in range(sessions):
            server.send(
                server.key(), Install().line("session_start", said, time=NOW - days * 86_400)
            )
        server.settle()

    def page(path: str) -> str:
        return server.request("GET", path, headers={"Accept": "text/html"}).body.decode()

    def whole() -> list[bool]:
        told = json.loads(server.request("GET", "/insights/overview.json?since=6d").body)
        place = told["columns"].index("complete")
        return [row[place] for row in told["rows"]]

    try:
        send(3, 90)
        assert "When a day is whole" not in page("/trust")
        assert whole() == [True] * 5 + [False]
        send(3, 10)
        assert re.search(r"sessions are in (49|[56]\d|7[012]) hours after", page("/trust"))
        assert whole() in ([True] * 2 + [False] * 4, [True] * 3 + [False] * 3)
        assert "not whole yet" in page("/insights/overview?since=6d")
    finally:
        server.stop()
