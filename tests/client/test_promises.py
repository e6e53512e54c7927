"""What is promised to the person who runs a tool, checked from outside, on real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.children import children_of
from tests.client.conftest import Tool, quiet_kill

Until = Callable[[Callable[[], bool]], None]


class TestTheWholePath:
    """From `record` to a server, as users have it."""

    def test_the_log_and_the_wire_are_the_same_bytes(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        log = tool.home / "log.jsonl"
        for _ in range(3):
            tool.run("send", "--times", "200", "--analytics-log", str(log))
        until(lambda: len(recorder.lines()) >= 3 * 202)
        assert b"".join(recorder.lines()) == log.read_bytes()

    def test_every_line_is_what_the_protocol_says(self, tool: Tool) -> None:
        log = tool.home / "log.jsonl"
        tool.run("send", "--analytics-log", str(log))
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert [line["event"] for line in lines] == ["session_start", "command", "message_send"]
        for line in lines:
            assert list(line) == ["event", "properties", "user_id", "session", "seq", "time"]
            assert line["time"] % 3600 == 0
        assert [line["seq"] for line in lines] == [0, 1, 2]
        assert len({line["session"] for line in lines}) == 1
        assert lines[0]["properties"]["app_version"] == "1.2.3"
        assert lines[1]["properties"] == {"name": "send", "quiet": None}

    def test_a_killed_tool_loses_nothing_and_its_events_arrive_later(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        assert tool.run("kill", "--times", "500").returncode == -signal.SIGKILL
        assert len(tool.waiting()) == 502
        assert recorder.requests == []
        tool.run("send")
        until(lambda: len(recorder.lines()) >= 502 + 3)
        sessions = {json.loads(line)["session"] for line in recorder.lines()}
        assert len(sessions) == 2
        assert len(set(recorder.lines())) >= 502

    def test_a_running_tools_events_are_not_taken_from_under_it(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        running = tool.start("wait", "--times", "5")
        with quiet_kill(running):
            assert running.stdout is not None
            assert running.stdout.readline() == "on\n"
            assert running.stdout.readline() == "recorded\n"
            tool.run("send")
            until(lambda: len(recorder.lines()) == 3)
            until(lambda: not children_of(tool))
            assert len(tool.waiting()) == 7


class TestNeverInTheWay:
    """Whatever the collector does, the tool's exit and output are its own."""

    @pytest.mark.parametrize("collector", ["refuses", "hangs", "resets", "no such name", "errors"])
    def test_nothing_is_printed_lost_or_waited_for(
        self, tool: Tool, recorder: Any, until: Until, collector: str
    ) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if collector == "refuses" or collector == "resets":
            listener.close()
        elif collector == "no such name":
            address = "http://no.such.host.invalid"
        elif collector == "errors":
            recorder.statuses = [500] * 10
            address = recorder.url
        tool.environ["TOOL_ENDPOINT"] = address
        tool.agree()
        ended = tool.run("send", "--times", "1000")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "on\nrecorded\n", "")
        assert len(tool.waiting()) == 1002
        if collector == "hangs":
            until(lambda: bool(children_of(tool)))
            assert len(children_of(tool)) == 1
            for _ in range(5):
                tool.run("send", TOOL_ENDPOINT=address)
            time.sleep(0.5)
            assert len(children_of(tool)) <= 1, "one child at a time"
        for pid in children_of(tool):
            os.kill(pid, signal.SIGKILL)
        listener.close()
        assert len(tool.waiting()) >= 1002

    def test_the_sending_child_stands_alone(self, tool: Tool, until: Until) -> None:
        """Its own session, no terminal, no inherited files, elsewhere, none of the user's keys."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            tool.environ["TOOL_ENDPOINT"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
            tool.agree()
            tool.run("send", OPENAI_API_KEY="canary", PYTHONPATH="/canary")
            until(lambda: bool(children_of(tool)))
            (pid,) = children_of(tool)
            proc = Path("/proc") / str(pid)
            until(lambda: os.readlink(proc / "cwd") == "/")
            assert os.getsid(pid) == pid
            assert {os.readlink(proc / "fd" / number) for number in "012"} == {"/dev/null"}
            assert b"canary" not in (proc / "environ").read_bytes()
            assert b"canary" not in (proc / "cmdline").read_bytes()
            os.kill(pid, signal.SIGKILL)

    def test_the_tool_loads_nothing_of_the_sending_path(self, tool: Tool) -> None:
        heavy = {"ssl", "socket", "http.client", "urllib.request", "subprocess", "threading"}
        heavy |= {"aboveboard.client.delivery.upload", "typing", "uuid", "asyncio", "logging"}
        heavy |= {"hashlib", "_hashlib", "aboveboard.catalog.exceptions"}
        for agreed in (False, True):
            if agreed:
                tool.agree()
            loaded = set(tool.run("modules").stdout.split())
            assert "aboveboard.client.analytics" in loaded
            assert loaded & heavy <= {"threading"} & _preloaded()

    def test_off_means_no_file_and_no_child(self, tool: Tool) -> None:
        for words in (["--no-analytics"], []):
            ended = tool.run("send", *words)
            assert ended.stdout == "off\nrecorded\n"
        assert tool.files() == []
        assert children_of(tool) == []

    def test_nonsense_recorded_by_the_tool_never_raises(self, tool: Tool) -> None:
        tool.agree()
        program = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from tests.client.tool import *\n"
            "a = analytics(); a.open(None)\n"
            "a.record(MessageSend(main_model=object(), nonsense=1))\n"
            "a.record(None); a.record(3); a.open(3); a.close(); a.close(); print('alive')\n"
        )
        root = str(Path(__file__).parents[2])
        ended = subprocess.run(
            [sys.executable, "-c", program, root],
            env=tool.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.stdout, ended.stderr) == ("alive\n", "")


class TestTheLog:
    """`--analytics-log`: the user's own file."""

    def test_is_written_with_analytics_off_and_nothing_else_is(self, tool: Tool) -> None:
        log = tool.home / "log.jsonl"
        for words in (["--no-analytics"], []):
            ended = tool.run("send", "--analytics-log", str(log), *words)
            assert ended.stdout == "off\nrecorded\n"
        assert len(log.read_text().splitlines()) == 6
        assert tool.files() == ["log.jsonl"]

    @pytest.mark.parametrize("log", ["~/none/log", "/dev/full", "~", "/dev/null/log", "~/a\nb/log"])
    def test_that_cannot_be_written_turns_analytics_off_and_says_so(
        self, tool: Tool, log: str
    ) -> None:
        tool.agree()
        ended = tool.run("send", "--analytics-log", log)
        assert ended.returncode == 0
        assert ended.stdout == "off\nrecorded\n"
        assert ended.stderr.startswith("Analytics are off: the log ")
        assert ended.stderr.count("\n") == 1
        assert tool.waiting() == []

    def test_that_cannot_be_written_is_told_also_where_nothing_would_be_sent(
        self, tool: Tool
    ) -> None:
        ended = tool.run("send", "--analytics-log", "/dev/full", "--no-analytics")
        assert ended.stderr == (
            "Analytics are off: the log /dev/full cannot be written (No space left on device).\n"
        )

    @pytest.mark.parametrize("size", [600, 1000, 1300])
    def test_that_fills_in_the_middle_has_all_that_is_sent(
        self, tool: Tool, recorder: Any, size: int
    ) -> None:
        tool.agree()
        log = tool.home / "log.jsonl"
        limited = [
            sys.executable, "-c",
            ("import os, resource, signal, sys\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
            "os.execv(sys.argv[1], sys.argv[1:])"),
            *tool.command("kill", "--times", "20", "--analytics-log", str(log)),
        ]  # fmt: skip
        # The disk is full for the state's and the segments' files too: those stay smaller.
        subprocess.run(limited, env=tool.environ, capture_output=True, check=False, timeout=60)
        logged = log.read_bytes().splitlines(keepends=True)
        assert logged
        assert all(line.endswith(b"\n") for line in logged)
        assert set(tool.waiting()) <= set(logged)


