"""Good manners in strange company: hosts, terminals and homes in which a client could do harm."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aboveboard import Analytics, Event, count, exception
from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision import consent
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import spawn, upload
from aboveboard.client.recipients import recipient
from aboveboard.client.recipients.target import Target, paused
from aboveboard.integrations.argparse import add_flags
from tests.client import tool as example
from tests.client.children import children_of
from tests.client.conftest import Tool
from tests.client.places import NOBODY
from tests.client.proofs.consent_model import END_OF_INPUT
from tests.client.proofs.machine import Terminal
from tests.conftest import ROOT

Until = Callable[[Callable[[], bool]], None]

RECORDS = """
from tests.client.tool import *
tool = analytics()
tool.open(None)
print("on" if tool.enabled else "off", flush=True)
def record(number=0):
    tool.record(MessageSend(main_model="gpt-4o", edit_format=None, prompt_tokens=number, cost=None))
"""


def program(tool: Tool, text: str, *, shell: str = 'exec "$@"') -> subprocess.CompletedProcess[str]:
    """Run a program that begins with RECORDS, by a shell that may do things to it first."""
    return subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-W", "ignore", "-c", RECORDS + text],
        env=tool.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestInAHost:
    """Hosts do what they like around a call of the client."""

    def test_a_signal_handler_may_record_while_a_line_is_being_written(self, tool: Tool) -> None:
        tool.agree()
        ended = program(
            tool,
            "import faulthandler, signal\n"
            "faulthandler.dump_traceback_later(40, exit=True)\n"
            "signal.signal(signal.SIGVTALRM, lambda *_: record(1))\n"
            "signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)\n"
            "for _ in range(60_000): record(2)\n"
            "signal.setitimer(signal.ITIMER_VIRTUAL, 0)\n"
            "print('went on')\n",
        )
        assert ended.stdout == "on\nwent on\n", ended.stderr[-2000:]

    def test_lines_are_whole_whoever_records_at_once(self, tool: Tool) -> None:
        """Threads, signal handlers and forked children, each in the middle of another."""
        tool.environ["TOOL_ENDPOINT"] = NOBODY
        tool.agree()
        ended = program(
            tool,
            "import signal, threading\n"
            "signal.signal(signal.SIGVTALRM, lambda *_: record(1))\n"
            "signal.setitimer(signal.ITIMER_VIRTUAL, 0.001, 0.001)\n"
            "def many():\n"
            "    for _ in range(2000): record(2)\n"
            "threads = [threading.Thread(target=many) for _ in range(4)]\n"
            "for thread in threads: thread.start()\n"
            "for _ in range(10):\n"
            "    if not (child := os.fork()):\n"
            "        record(3); record(3); os._exit(0)\n"
            "    os.waitpid(child, 0)\n"
            "for thread in threads: thread.join()\n"
            "signal.setitimer(signal.ITIMER_VIRTUAL, 0)\n",
        )
        assert ended.stderr == ""
        numbers = [json.loads(line)["properties"].get("prompt_tokens") for line in tool.waiting()]
        assert numbers.count(2) == 8000
        assert numbers.count(3) == 20

    @pytest.mark.parametrize("closed", ["2>&-", "1>&-", "0<&- 1>&- 2>&-"])
    def test_what_is_written_to_a_closed_stream_does_not_get_into_a_segment(
        self, tool: Tool, closed: str
    ) -> None:
        tool.environ["TOOL_ENDPOINT"] = NOBODY
        tool.agree()
        log = tool.home / "log.jsonl"
        program(
            tool,
            "tool = analytics(); tool.open({'analytics_log': " + repr(str(log)) + "})\n"
            "for number in range(3):\n"
            "    record(number)\n"
            "    for stream in 0, 1, 2:\n"
            "        try: os.write(stream, b'a word of the user\\n')\n"
            "        except OSError: pass\n",
            shell=f'exec "$@" {closed}',
        )
        written = b"".join([*tool.waiting(), log.read_bytes()])
        assert written.count(b"message_send") == 6
        assert b"a word of the user" not in written

    def test_an_option_called_keys_does_not_hide_a_no(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        parser = argparse.ArgumentParser()
        parser.add_argument("--keys")
        parser.add_argument("--get")
        add_flags(parser)
        example.analytics().open(parser.parse_args(["--keys", "x", "--analytics-disable"]))
        state = tmp_path / ".config" / "tool" / "analytics.json"
        assert json.loads(state.read_text())["permanently_disable"] is True

    @pytest.mark.parametrize("word", [False, "false", "False", "no", "off", "0", 0, "nonsense"])
    def test_a_setting_that_is_not_a_yes_is_a_no(self, tmp_path: Path, word: object) -> None:
        analytics = _agreed(tmp_path)
        analytics.open({"analytics": word})
        assert not analytics.enabled

    @pytest.mark.parametrize("word", [False, "false", "no", "off", "0", 0, "", None])
    def test_a_setting_that_disables_nothing_disables_nothing(
        self, tmp_path: Path, word: object
    ) -> None:
        analytics = _agreed(tmp_path)
        analytics.open({"analytics-disable": word})
        assert analytics.enabled
        analytics.close()

    def test_a_value_that_fails_costs_its_own_event_only(self, tmp_path: Path) -> None:
        class Told(Event):
            """Something was told."""

            error: BaseException | None = exception("An error", ["aboveboard"], default=None)
            number: int | None = count("A number", default=None)

        class StrangeError(Exception):
            def __getattribute__(self, name: str) -> Any:
                raise RuntimeError(name)

        StateFile(str(tmp_path / "state" / "analytics.json")).agree(
            Catalog.of("tool", [Told]).terms(), NOBODY
        )
        analytics = _analytics(tmp_path, [Told])
        analytics.open(None)
        analytics.record(Told(error=StrangeError(), number=1))
        analytics.record(Told(number=2))
        assert analytics.enabled
        analytics.close()
        lines = [
            json.loads(line)
            for path in (tmp_path / "app").rglob("*.jsonl")
            for line in path.read_text().splitlines()
        ]
        assert 2 in [line["properties"].get("number") for line in lines]

    def test_the_child_is_bounded_though_the_host_holds_every_signal_back(
        self, tool: Tool, until: Until
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tool.environ["TOOL_ENDPOINT"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
            tool.agree()
            program(
                tool,
                "import signal\n"
                "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
                "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
                "record()\n",
            )
            until(lambda: bool(children_of(tool)))
            (child,) = children_of(tool)
            alarm = 1 << signal.SIGALRM - 1
            until(lambda: not _signals(child)["SigBlk"] & alarm)
            until(lambda: not _signals(child)["SigIgn"] & alarm)
            os.kill(child, signal.SIGKILL)

    def test_the_child_holds_no_file_of_the_hosts(self, tool: Tool, until: Until) -> None:
        reader, writer = os.pipe()
        high = 700
        os.dup2(writer, high, inheritable=True)
        os.close(writer)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tool.environ["TOOL_ENDPOINT"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
            tool.agree()
            subprocess.run(
                tool.command("send"),
                env=tool.environ,
                stdout=subprocess.DEVNULL,
                pass_fds=[high],
                check=True,
            )
            os.close(high)
            until(lambda: bool(children_of(tool)))
            ended, _, _ = select.select([reader], [], [], 20)  # whoever reads a pipe waits for us
            assert ended
            for child in children_of(tool):
                os.kill(child, signal.SIGKILL)
        os.close(reader)

    def test_with_every_stream_closed_there_is_one_child_at_a_time_all_the_same(
        self, tool: Tool, until: Until
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tool.environ["TOOL_ENDPOINT"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
            tool.agree()
            program(tool, "record()", shell='exec "$@" 0<&- 1>&- 2>&-')
            until(lambda: bool(children_of(tool)))
            (child,) = children_of(tool)
            lock = tool.spool / "upload.lock"
            assert os.path.samefile(f"/proc/{child}/fd/{spawn.LOCK}", lock)
            os.kill(child, signal.SIGKILL)


class TestAtATerminal:
    """The question, and who could be made to answer it."""

    def test_enter_that_was_typed_before_the_question_is_no_yes(self, tool: Tool) -> None:
        master, slave = pty.openpty()
        os.write(master, b"\n\n\n")
        process = subprocess.Popen(
            tool.command("send", "--analytics"),
            env=tool.environ, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        screen = ""
        while "[Yes]: " not in screen:
            screen += os.read(master, 65536).decode()
        assert process.poll() is None
        assert not tool.decided().get("asked_opt_in")
        os.write(master, b"n\n")
        screen += _rest(master)
        process.wait()
        assert "off\r\nrecorded" in screen
        assert tool.decided()["permanently_disable"] is True

    def test_a_job_in_the_background_is_not_stopped_by_a_question(self, tool: Tool) -> None:
        """As `tool send &` in a shell, on an install that would be asked."""
        # The shell is a process without threads, as a fork wants it; the terminal is its own.
        master, slave = pty.openpty()
        words = json.dumps([tool.command("send"), tool.environ | {"TOOL_PERCENT": "100"}])
        shell = subprocess.Popen(
            [sys.executable, "-c", _SHELL, words],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        screen = _rest(master)
        assert shell.wait(60) == 0, "9: it was stopped"
        assert screen == "off\r\nrecorded\r\n"

    @pytest.mark.parametrize("answer", ["", "n", END_OF_INPUT])
    def test_a_no_from_another_terminal_counts_while_the_question_stands(
        self, tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = StateFile(str(tmp_path / "state" / "analytics.json"))
        file.agree({"session_start": {}}, NOBODY)

        class Meanwhile(Terminal):
            def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
                file.disable()
                return super().readline(size)

        monkeypatch.setattr(sys, "stdin", Meanwhile(True, [answer]))
        monkeypatch.setattr(sys, "stdout", Terminal(True))
        monkeypatch.setattr(sys, "stderr", Terminal(True))
        analytics = _analytics(tmp_path, example.EVENTS)
        analytics.open({"analytics": True})
        assert not analytics.enabled
        assert list((tmp_path / "app").rglob("*.jsonl")) == []
        assert file.read().standing == consent.DISABLED

    def test_nothing_is_written_for_a_question_that_cannot_come(self, tool: Tool) -> None:
        for words, environ in (
            (["--analytics"], {"DO_NOT_TRACK": "1"}),
            ([], {"DO_NOT_TRACK": "1", "TOOL_PERCENT": "100"}),
            (["--analytics"], {"CI": "1"}),
            ([], {}),
        ):
            _, screen = tool.on_terminal("send", *words, **environ)
            assert screen == "off\nrecorded\n"
            assert tool.files() == []


class TestInAHome:
    """Homes that are not there, cannot be written, or hold the remains of accidents."""

    def test_where_there_is_none_nothing_is_written_anywhere(self, tmp_path: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can become a user who has no home")
        tmp_path.chmod(0o777)
        ended = subprocess.run(
            [sys.executable, "-c", RECORDS.partition("tool =")[0] + (
                "import hashlib, os\nimport aboveboard.client.recording.session\n"
                "import aboveboard.client.terminal.question\n"
                "os.chdir(sys.argv[1]); os.environ.pop('HOME', None); os.setuid(54321)\n"
                "tool = analytics(); tool.open({'analytics_disable': True}); print(tool.enabled)\n"
            ), str(tmp_path)],
            env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.stdout == "False\n", ended.stderr
        assert ended.stderr.startswith("Analytics are off for this session only")
        assert list(tmp_path.iterdir()) == []

    def test_a_no_that_stands_is_not_said_to_be_unsaved(self, tool: Tool) -> None:
        """As in a container whose configuration disables and whose home is read-only."""
        tool.run("send", "--analytics-disable")
        lock = Path(f"{tool.state}.lock")
        lock.unlink()
        lock.mkdir()  # which nobody can open for writing, not even root
        ended = tool.run("send", "--analytics-disable")
        assert (ended.stdout, ended.stderr) == ("off\nrecorded\n", "")

    @pytest.mark.parametrize("remains", ["x.json.refused", "x.json.tmp", "x.json"])
    def test_a_request_to_erase_that_cannot_be_delivered_starts_no_children(
        self, tool: Tool, remains: str
    ) -> None:
        erasures = tool.place / "erasures"
        erasures.mkdir(parents=True)
        (erasures / remains).write_text("{}")
        started: list[object] = []
        endpoint = "posthog+" * (remains == "x.json") + "http://127.0.0.1:9"
        for number in range(3):
            analytics = Analytics(
                app="tool", version="1", catalog=example.EVENTS, endpoint=endpoint, key="key",
                environ=tool.environ, _start=lambda *target, **_how: started.append(target),
            )  # fmt: skip
            analytics.open({"analytics": None if number else False})
            analytics.close()
        assert started == []

    def test_crashes_leave_one_temporary_file_at_most(self, tool: Tool) -> None:
        for moment in ("fsync", "replace") * 3:
            dies = (
                "import os, sys\n"
                "from aboveboard.client.decision.statefile import StateFile\n"
                f"os.{moment} = lambda *_: os._exit(1)\n"
                "StateFile(sys.argv[1]).disable()\n"
            )
            subprocess.run([sys.executable, "-c", dies, str(tool.state)], check=False)
        left = sorted(path.name for path in tool.state.parent.iterdir())
        assert len([name for name in left if name.endswith(".tmp")]) <= 1, left

    @pytest.mark.parametrize(
        "endpoint", ["http://127.0.0.1:99999", "http://[bad", f"http://{'a' * 70}.example", "http:"]
    )
    def test_an_address_that_is_none_pauses_like_a_collector_that_is_away(
        self, tmp_path: Path, endpoint: str
    ) -> None:
        target = _waiting(tmp_path, endpoint)
        upload.run(target, {})
        assert paused(target.pause_file)

    def test_a_key_that_no_header_takes_pauses_too(self, tmp_path: Path, recorder: Any) -> None:
        target = _waiting(tmp_path, recorder.url)
        target.key = "a\nb"
        upload.run(target, {})
        assert paused(target.pause_file)
        assert recorder.requests == []

    def test_what_had_to_be_dropped_is_told_by_the_next_session(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        tool.segments.mkdir(parents=True)
        for number in range(3):
            old = tool.segments / f"{number}.jsonl"
            old.write_text("{}\n")
            os.utime(old, (1, 1))
        tool.run("send")
        until(lambda: bool(recorder.requests) and not children_of(tool))
        tool.run("send")
        until(lambda: any(b'"dropped_events"' in line for line in recorder.lines()))
        (told,) = [line for line in recorder.lines() if b'"dropped_events"' in line]
        assert json.loads(told)["properties"] == {"segments": 3}


class TestPostHog:
    """The other form of the wire."""

    def test_no_two_events_have_one_uuid_and_none_tells_the_process(self, tool: Tool) -> None:
        tool.environ["TOOL_ENDPOINT"] = "posthog+http://127.0.0.1:9"
        tool.agree()
        ended = program(
            tool,
            "import threading\n"
            "def many():\n"
            "    for _ in range(3000): record()\n"
            "sys.setswitchinterval(1e-6)\n"
            "threads = [threading.Thread(target=many) for _ in range(4)]\n"
            "for thread in threads: thread.start()\n"
            "for thread in threads: thread.join()\n"
            "print(os.getpid())\n"
            "for _ in range(2):\n"
            "    if not (child := os.fork()):\n"
            "        record(); record(); os._exit(0)\n"
            "    os.waitpid(child, 0)\n"
            "record()\n",
        )
        process = int(ended.stdout.split()[1])
        names = [json.loads(line)["uuid"] for line in tool.waiting()]
        assert len(names) == 1 + 12_000 + 4 + 1
        assert len(set(names)) == len(names)
        assert not all(f"{process & 0xFFFFF:05x}" in name for name in names)


def _rest(master: int) -> str:
    """Return all that a terminal still shows until the other side has closed it."""
    screen = b""
    with contextlib.suppress(OSError):  # what a terminal says at its end
        while data := os.read(master, 65536):
            screen += data
    os.close(master)
    return screen.decode()


def _analytics(directory: Path, events: list[type[Event]]) -> Analytics:
    return Analytics(
        app="tool",
        version="1",
        catalog=events,
        endpoint=NOBODY,
        key="key",
        directory=str(directory / "state"),
        environ={"HOME": str(directory), "XDG_STATE_HOME": str(directory / "app")},
        _start=lambda *_target, **_how: None,
    )


def _agreed(directory: Path) -> Analytics:
    terms = Catalog.of("tool", example.EVENTS).terms()
    StateFile(str(directory / "state" / "analytics.json")).agree(terms, NOBODY)
    return _analytics(directory, example.EVENTS)


def _waiting(directory: Path, endpoint: str) -> Target:
    """Return a target for an install that has agreed, with one segment."""
    state = directory / "analytics.json"
    user_id = StateFile(str(state)).agree({"x": {}}, recipient.of(endpoint)).user_id
    target = Target(
        directory=str(directory / "app"), state=str(state), endpoint=endpoint, key="key"
    )
    Path(target.segments).mkdir(parents=True)
    (Path(target.segments) / "x.jsonl").write_text(f'{{"user_id": "{user_id}"}}\n')
    return target


def _signals(process: int) -> dict[str, int]:
    """Return the signals that a process blocks and ignores, as the system shows them."""
    status = Path(f"/proc/{process}/status").read_text()
    words = dict(line.split(":\t", 1) for line in status.splitlines())
    return {name: int(words[name], 16) for name in ("SigBlk", "SigIgn")}


_SHELL = """
import fcntl, json, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
command, environ = json.loads(sys.argv[1])
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.execve(command[0], command, environ)
_, status = os.waitpid(job, os.WUNTRACED)
if os.WIFSTOPPED(status):
    os.kill(job, signal.SIGKILL)
sys.exit(9 if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status))
"""
"""A shell that starts a job in the background of its terminal; 9 if the job was stopped."""
