"""Commands of a page, typed on a terminal one after the other."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import time
from multiprocessing.connection import wait
from pathlib import Path

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "<prompt>"


class Shell:
    """A bash on a terminal, in which commands are typed."""

    def __init__(self, environ: dict[str, str], directory: Path) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "--noediting", "-m", "-i"],
            cwd=directory,
            env=environ | {"PS1": PROMPT, "PS2": "", "HISTFILE": ""},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._until_prompt()
        self.run("stty -echo -onlcr columns 500; bind 'set enable-bracketed-paste off' 2>&-")
        self.run("set +m")

    def run(self, command: str) -> str:
        """Type a command; return what the screen shows until the prompt is there again."""
        os.write(self._master, f"{command}\n".encode())
        return self._until_prompt()

    def close(self) -> None:
        os.write(self._master, b"kill $(jobs -p) 2>&-; exit\n")
        self._process.wait(30)
        os.close(self._master)

    def _until_prompt(self) -> str:
        screen, answered = "", False
        deadline = time.monotonic() + 60
        while not screen.endswith(PROMPT):
            assert time.monotonic() < deadline, f"no prompt after:\n{screen}"
            if wait([self._master], 1):
                screen += os.read(self._master, 65536).decode()
            if screen.endswith("[Yes]: ") and not answered:
                answered = True
                screen += "y\n"  # which the terminal does not echo
                os.write(self._master, b"y\n")
        return screen.removesuffix(PROMPT).replace("\r\n", "\n")


def commands(page: str) -> list[tuple[str, str]]:
    """Return each command of the page, with what it says is then on the screen."""
    found = []
    for block in CONSOLE.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


def shows(expected: str, screen: str) -> bool:
    """Whether the screen is as the page says, where `…` stands for anything."""
    pattern = "".join(
        "(?s:.*)" if part == "…" else re.escape(part) for part in re.split("(…)", expected.strip())
    )
    return re.fullmatch(pattern, screen.strip()) is not None