class TestDisabling:
    """`--analytics-disable`: forever."""

    def test_removes_what_waits_and_lasts(self, tool: Tool, recorder: Any) -> None:
        tool.agree()
        recorder.statuses = [503] * 10
        tool.run("kill", "--times", "5")
        assert len(tool.waiting()) == 7
        ended = tool.run("send", "--analytics-disable")
        assert ended.returncode == 0
        assert ended.stderr == "Analytics have been permanently disabled.\n"
        assert tool.waiting() == []
        ended = tool.run("send", "--analytics-disable")
        assert ended.stderr == "", "left in a configuration file it stays quiet"
        ended = tool.run("send", "--analytics")
        assert ended.stdout == "off\nrecorded\n"
        assert "permanently disabled" in ended.stderr
        assert recorder.requests == []

    def test_another_run_in_progress_sends_nothing_more(self, tool: Tool, recorder: Any) -> None:
        tool.agree()
        running = tool.start("wait", "--times", "5")
        with quiet_kill(running):
            assert running.stdout is not None
            assert running.stdout.readline() == "on\n"
            assert running.stdout.readline() == "recorded\n"
            tool.run("send", "--analytics-disable")
            assert tool.waiting() == []
            running.send_signal(signal.SIGINT)
            running.wait()
        assert recorder.requests == []

    def test_that_cannot_be_saved_says_so(self, tool: Tool) -> None:
        tool.home.rmdir()
        tool.home.touch()
        ended = tool.run("send", "--analytics-disable")
        assert ended.returncode == 0
        assert ended.stdout == "off\nrecorded\n"
        assert ended.stderr.startswith("Analytics are off for this session only")


def _preloaded() -> set[str]:
    """What the interpreter loads by itself here (an editable install's .pth files, say)."""
    listed = subprocess.run(
        [sys.executable, "-c", "import sys; print(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(listed.stdout.split())
