"""A home in which sudo has been: what is root's there costs nobody their no, nor a clear word."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision.statefile import StateFile
from tests.client import tool as example
from tests.client.places import NOBODY, place
from tests.conftest import ROOT, missing

USER = 54321


class Somebody:
    """A person without root's rights, in a home where root may have written.

    Args:
        home: An empty folder that they can reach.
        code: A folder that they can read, with aboveboard and the tool in it.
        python: A Python that they can start.
    """

    def __init__(self, home: Path, code: Path, python: str) -> None:
        self.python = python
        self.code = code
        self.home = home
        os.chown(self.home, USER, USER)
        self.state = self.home / ".config" / "tool" / "analytics.json"
        self.spool = self.home / ".local" / "state" / "tool"
        self.segments = place(self.spool) / "segments"

    def run(self, *words: str, user: int = USER) -> subprocess.CompletedProcess[str]:
        """Run Python with `words`, as this person or another in the same home."""
        return subprocess.run(
            [self.python, "-B", *words],
            env={
                "HOME": str(self.home),
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(self.code),
                "TOOL_ENDPOINT": NOBODY,
            },
            cwd="/",
            user=user,
            group=user,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def aboveboard(self, *words: str) -> subprocess.CompletedProcess[str]:
        ended = self.run("-m", "aboveboard", *words)
        assert "Traceback" not in ended.stderr
        assert ended.stderr.count("\n") <= 1
        return ended

    def tool(self, *words: str, user: int = USER) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.code / "tool.py"), *words, user=user)

    def agree(self) -> None:
        StateFile(str(self.state)).agree(Catalog.of("tool", example.EVENTS).terms(), NOBODY)

    def owns(self, *paths: Path) -> None:
        for path in paths:
            os.chown(path, USER, USER)


@contextmanager
def reachable() -> Iterator[Path]:
    """Make a folder for a while; pytest's own are nobody else's to look into."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        directory.chmod(0o755)
        yield directory


@pytest.fixture(scope="module")
def python() -> Iterator[str]:
    if os.geteuid() != 0:
        missing("root, who alone can be two users at once,")
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            subprocess.run(
                [python, "-c", "import sys; assert sys.version_info >= (3, 10)"],
                user=USER, check=True, capture_output=True, cwd="/",
            )  # fmt: skip
        except (OSError, subprocess.CalledProcessError):
            continue
        yield python
        return
    missing("a Python that another user can start")


@pytest.fixture(scope="module")
def code() -> Iterator[Path]:
    with reachable() as directory:
        shutil.copytree(ROOT / "src" / "aboveboard", directory / "aboveboard")
        shutil.copyfile(str(example.__file__), directory / "tool.py")
        yield directory


@pytest.fixture
def somebody(python: str, code: Path) -> Iterator[Somebody]:
    with reachable() as home:
        yield Somebody(home, code, python)


@pytest.fixture(params=["everything", "the file", "a folder that others may read", "what waits"])
def roots(request: pytest.FixtureRequest, somebody: Somebody) -> Somebody:
    """Somebody who agreed, and of whose files some are root's."""
    somebody.agree()
    somebody.tool("kill", user=0)
    config = somebody.home / ".config"
    local = somebody.home / ".local"
    if request.param == "the file":
        somebody.owns(config, somebody.state.parent, local, local / "state", somebody.spool)
    elif request.param == "a folder that others may read":
        for folder in (config, somebody.state.parent):
            folder.chmod(0o755)
        somebody.state.chmod(0o644)
    elif request.param == "what waits":
        somebody.owns(config, somebody.state.parent, *somebody.state.parent.iterdir())
    return somebody


@pytest.mark.thorough
class TestTheCommands:
    """One clear line each."""

    def test_status_says_that_nothing_can_be_recorded(self, roots: Somebody) -> None:
        ended = roots.aboveboard("status", "tool")
        assert ended.returncode == 0
        assert "off, and nobody is asked" in ended.stdout or (
            "nothing can be recorded: " in ended.stdout
        )
        assert "cannot be" in ended.stdout
        assert "sudo chown -R 54321 " in ended.stdout

    def test_status_of_all_misses_none(self, roots: Somebody) -> None:
        ended = roots.aboveboard("status")
        assert "tool: " in ended.stdout or f"{roots.home}/" in ended.stderr
        assert "No tool on this machine" not in ended.stdout

    def test_what_it_advises_helps(self, roots: Somebody) -> None:
        advice = roots.aboveboard("status", "tool").stdout.partition("`sudo ")[2].partition("`")[0]
        while advice:
            subprocess.run(advice.split(), check=True)
            shown = roots.aboveboard("status", "tool").stdout
            advice = shown.partition("`sudo ")[2].partition("`")[0]
        assert "tool: you agreed" in shown
        assert "cannot" not in shown
        assert roots.tool("send").stdout == "on\nrecorded\n"

    def test_show_is_not_silent(self, roots: Somebody) -> None:
        ended = roots.aboveboard("show", "tool")
        assert ended.returncode == 1
        assert ended.stderr.startswith("aboveboard show: /")
        assert "cannot be read (Permission denied)" in ended.stderr

    def test_forget_changes_nothing_and_says_why(self, roots: Somebody) -> None:
        before = roots.state.read_bytes()
        ended = roots.aboveboard("forget", "tool")
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert "cannot be" in ended.stderr
        assert "othing changed" in ended.stderr
        assert roots.state.read_bytes() == before

    def test_a_no_is_kept_where_it_counts(self, roots: Somebody) -> None:
        ended = roots.aboveboard("disable", "tool")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "off for good" in ended.stdout or "permanently disabled" in ended.stdout
        assert "what waited is removed" not in ended.stdout, "which is not so"
        assert "tool: permanently disabled" in roots.aboveboard("status", "tool").stdout
        for user in (USER, 0):  # and with sudo again, in the same home
            ended = roots.tool("send", "--analytics", user=user)
            assert ended.stdout == "off\nrecorded\n"
            assert "permanently disabled here" in ended.stderr
        subprocess.run(["chown", "-R", f"{USER}", str(roots.home)], check=True)
        assert roots.tool("send").stdout == "off\nrecorded\n", "also when all is given back"


