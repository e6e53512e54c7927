"""A host that lives for days: what it records leaves once an hour, and each event once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aboveboard.client import lifetime
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import meanwhile
from aboveboard.client.files.appendfile import AppendFile
from aboveboard.client.recipients.target import paused
from aboveboard.client.recording import segment
from tests.client import tool as example
from tests.client.conftest import Tool, quiet_kill
from tests.client.places import NOBODY
from tests.conftest import ROOT

Until = Callable[[Callable[[], bool]], None]

HOST = """
import os, signal, sys
from aboveboard.client import lifetime
from aboveboard.client.delivery import meanwhile
from aboveboard.client.recording import segment
from tests.client.tool import MessageSend, analytics
lifetime._INTERVAL_SECONDS = float(sys.argv[1])
tool = analytics()
if "hears" in sys.argv:
    signal.signal(signal.SIGCHLD, lambda *_: print("a child has ended", flush=True))
tool.open({"analytics_log": sys.argv[2]})

def record(number):
    tool.record(MessageSend(main_model=None, edit_format=None, prompt_tokens=number, cost=None))

number = 0
for word in sys.stdin:
    if word == "fork\\n":
        if not os.fork():
            for each in range(1000, 1020):
                record(each)
            os._exit(0)
        os.wait()
    else:
        for _ in range(int(word)):
            record(number)
            number += 1
            print(number, flush=True)
    print("done", tool.enabled, flush=True)
"""
"""A host that records as many events as each line of its input says."""


class Host:
    """The program above, while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def told(self, word: object) -> list[str]:
        """Tell it one word; return what it prints until it is done with that."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.strip())
            if line.startswith("done"):
                break
        return lines

    def end(self) -> str:
        """Let it come to its own end; return what it said on stderr."""
        _, errors = self.process.communicate(timeout=60)
        return errors


@contextlib.contextmanager
def living(tool: Tool, interval: float, *words: str) -> Iterator[Host]:
    """Run the host, its log beside its home."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, str(interval), str(tool.home / "log.jsonl"), *words],
        env=tool.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with quiet_kill(process):
        yield Host(process)


def reset(tool: Tool) -> None:
    """Take back what was decided, as a person does in another terminal."""
    command = [sys.executable, "-m", "aboveboard", "reset", "tool"]
    subprocess.run(command, env=tool.environ, check=True, capture_output=True)


def numbers(lines: list[bytes]) -> list[int]:
    """Return the numbers of the messages among some lines, in their order."""
    events = [json.loads(line) for line in lines]
    return [
        event["properties"]["prompt_tokens"] for event in events if event["event"] == "message_send"
    ]


def size(path: str) -> int:
    """Return how long a file is; 0 where it is gone by now."""
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def of_workers(recorder: Any) -> int:
    """Return how many messages of forked workers have come."""
    return sum(number >= 1000 for number in numbers(recorder.lines()))


