"""The page of a project without events, followed to the letter while its server runs."""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from tests.client.conftest import Tool
from tests.collector.tool import EVENTS, RealServer, Server, add_project, keep_for, until


def blocks(server: Server, project: str) -> list[str]:
    """Return what the page shows to be copied, in its order."""
    page = server.request("GET", f"/?project={project}").body.decode()
    assert "Waiting for the first event" in page
    found = re.findall(r"<pre tabindex=\"0\"><code>(.*?)</code></pre>", page, re.DOTALL)
    return [html.unescape(block) for block in found]


def shell(commands: str, folder: Path, home: dict[str, str]) -> str:
    """Run what the page says in a shell that has nothing of ours on its PATH."""
    ended = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env={**home, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


class Hello(Tool):
    """The page's program, run as the page says."""

    def __init__(self, home: dict[str, str], command: str, folder: Path) -> None:
        super().__init__(home, "")
        self.words = command.split()
        self.words[1] = str(folder / self.words[1])

    def command(self, *_words: str) -> list[str]:
        return self.words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "a folder"
    place.mkdir()
    return place


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = RealServer(tmp_path / "the data")
    yield running
    running.stop()


def greetings(server: Server, project: str) -> bool:
    path = f"/insights/events.json?project={project}&since=1d"
    return b'"greeting"' in server.request("GET", path).body


def test_a_tool_of_ones_own_is_on_the_dashboard_after_the_page_s_commands(
    server: Server, folder: Path, home: dict[str, str]
) -> None:
    _, _, program, add, run = blocks(server, "aider")
    (folder / "hello.py").write_text(program)
    told = shell(add, folder, home)
    key = told.split()[-1]
    (folder / "hello.py").write_text(program.replace("YOUR-WRITE-KEY", key))
    code, screen = Hello(home, run, folder).on_terminal(answers=["y"])
    assert code == 0, screen
    until(lambda: greetings(server, "hello"))


@pytest.mark.thorough
def test_a_project_of_ones_own_hears_the_page_s_program(
    tmp_path: Path, folder: Path, home: dict[str, str]
) -> None:
    add_project(tmp_path / "data", "tool", Catalog.of("tool", EVENTS))
    server = Server(tmp_path / "data")
    try:
        settings, program, run = blocks(server, "tool")
        assert settings == f'endpoint="http://127.0.0.1:{server.port}",\nkey="{server.key()}",'
        (folder / "hello.py").write_text(program)
        code, screen = Hello(home, run, folder).on_terminal(answers=["y"])
        assert code == 0, screen
        path = "/insights/events.json?project=tool&since=1d"
        until(lambda: b"session_start" in server.request("GET", path).body)
        assert b"Nothing was dropped" in server.request("GET", "/quarantine?project=tool").body
    finally:
        server.stop()


@pytest.mark.thorough
def test_a_log_is_imported_while_the_server_runs(
    server: Server, folder: Path, home: dict[str, str], sample_log: Path
) -> None:
    _, bring, *_ = blocks(server, "aider")
    keep_for(server.data, 3_650)
    told = shell(bring.replace("FILE", str(sample_log)), folder, home)
    assert told.startswith("1,000 events of 1 install taken into project aider")
    path = "/?project=aider&since=2025-08-01&until=2026-04-30"
    until(lambda: b"Waiting for the first event" not in server.request("GET", path).body)