class TestTheTool:
    def test_keeps_a_no_at_its_own_flag(self, roots: Somebody) -> None:
        ended = roots.tool("send", "--analytics-disable")
        assert (ended.returncode, ended.stdout) == (0, "off\nrecorded\n")
        assert ended.stderr == "Analytics have been permanently disabled.\n"
        assert roots.tool("send").stdout == "off\nrecorded\n"

    def test_says_nothing_where_nothing_is_asked(self, roots: Somebody) -> None:
        ended = roots.tool("send")
        assert (ended.returncode, ended.stderr) == (0, "")


def test_a_no_that_can_be_kept_nowhere_fails_in_a_line(somebody: Somebody) -> None:
    os.chown(somebody.home, 0, 0)
    somebody.home.chmod(0o755)
    ended = somebody.aboveboard("disable", "tool")
    assert ended.returncode == 1
    assert "could not be saved" in ended.stderr
    assert somebody.tool("send", "--analytics-disable").stderr.startswith(
        "Analytics are off for this session only"
    )
    assert "nobody is asked, since no answer" in somebody.aboveboard("status", "tool").stdout


class TestAFileThatOthersMayRead:
    """As a stock aider leaves it, once run with sudo: root's, and readable."""

    @pytest.fixture
    def theirs(self, somebody: Somebody) -> Somebody:
        (somebody.home / ".aider").mkdir(mode=0o755)
        return somebody

    @pytest.mark.parametrize(
        ("answered", "words"),
        [(False, "nobody is asked, since no answer"), (True, "nothing can be recorded: ")],
    )
    def test_asks_nobody_and_status_says_why(
        self, theirs: Somebody, answered: bool, words: str
    ) -> None:
        file = theirs.home / ".aider" / "analytics.json"
        user_id = "0199c4e7-a892-4992-8729-0cb709b1727c"
        answer = {"asked_opt_in": answered, "permanently_disable": None}
        file.write_text(json.dumps({"uuid": user_id, **answer}))
        file.chmod(0o644)
        facts = (
            "from tool import analytics; from aboveboard.client.decision import environment\n"
            "environment.has_terminal = lambda: True\n"
            "tool = analytics(directory='~/.aider'); state = tool._install.state.read()\n"
            "facts = tool._host.facts(state, True, ask=True); print(facts.can_ask, facts.can_save)"
        )
        assert theirs.run("-c", facts).stdout == "True False\n"
        assert words in theirs.aboveboard("status", "aider").stdout


def test_a_log_that_may_not_be_written_is_told(somebody: Somebody) -> None:
    log = somebody.home / "log.jsonl"
    log.touch(0o644)
    for flag in ("--no-analytics", "--analytics"):
        ended = somebody.tool("send", "--analytics-log", str(log), flag)
        assert ended.stderr == (
            f"Analytics are off: the log {log} cannot be written (Permission denied).\n"
        )


def test_the_child_that_sends_reads_a_no_in_every_place(somebody: Somebody) -> None:
    """It may be root's, whose own file still says yes."""
    somebody.agree()
    somebody.tool("kill", user=0)
    places = [
        f"{somebody.state}.no",
        str(somebody.spool / "analytics.json.no"),
        str(somebody.home / ".tool-analytics.no"),
    ]
    for path in places:
        Path(path).touch()
        told = somebody.run(
            "-c",
            "import os, sys; sys.path.append(sys.argv[1])\n"
            "from tool import analytics; from aboveboard.client.delivery import upload\n"
            "print(repr(upload.may_send(analytics()._target, os.environ)))",
            str(somebody.code),
            user=0,
        )
        assert told.stdout == "''\n", told.stderr
        Path(path).unlink()
