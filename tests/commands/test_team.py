"""A team's first day: a public host, a colleague, a leaked key, one who leaves, a new machine.

Commands stand as docs/operating.md has them, typed by whoever runs the collector. The tool is a
real one, on other people's machines; between the two is a real nginx with TLS.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from aboveboard.catalog.catalog import Catalog
from tests import forked
from tests.certificates import certificates as certificates
from tests.client import tool as example
from tests.client.conftest import Tool
from tests.collector.tool import RealServer, until
from tests.commands.running import aboveboard
from tests.conftest import ROOT, missing
from tests.dashboard.conftest import chromium as chromium
from tests.proxies import Proxy

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PASSWORD = "blue-Otter-42-swims"


@dataclass
class Team:
    """A collector behind nginx, and its operator's shell."""

    folder: Path
    certificates: Path

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.server = RealServer(self.data)
        self.nginx = Proxy(
            self.folder, self.server.port, certificate=self.certificates / "localhost.pem"
        )
        self.address = f"https://localhost:{self.nginx.port}"

    def types(self, line: str, said: str = "", code: int = 0) -> str:
        """Type a line of the page; return what it prints."""
        command, *words = line.split()
        ended = forked.aboveboard(
            command,
            *words,
            said=said,
            ABOVEBOARD_DATA=str(self.data),
            ABOVEBOARD_PUBLIC_URL=self.address,
            SSL_CERT_FILE=str(self.certificates / "ca.pem"),
        )
        assert ended.returncode == code, f"{line}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def moves_to(self, data: Path) -> None:
        """Start the collector in another directory, under the address that everybody knows."""
        self.server.stop()
        self.data = data
        self.server = RealServer(data, port=self.server.port)

    def stop(self) -> None:
        self.nginx.stop()
        self.server.stop()


@pytest.fixture
def team(tmp_path: Path, certificates: Path) -> Iterator[Team]:
    if shutil.which("nginx") is None:
        missing("nginx")
    folder = tmp_path / "operator"
    folder.mkdir()
    working = Team(folder, certificates)
    yield working
    working.stop()


def engineer(team: Team, folder: Path, key: str) -> Tool:
    """Somebody who said yes, with the tool as it was released with this key."""
    folder.mkdir()
    environ = {"HOME": str(folder), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    environ |= {"TOOL_KEY": key, "SSL_CERT_FILE": str(team.certificates / "ca.pem")}
    tool = Tool(environ, team.address)
    tool.agree()
    return tool


def send(tool: Tool, times: int) -> None:
    """Use the tool, and wait until nothing of it waits."""
    tool.run("send", "--times", str(times))
    until(lambda: not tool.waiting())


def test_a_public_host_a_colleague_a_leaked_key_one_who_leaves_and_a_new_machine(
    team: Team, tmp_path: Path, chromium: Browser
) -> None:
    day = (ROOT / "docs/operating.md").read_text().split("## The first day")[1]
    for line in ("secret --new", "projects add mytool --catalog mytool.json",
                 "people add ana --project mytool", "backup /backups/"):  # fmt: skip
        assert f"aboveboard {line}" in day
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()

    def messages() -> int:
        """Return what the colleague is told, with the session of their browser."""
        told = page.request.get(f"{team.address}/insights/events.json?project=tool").json()
        rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
        return next(int(row["times"]) for row in rows if row["event"] == "message_send")

    # A secret; a project, whose key goes into the tool; two of its users.
    team.types("secret --new")
    catalog = tmp_path / "mytool.json"
    catalog.write_text(json.dumps(Catalog.of("tool", example.EVENTS).as_json()))
    leaked = team.types(f"projects add tool --catalog {catalog}").split()[-1]
    assert "WRONG" not in team.types(f"doctor --url {team.address}")
    bo, cy = (engineer(team, tmp_path / name, leaked) for name in ("bo", "cy"))
    send(bo, 3)
    send(cy, 4)

    # A colleague is let in, sees it, and cannot see other projects.
    told = team.types("people add ana --project tool")
    path = re.findall(r"/invitation\S*", told)[0]
    page.goto(f"{team.address}{path}")
    page.get_by_label("Code").fill(told.split()[-1])
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.locator(".signed-in")).to_contain_text("ana")
    (cookie,) = context.cookies()
    assert (cookie["secure"], cookie["httpOnly"]) == (True, True)
    until(lambda: messages() == 7)
    page.goto(f"{team.address}/?project=aider")
    expect(page.get_by_text("message_send")).to_have_count(0)

    # The key leaks. It is retired, what came with it stays, and the next version has another.
    fresh = team.types("keys add tool --name second").split()[-1]
    team.types("keys revoke tool first")
    bo.run("send", "--times", "5")
    until(lambda: not bo.waiting())
    bo.environ["TOOL_KEY"] = fresh
    send(bo, 6)
    until(lambda: messages() == 13)
    assert aboveboard(bo, "resend", "tool").returncode == 0
    until(lambda: messages() == 18)

    # One who leaves asks to be erased, from their own machine.
    assert aboveboard(cy, "forget", "tool").returncode == 0
    until(lambda: messages() == 14, 90)

    # The machine is lost; another is set up from the last backup.
    team.types(f"backup {tmp_path / 'backup'}")
    new = tmp_path / "new"
    team.types(f"restore {tmp_path / 'backup'} --data {new}")
    team.moves_to(new)
    until(lambda: messages() == 14)
    send(bo, 2)
    until(lambda: messages() == 16)
    context.close()
