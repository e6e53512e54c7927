"""The page of trust: what it says of installs that were copied."""

from __future__ import annotations

import json
from pathlib import Path

from tests.collector.tool import Install, Server, add_project


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