class TestWhileTheHostLives:
    def test_what_is_recorded_leaves_while_the_host_goes_on(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        with living(tool, 0) as host:
            assert host.told(3)[-1] == "done True"
            # Three turns in a blink: the last segments may have found the first one's child at it.
            until(lambda: host.told(1) != [] and len(numbers(recorder.lines())) >= 3)
            assert host.process.poll() is None
            assert host.end() == ""
        log = (tool.home / "log.jsonl").read_bytes().splitlines(keepends=True)
        until(lambda: len(recorder.lines()) >= len(log))
        assert sorted(recorder.lines()) == sorted(log)  # the same bytes, each once

    def test_an_hour_is_waited_for(self, tool: Tool, recorder: Any) -> None:
        assert lifetime._INTERVAL_SECONDS == 3600
        tool.agree()
        with living(tool, lifetime._INTERVAL_SECONDS) as host:
            host.told(50)
            (path,) = tool.segments.iterdir()
            assert len(numbers(path.read_bytes().splitlines())) == 50
            assert recorder.requests == []

    def test_workers_that_were_forked_send_while_their_parent_waits(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        with living(tool, 0) as host:
            host.told("fork")
            host.told("fork")
            until(
                lambda: (
                    bool(host.told(1)) and sum(n >= 1000 for n in numbers(recorder.lines())) >= 40
                )
            )
            host.end()
        log = (tool.home / "log.jsonl").read_bytes().splitlines(keepends=True)
        until(lambda: len(recorder.lines()) >= len(log))
        assert sorted(recorder.lines()) == sorted(log)

    def test_a_host_that_hears_of_its_children_hears_of_none_of_ours(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        with living(tool, 0, "hears") as host:
            assert "a child has ended" not in host.told(5) + host.told(5)
            assert recorder.requests == []
            host.end()
        until(lambda: len(numbers(recorder.lines())) == 10)

    def test_a_collector_that_is_away_leaves_one_segment(self, tool: Tool, until: Until) -> None:
        tool.environ["TOOL_ENDPOINT"] = NOBODY
        tool.agree()
        with living(tool, 0) as host:
            host.told(1)
            until(lambda: paused(str(tool.place / "pause")))
            before = len(list(tool.segments.iterdir()))
            host.told(20)
            assert len(list(tool.segments.iterdir())) <= before + 1
            host.told(20)
            assert len(list(tool.segments.iterdir())) <= before + 1
            host.end()
        assert sorted(numbers(tool.waiting())) == list(range(41))


def test_a_disk_that_is_full_for_a_while_ends_no_session(
    home: dict[str, str], tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool.agree()
    monkeypatch.setenv("TOOL_ENDPOINT", tool.environ["TOOL_ENDPOINT"])
    started: list[object] = []
    analytics = example.analytics(
        environ=dict(tool.environ), _start=lambda *told, **_: started.append(told)
    )
    analytics.open()
    assert analytics._lifetime.session is not None
    writer = analytics._lifetime.session.segment
    assert writer is not None
    analytics.record(example.Command(name="send"))
    room = writer._file
    for moment in ("at once", "after an hour"):
        writer._file = AppendFile(os.open("/dev/full", os.O_WRONLY))
        analytics._lifetime.turn = 0 if moment == "after an hour" else analytics._lifetime.turn
        analytics.record(example.Command(name="fail"))
        assert analytics.enabled
        assert bool(started) == (moment == "after an hour")  # what waits is sent, and makes room
    assert room is not None
    room.close()
    analytics.record(example.Command(name="wait"))
    names = [json.loads(line)["properties"].get("name") for line in tool.waiting()]
    assert sorted(filter(None, names)) == ["send", "wait"]
    analytics.close()


class TestANoMeanwhile:
    """Somebody decides in another terminal, while the host goes on."""

    def test_a_no_ends_the_session_and_nothing_is_sent(self, tool: Tool, recorder: Any) -> None:
        tool.agree()
        with living(tool, 0.2) as host:
            assert host.told(0) == ["done True"]
            tool.run("send", "--analytics-disable")
            heard = len(recorder.requests)
            while host.told(1)[-1] != "done False":
                continue
            assert list(tool.segments.iterdir()) == []
            assert host.told(5)[-1] == "done False"
            host.end()
        assert len(recorder.requests) == heard
        assert list(tool.segments.iterdir()) == []

    def test_a_yes_that_is_taken_back_ends_the_session_and_nothing_waits(self, tool: Tool) -> None:
        tool.agree()
        with living(tool, 0.2) as host:
            assert host.told(0) == ["done True"]
            reset(tool)
            host.told("fork")  # a worker has a segment of its own, which no reset has seen
            while host.told(1)[-1] != "done False":
                continue
            assert tool.waiting() == []
            host.end()

    def test_what_was_recorded_after_a_reset_is_not_sent_by_the_next_yes(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        with living(tool, lifetime._INTERVAL_SECONDS) as host:
            host.told(1)
            reset(tool)
            host.told("fork")
            assert len(numbers(tool.waiting())) == 20
            _, screen = tool.on_terminal("send", "--analytics", answers=["y"])
            assert "recorded" in screen
            until(lambda: numbers(recorder.lines()) != [])
            host.end()
        assert numbers(recorder.lines()) == [0]
        assert tool.waiting() == []

    def test_an_id_that_was_given_up_is_used_no_more(self, tool: Tool, recorder: Any) -> None:
        tool.agree()
        with living(tool, 0.2) as host:
            host.told(1)
            given_up = StateFile(str(tool.state)).read().user_id
            StateFile(str(tool.state)).renew()
            while host.told(1)[-1] != "done False":
                continue
            host.end()
        tool.run("send")
        assert all(given_up.encode() not in line for line in recorder.lines()[1:])

    def test_a_no_in_a_file_of_the_projects_counts_when_it_is_read(
        self, home: dict[str, str], tool: Tool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tool.agree()
        monkeypatch.setattr(lifetime, "_INTERVAL_SECONDS", 0)
        environ = dict(tool.environ)
        monkeypatch.setenv("TOOL_ENDPOINT", environ["TOOL_ENDPOINT"])
        analytics = example.analytics(environ=environ, _start=lambda *_, **__: None)
        analytics.open()
        assert analytics.enabled
        environ["TOOL_TELEMETRY"] = "0"
        analytics.record(example.Command(name="send"))
        assert not analytics.enabled


class TestCrashes:
    @pytest.mark.thorough
    def test_a_kill_at_any_moment_loses_nothing_and_doubles_nothing(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.agree()
        written, acknowledged = [], []
        for wanted in (1, 7, 40, 90):
            with living(tool, 0) as host:
                assert host.process.stdin is not None
                assert host.process.stdout is not None
                host.process.stdin.write("100000\n")
                host.process.stdin.flush()
                for _ in range(wanted):
                    host.process.stdout.readline()
                host.process.send_signal(signal.SIGKILL)
                host.process.wait()
            log = tool.home / "log.jsonl"
            lines = log.read_bytes().splitlines(keepends=True)
            log.unlink()
            written += lines
            acknowledged += lines[: wanted + 1]  # the start of the session, and what it told us of
        tool.run("send")
        # One that was killed before its first line leaves an empty file, which nobody sends.
        until(lambda: not any(map(size, segment.listed(str(tool.segments)))))
        requests = {each.headers["Idempotency-Key"]: each.body for each in recorder.requests}
        sent = b"".join(requests.values()).splitlines(keepends=True)
        assert len(sent) == len(set(sent))
        assert set(acknowledged) <= set(sent)
        # A line is in the log first: a kill in between leaves it there alone.
        assert sum(line in set(sent) for line in written) >= len(written) - 4


def test_one_turn_an_interval_whatever_number_of_processes(tmp_path: Path) -> None:
    turn = str(tmp_path / "turn")
    assert meanwhile._takes_turn(turn, 3600)
    assert not meanwhile._takes_turn(turn, 3600)
    os.utime(turn, (1, 1))
    assert meanwhile._takes_turn(turn, 3600)
    later = os.stat(turn).st_mtime + 7200  # the clock was set back since
    os.utime(turn, (later, later))
    assert meanwhile._takes_turn(turn, 3600)
