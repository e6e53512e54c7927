"""Somebody who uses aider: a home, a git repository, a decision, a terminal to sit at."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.recipients import recipient
from aboveboard.hosts.aider.catalog import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hosts.aider.conftest import StockAider

    Document = dict[str, Any]

NAME = "Qwzxkumara"
HOME = "qzhomejvyk"
REPOSITORY = "vkrepoqxw"
FILE = "kfilexqzj"
CODE = "zcodeqxkv"
PROMPT = "xpromptqzk"
ANSWER = "qanswerxzv"
API_KEY = "jkeyqzxwpl"
OPTION = "woptionqxz"
SECRETS = (NAME, HOME, REPOSITORY, FILE, CODE, PROMPT, ANSWER, API_KEY, OPTION)
"""A word for each thing that is a person's own."""

TODAY = CATALOG.terms()
PATIENCE = 180
"""Seconds after which something on a screen will never come."""


class Person:
    """Has an `aider` on the PATH, and starts it as it is or under aboveboard.

    Args:
        home: Their home directory, which is made.
        aider: The stock aider that is on their PATH.
        environ: Variables beside those that everyone has.
    """

    def __init__(
        self, home: Path, aider: StockAider, *, environ: dict[str, str] | None = None
    ) -> None:
        self.aider = aider
        self.home = home
        self.state = home / ".aider" / "analytics.json"
        self.spool = home / ".local" / "state" / "aider"
        self.log = home / "log.jsonl"
        self.repository = home / REPOSITORY
        self.file = self.repository / f"{FILE}.py"
        self.environ = {
            "HOME": str(home),
            "USER": NAME,
            "PATH": f"{home}/.local/bin:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "COLUMNS": "100",
            "NO_PROXY": "127.0.0.1",
            "OPENAI_API_KEY": f"sk-{API_KEY}",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it is fetched at every start
            "PYTHONPATH": str(home / ".python"),
            **(environ or {}),
        }
        caches = home / ".aider" / "caches"
        caches.mkdir(parents=True)
        # aider looks prices and public names up on the web, unless it did so within a day.
        prices = aider.packages / "litellm/model_prices_and_context_window_backup.json"
        shutil.copyfile(prices, caches / "model_prices_and_context_window.json")
        (home / ".python").mkdir()
        (home / ".python" / "sitecustomize.py").write_text(_FASTER)
        python = self._install()
        # An aider that was never run loads everything before it begins.
        ran = str(("0.86.2", python))
        (home / ".aider" / "installs.json").write_text(json.dumps({ran: True}))
        self.repository.mkdir()
        self.file.write_text(f"def hello():\n    return '{CODE}'\n")
        (self.repository / ".gitignore").write_text(".aider*\n")
        self.git("init", "--quiet")
        self.git("config", "user.name", NAME)
        self.git("config", "user.email", f"{NAME}@example.org")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Begin")

    def _install(self) -> str:
        """Install aider as `aider-install` does, below the home directory; return its Python."""
        environment = self.home / ".local/share/uv/tools/aider-chat"
        environment.parent.mkdir(parents=True)
        environment.symlink_to(self.aider.python.parents[1])
        python = str(environment / "bin/python")
        program = self.home / ".local/bin/aider"
        program.parent.mkdir()
        program.write_text(f"#!{python}\n{_PROGRAM}")
        program.chmod(0o755)
        return python

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words],
            cwd=self.repository,
            env=self.environ,
            check=True,
            timeout=30,
            capture_output=True,
            text=True,
        ).stdout

    def sends_to(self, url: str, key: str = "pk_key") -> None:
        """Report to a collector from here on, when under aboveboard."""
        self.environ |= {"ABOVEBOARD_ENDPOINT": url, "ABOVEBOARD_KEY": key}

    def agreed_in_stock(self) -> str:
        """Be someone who said yes to a stock aider; return the id."""
        user_id = str(uuid.uuid4())
        self.decided(uuid=user_id, permanently_disable=False, asked_opt_in=True)
        return user_id

    def agreed(self, to: str = "") -> str:
        """Be someone who said yes to all of today's catalog, for today's recipient or another."""
        to = to or self.environ.get("ABOVEBOARD_ENDPOINT", "http://127.0.0.1:9")
        return StateFile(str(self.state)).agree(TODAY, recipient.of(to)).user_id

    def decided(self, **state: object) -> None:
        self.state.write_text(json.dumps(state))

    def decision(self) -> Document:
        return dict(json.loads(self.state.read_text()))

    def aboveboard(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "aboveboard", "aider", *arguments]

    def stock(self, *arguments: str) -> list[str]:
        return ["aider", *arguments]

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        """Start a command without a terminal."""
        return subprocess.Popen(
            command,
            cwd=self.repository,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: list[str]) -> tuple[int, str]:
        """Run a command without a terminal; return exit code and output."""
        process = self.start(command)
        output = process.communicate(timeout=PATIENCE)[0]
        return process.returncode, output

    @contextmanager
    def at_terminal(self, command: list[str]) -> Iterator[Terminal]:
        """Run a command at a terminal until the block ends."""
        terminal = Terminal(command, self.repository, self.environ)
        try:
            yield terminal
        finally:
            terminal.leave()

    def logged(self) -> list[Document]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def has_sent(self) -> None:
        """Wait until nothing waits any more."""
        deadline = time.monotonic() + PATIENCE
        while self.waiting():
            assert time.monotonic() < deadline, "it is never sent"
            time.sleep(0.02)

    def waiting(self) -> list[bytes]:
        """Return the lines that wait to be sent."""
        lines: list[bytes] = []
        for path in sorted(self.spool.glob("recipients/*/segments/*.jsonl")):
            with contextlib.suppress(FileNotFoundError):  # it was sent just now
                lines += path.read_bytes().splitlines(keepends=True)
        return lines


