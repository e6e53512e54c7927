"""The commands with which a tool's user looks after what is on their machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from aboveboard.client.state import id_of
from tests.client.conftest import Tool, tool, until

__all__ = ["tool", "until"]  # fixtures, used by name

Until = Callable[[Callable[[], bool]], None]


def aboveboard(tool: Tool, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aboveboard", *words],
        env=tool.environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def used(tool: Tool, recorder: Any) -> Tool:
    """A tool whose user agreed, with events waiting since the collector is busy."""
    tool.agree()
    recorder.statuses = [503] * 100
    tool.run("kill", "--times", "3")
    return tool


class TestStatus:
    """What was decided, what waits, where."""

    def test_finds_what_there_is(self, used: Tool) -> None:
        ended = aboveboard(used, "status")
        assert ended.returncode == 0
        assert "tool: you agreed" in ended.stdout
        assert "5 events in 1 files" in ended.stdout
        assert str(used.state) in ended.stdout
        assert str(used.segments) in ended.stdout
        assert used.environ["TOOL_ENDPOINT"] in ended.stdout

    def test_is_the_same_as_json(self, used: Tool) -> None:
        (one,) = json.loads(aboveboard(used, "status", "tool", "--json").stdout)
        assert one["decision"] == "consented"
        assert one["waiting_events"] == 5
        assert one["user_id"] == used.decided()["uuid"]
        assert one["decided"] == used.decided()["decided"]

    @pytest.mark.parametrize(
        ("document", "words"),
        [("{", "cannot be read"), ('{"permanently_disable": true}', "permanently disabled")],
    )
    def test_says_what_a_file_means(self, tool: Tool, document: str, words: str) -> None:
        tool.state.parent.mkdir(parents=True)
        tool.state.write_text(document)
        assert words in aboveboard(tool, "status", "tool").stdout

    def test_on_a_machine_that_has_nothing_says_so_and_leaves_nothing(self, tool: Tool) -> None:
        assert "No tool on this machine" in aboveboard(tool, "status").stdout
        assert "not asked yet" in aboveboard(tool, "status", "tool").stdout
        assert tool.files() == []

    def test_knows_where_aider_keeps_its_own(self, tool: Tool) -> None:
        aiders = tool.home / ".aider" / "analytics.json"
        aiders.parent.mkdir()
        aiders.write_text('{"permanently_disable": true, "asked_opt_in": true, "uuid": null}')
        assert "aider: permanently disabled" in aboveboard(tool, "status").stdout


class TestShow:
    """Everything that waits."""

    def test_prints_the_very_bytes(self, used: Tool) -> None:
        shown = aboveboard(used, "show", "tool").stdout
        assert shown.encode() == b"".join(used.waiting())
        assert len(used.waiting()) == 5


class TestDisable:
    """Off for good, from outside the tool."""

    def test_is_the_same_as_the_tools_own_flag(self, used: Tool) -> None:
        assert aboveboard(used, "disable", "tool").returncode == 0
        assert used.waiting() == []
        assert used.run("send", "--analytics").stdout == "off\nrecorded\n"

    def test_that_cannot_be_saved_fails_in_one_line(self, tool: Tool) -> None:
        tool.home.rmdir()
        tool.home.touch()
        ended = aboveboard(tool, "disable", "tool")
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert "could not be saved" in ended.stderr


class TestForget:
    """Erasing what was sent, proven by a secret, however long the collector is away."""

    def test_asks_until_it_is_taken_and_takes_a_new_id(
        self, used: Tool, recorder: Any, until: Until
    ) -> None:
        before = used.decided()
        ended = aboveboard(used, "forget", "tool")
        assert ended.returncode == 0
        assert used.waiting() == []
        after = used.decided()
        assert after["uuid"] != before["uuid"]
        assert after["asked_opt_in"] is True
        assert id_of(after["secret"]) == after["uuid"]
        until(lambda: (used.spool / "pause").exists())
        assert "1 requests to erase" in aboveboard(used, "status").stdout
        # Days later the collector is back, and the tool, by now disabled, still owes the request.
        recorder.statuses = []
        (used.spool / "pause").unlink()
        aboveboard(used, "disable", "tool")
        assert used.run("send").stdout == "off\nrecorded\n"
        until(lambda: len(recorder.requests) == 1)
        (request,) = recorder.requests
        assert request.path == "/v1/erase"
        assert json.loads(request.body) == {"user_id": before["uuid"], "secret": before["secret"]}
        assert id_of(before["secret"]) == before["uuid"]
        until(lambda: not (used.spool / "erasures").exists())

    def test_an_id_that_was_not_made_here_has_no_secret_to_show(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.state.parent.mkdir(parents=True)
        aiders = {"uuid": "c42c4e6b-f054-44d7-ae1f-6726cc41da88", "asked_opt_in": True,
                  "permanently_disable": False}  # fmt: skip
        tool.state.write_text(json.dumps(aiders))
        tool.run("send")
        until(lambda: len(recorder.requests) == 1)
        aboveboard(tool, "forget", "tool")
        until(lambda: any(request.path == "/v1/erase" for request in recorder.requests))
        request = next(request for request in recorder.requests if request.path == "/v1/erase")
        assert json.loads(request.body) == {"user_id": aiders["uuid"], "secret": None}

    def test_where_nothing_was_ever_sent_nothing_is_asked(self, tool: Tool) -> None:
        assert "Nothing was ever sent" in aboveboard(tool, "forget", "tool").stdout
        assert tool.files() == []
