"""The question, and what a person does with a job: stops it, goes on, leaves, hangs up."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import wait

import pytest

from tests.client.conftest import Tool

QUESTION = "(Y)es/(N)o [Yes]: "
STOP = "\x1a"
"""Ctrl-Z."""


class Shell:
    """An interactive shell on a terminal, in which the tool is a job."""

    def __init__(self, tool: Tool, *words: str) -> None:
        self.screen = ""
        environ = tool.environ | {"PS1": "% ", "TERM": "xterm", "TOOL_PERCENT": "100"}
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], environ)
        self.type(" ".join(tool.command(*words)) + "\n")

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def see(self, text: str, times: int = 1) -> None:
        """Wait until the screen has shown something so often."""
        deadline = time.monotonic() + 30
        while self.screen.count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.screen}"
            if wait([self.terminal], 0.2):
                self.screen += os.read(self.terminal, 65536).decode().replace("\r\n", "\n")

    def end(self) -> None:
        os.close(self.terminal)  # the shell ends, and its jobs with it
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


@pytest.fixture
def stopped(request: pytest.FixtureRequest, tool: Tool) -> Iterator[Shell]:
    """A shell in which the tool was stopped at its question."""
    shell = Shell(tool, "send", *getattr(request, "param", ()))
    try:
        shell.see(QUESTION)
        shell.type(STOP)
        shell.see("Stopped")
        yield shell
    finally:
        shell.end()


either = pytest.mark.parametrize("stopped", [(), ("--analytics",)], indirect=True)


class TestAJobThatWasStoppedAtTheQuestion:
    """A person pressed Ctrl-Z."""

    @either
    def test_is_put_again_when_it_goes_on_and_a_blind_enter_is_none_then_either(
        self, tool: Tool, stopped: Shell
    ) -> None:
        stopped.type("fg\n")
        stopped.see(QUESTION, 2)
        stopped.type("\n")
        stopped.see(QUESTION, 3)
        assert tool.decided()["asked_opt_in"] is False
        stopped.type("n\n")
        stopped.see("permanently disabled")
        assert tool.decided()["permanently_disable"] is True

    def test_waits_anew_when_it_goes_on(self, tool: Tool) -> None:
        tool.environ["TOOL_PATIENCE"] = "3"
        shell = Shell(tool, "send")
        try:
            shell.see(QUESTION)
            shell.type(STOP)
            shell.see("Stopped")
            shell.type("sleep 4; fg\n")
            shell.see(QUESTION, 2)
            shell.type("y\n")
            shell.see("\non\n")
        finally:
            shell.end()
        assert "Nobody answered" not in shell.screen

    def test_runs_in_the_background_without_an_answer_where_it_asked_by_itself(
        self, tool: Tool, stopped: Shell
    ) -> None:
        stopped.type("bg\n")
        stopped.see("recorded\n")
        assert "Nobody answered: nothing was decided.\noff\n" in stopped.screen
        assert tool.decided()["asked_opt_in"] is False
        assert tool.waiting() == []

    @pytest.mark.parametrize("stopped", [("--analytics",)], indirect=True)
    def test_stays_stopped_in_the_background_where_it_was_asked_to_ask(
        self, tool: Tool, stopped: Shell
    ) -> None:
        stopped.type("bg\n")
        stopped.see("&\n")
        stopped.type("until jobs | grep -q Stopped; do sleep 0.1; done; echo 'still 't'here'\n")
        stopped.see("still there")
        assert tool.decided()["asked_opt_in"] is False
        stopped.type("fg\n")
        stopped.see(QUESTION, 2)
        stopped.type("y\n")
        stopped.see("\non\n")
        assert tool.decided()["asked_opt_in"] is True


_AT_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
is_deaf = sys.argv.pop(1) == "deaf"  # whoever runs the tests may be (nohup), and that is handed on
signal.signal(signal.SIGHUP, signal.SIG_IGN if is_deaf else signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.mark.parametrize("words", [(), ("--analytics",)])
@pytest.mark.parametrize("hears", ["hears", "deaf"])
def test_who_hangs_up_at_the_question_has_not_answered(
    tool: Tool, hears: str, words: tuple[str, ...]
) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_TERMINAL, hears, *tool.command("send", *words)[1:]],
        env=tool.environ | {"TOOL_PERCENT": "100"}, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    screen = ""
    while QUESTION not in screen:
        screen += os.read(master, 65536).decode()
    os.close(master)
    ended = process.wait(60)
    assert ended == -signal.SIGHUP if hears == "hears" else ended >= 0
    assert tool.decided()["asked_opt_in"] is False
    assert tool.decided()["permanently_disable"] is None
    assert not tool.spool.exists(), "and nothing was recorded"
