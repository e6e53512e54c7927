"""The commands of docs/check-it-yourself.md, typed on a terminal one after the other."""

from __future__ import annotations

import re
import shutil
import socket
import sys
from pathlib import Path

from aboveboard.client.files import locks
from tests.conftest import ROOT, missing
from tests.terminal import Shell, commands, shows

PAGE = ROOT / "docs" / "check-it-yourself.md"
LISTENER = re.compile(r"^```python\n# listen.py\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_command_shows_what_the_page_says(home: dict[str, str], tmp_path: Path) -> None:
    for needed in ("bash", "strace", "lsof", "ss"):
        if shutil.which(needed) is None:
            missing(needed)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    programs = tmp_path / "bin"
    programs.mkdir()
    greeter = (ROOT / "examples" / "argparse_tool.py").read_text()
    for name, text in (
        ("greeter", f"#!{sys.executable}\n{greeter}"),
        ("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
    ):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    (listener,) = LISTENER.findall(PAGE.read_text())
    (work / "listen.py").write_text(listener.replace("8765", port))
    shell = Shell(home | {"PATH": f"{programs}:{home['PATH']}"}, work)
    wrong = []
    for command, expected in commands(PAGE.read_text()):
        if command.startswith("python3 listen.py"):
            wait_for_child(home)
        screen = shell.run(command.replace("8765", port)).replace(port, "8765")
        if not shows(expected, screen):
            wrong.append(f"$ {command}\n{screen}\ninstead of\n{expected}")
    shell.close()
    assert wrong == [], "\n\n".join(wrong)
    assert len(commands(PAGE.read_text())) > 30


def wait_for_child(home: dict[str, str]) -> None:
    """Let the child of an earlier command give up, which a person's next command comes after."""
    lock = Path(home["HOME"]) / ".local/state/greeter/upload.lock"
    if lock.exists():
        with lock.open("rb+") as file:
            assert locks.acquire(file.fileno(), seconds=60)