class Terminal:
    """A pty with a program on it, and what it has shown so far."""

    def __init__(self, command: list[str], directory: Path, environ: dict[str, str]) -> None:
        self.screen = ""
        self.seen = 0
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_TERMINAL, *command],
            cwd=directory,
            env=environ,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def until(self, text: str) -> str:
        """Wait until `text` is shown after what was waited for before; return what came till then.

        At the end of the program without it, the test fails.
        """
        deadline = time.monotonic() + PATIENCE
        while text not in self.screen[self.seen :]:
            assert time.monotonic() < deadline, f"no {text!r}:\n{self.screen}"
            assert self._read(), f"it ended without {text!r}:\n{self.screen}"
        end = self.screen.index(text, self.seen) + len(text)
        shown, self.seen = self.screen[self.seen : end], end
        return shown

    def type(self, line: str) -> None:
        if not line:
            time.sleep(1.5)  # an Enter at once is blind
        os.write(self.master, f"{line}\n".encode())

    def press(self, key: bytes) -> None:
        os.write(self.master, key)

    def end(self) -> int:
        """Wait for the program's end; return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, f"it does not end:\n{self.screen}"
        return self.process.wait(10)

    def leave(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.master)

    def _read(self) -> bool:
        ready = wait([self.master], 0.2)
        if ready:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other side has closed
                return False
            self.screen += data.decode("utf-8", "replace").replace("\r\n", "\n")
            return bool(data)
        return self.process.poll() is None


_FASTER = """
import sys
if "aider-chat" in sys.executable:
    import yaml
    yaml.SafeLoader = yaml.CSafeLoader
"""
"""At each start, aider reads what it knows of models from 2,500 lines of YAML. libyaml, which it
has, reads the same, and saves a fifth of a run."""

_PROGRAM = """# -*- coding: utf-8 -*-
import sys
from aider.main import main
if __name__ == "__main__":
    sys.exit(main())
"""
"""What installers write for aider."""

# A terminal belongs to the session that opens it: then Ctrl-C reaches the program.
_ON_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs the tests may ignore it; a shell does not
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
