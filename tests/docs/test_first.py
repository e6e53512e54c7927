"""The first five minutes of each reader, typed as the pages have them."""

from __future__ import annotations

import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing
from tests.terminal import Shell, commands, shows

PAGES = ROOT / "docs" / "first"
PROGRAM = re.compile(r"^```python\n# hello.py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLED = ("pip install aboveboard\n", "pip install 'aboveboard[collector]'\n")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the fenced blocks of a page: how each is marked, and what is in it."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_there_is_a_page_for_each_reader_and_nothing_on_it_is_left_out() -> None:
    assert {page.stem for page in PAGES.iterdir()} == {"run", "make", "host", "public"}
    for page in PAGES.iterdir():
        for mark, text in blocks(page):
            assert mark in ("console", "python") or (mark == "sh" and text in INSTALLED), text


@pytest.fixture
def shell(home: dict[str, str], tmp_path: Path) -> Iterator[Shell]:
    """A terminal of somebody who has installed aboveboard and, in its folder, the maker's tool."""
    for needed in ("bash", "curl"):
        if shutil.which(needed) is None:
            missing(needed)
    programs, work = tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    work.mkdir()
    (program,) = PROGRAM.findall((PAGES / "make.md").read_text("utf-8"))
    # The comment that names the file is a line of it.
    (work / "hello.py").write_text(f"# hello.py\n{program}", "utf-8")
    for name, text in (
        ("hello", f"#!{sys.executable}\n{program}"),
        ("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
        ("aboveboard", f'#!/bin/sh\nexec {sys.executable} -m aboveboard "$@"\n'),
    ):
        (programs / name).write_text(text, "utf-8")
        (programs / name).chmod(0o755)
    path = {"PATH": f"{programs}:{home['PATH']}", "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    running = Shell(home | path, work)
    yield running
    running.close()


def typed(shell: Shell, page: str, port: str = "8300") -> list[str]:
    """Type what a page has; return what came otherwise."""
    wrong = []
    for command, expected in commands((PAGES / f"{page}.md").read_text("utf-8")):
        if command.startswith("aboveboard serve"):
            command = command.replace("--data data", f"--data data --port {port}")
        screen = shell.run(command.replace("8300", port)).replace(port, "8300")
        if not shows(expected, screen):
            wrong.append(f"$ {command}\n{screen}\ninstead of\n{expected}")
    return wrong


def test_who_runs_a_tool(shell: Shell) -> None:
    wrong = typed(shell, "run")
    assert wrong == [], "\n\n".join(wrong)


@pytest.mark.thorough
def test_who_makes_one_and_then_whoever_hosts_it_and_then_everybody(shell: Shell) -> None:
    """Each goes on with the files of those before."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    for page in ("make", "host", "public"):
        wrong = typed(shell, page, port)
        assert wrong == [], "\n\n".join(wrong)
