"""A developer's own events in the collector: at once, apart from the data, by their own yes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from aboveboard.collector.protocols.debugging import EVENTS_MAX, SECONDS_MAX, TAGS_MAX, Tags, judge
from tests.client.conftest import Tool, tool, until
from tests.collector.tool import Server, add_project
from tests.commands.debugging import CATALOG, Until, opened, seen
from tests.commands.running import aboveboard

__all__ = ["tool", "until"]  # fixtures, used by name

STRANGE = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("debug") / "data"
    add_project(data, "tool", CATALOG)
    running = Server(data)
    yield running
    running.stop()


@pytest.fixture
def mine(tool: Tool, server: Server) -> Tool:
    """The tool, which sends to that collector."""
    tool.environ |= {
        "TOOL_ENDPOINT": f"http://127.0.0.1:{server.port}",
        "TOOL_KEY": server.key(),
    }
    return tool


class TestShown:
    def test_each_event_with_a_verdict_for_each_property_and_nothing_in_the_data(
        self, mine: Tool, server: Server, until: Until
    ) -> None:
        tag = opened(server)
        assert aboveboard(mine, "debug", "tool", tag).returncode == 0
        ended = mine.run("send", "--times", "2", TOOL_ANALYTICS_DEBUG=tag)
        assert (ended.returncode, ended.stdout) == (0, "off\nrecorded\n")
        until(lambda: len(seen(server, tag)) == 4)
        newest = seen(server, tag)[0]
        assert (newest["event"], newest["taken"]) == ("message_send", True)
        verdicts = {each["name"]: each for each in newest["properties"]}
        assert verdicts["prompt_tokens"] == {
            "name": "prompt_tokens", "verdict": "accepted", "value": "1", "why": "",
        }  # fmt: skip
        page = server.request(
            "GET", f"/debug?project=tool&tag={tag}", headers={"Accept": "text/html"}
        )
        assert b"message_send" in page.body
        assert f"aboveboard debug tool {tag}".encode() in page.body
        assert server.metric("events_accepted_total") == 0
        assert list(mine.segments.parent.glob("segments/*")) == []

    def test_while_the_tool_still_runs(self, mine: Tool, server: Server, until: Until) -> None:
        tag = opened(server)
        aboveboard(mine, "debug", "tool", tag)
        mine.environ["TOOL_ANALYTICS_DEBUG"] = tag
        process = mine.start("wait")
        until(lambda: len(seen(server, tag)) == 3)
        assert process.poll() is None
        process.kill()
        process.communicate()

    def test_a_tag_that_is_not_open_is_a_line_and_the_tool_goes_on(
        self, mine: Tool, server: Server
    ) -> None:
        aboveboard(mine, "debug", "tool", STRANGE)
        ended = mine.run("send", TOOL_ANALYTICS_DEBUG=STRANGE)  # the child's stderr is the tool's
        assert ended.returncode == 0
        assert "it knows no such tag: its page /debug opens one" in ended.stderr
        assert server.request("GET", f"/debug.json?project=tool&tag={STRANGE}").status == 404


class TestNothingIsShown:
    """The variable alone is anybody's word: a repository's `.env`, say."""

    def told(self, mine: Tool, tag: str, **environ: str) -> str:
        ended = mine.run("send", **{"TOOL_ANALYTICS_DEBUG": tag, **environ})
        assert ended.returncode == 0
        (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
        return line

    def test_without_the_persons_own_command(self, mine: Tool, server: Server) -> None:
        tag = opened(server)
        words = "nobody has said `aboveboard debug tool TAG` today"
        assert words in self.told(mine, tag)
        aboveboard(mine, "debug", "tool", STRANGE)  # a yes to another tag
        assert words in self.told(mine, tag)
        assert seen(server, tag) == []

    def test_a_day_after_it(self, mine: Tool, server: Server) -> None:
        tag = opened(server)
        aboveboard(mine, "debug", "tool", tag)
        file = mine.spool / "debug"
        assert file.stat().st_mode & 0o777 == 0o600
        before = time.time() - 86_400
        subprocess.run(["touch", "-d", f"@{before}", str(file)], check=True)
        assert "nobody has said" in self.told(mine, tag)

    @pytest.mark.parametrize("no", ["DO_NOT_TRACK", "NO_TELEMETRY"])
    def test_under_a_no(self, mine: Tool, server: Server, no: str) -> None:
        tag = opened(server)
        aboveboard(mine, "debug", "tool", tag)
        assert f"{no} says no" in self.told(mine, tag, **{no: "1"})
        assert seen(server, tag) == []

    def test_where_it_is_off_for_good(self, mine: Tool, server: Server) -> None:
        tag = opened(server)
        aboveboard(mine, "disable", "tool")
        aboveboard(mine, "debug", "tool", tag)
        assert "off for good" in self.told(mine, tag)
        assert seen(server, tag) == []


class TestBounds:
    """A write key is in everybody's hands: it alone puts nothing into memory."""

    def post(self, server: Server, tag: str, body: bytes, key: str = "") -> int:
        headers = {"Authorization": f"Bearer {key or server.key()}", "Debug-Tag": tag}
        return server.request("POST", "/v1/debug", body, headers).status

    def test_strangers_get_nowhere(self, server: Server) -> None:
        tag = opened(server)
        assert self.post(server, tag, b"{}\n", key="unknown") == 401
        assert self.post(server, STRANGE, b"{}\n") == 404
        assert self.post(server, "", b"{}\n") == 404
        assert self.post(server, tag, b"x" * (1 << 18)) == 413
        assert seen(server, tag) == []
        assert self.post(server, tag, b"{}\n") == 200

    def test_a_value_that_is_dropped_is_not_shown(self) -> None:
        line = {
            "event": "message_send",
            "properties": {
                "main_model": "a-secret-model", "edit_format": "canary", "prompt_tokens": -1,
                "canary name": "canary",
            },
        }  # fmt: skip
        judged = judge(json.dumps(line).encode(), CATALOG)
        told = {each.name: (each.verdict, each.value) for each in judged.properties}
        assert told == {
            "main_model": ("null", ""),
            "edit_format": ("null", ""),
            "prompt_tokens": ("null", ""),
            "cost": ("not told", ""),
            "canary name": ("dropped", ""),
        }

    @pytest.mark.parametrize(
        "line", [b"", b"[]", b"{", b"\xff", b'{"event": 3, "properties": {}}', b"[" * 9999]
    )
    def test_nonsense_is_refused_with_a_reason(self, line: bytes) -> None:
        judged = judge(line, CATALOG)
        assert not judged.taken
        assert judged.why

    def test_what_is_kept_is_bounded_and_ends(self) -> None:
        now = [0.0]
        tags = Tags(lambda: now[0])
        mine = tags.open("tool")
        many = b'{"event": "command", "properties": {}}\n' * (EVENTS_MAX + 50)
        assert tags.take("tool", mine, many, CATALOG) == EVENTS_MAX
        assert len(tags.seen("tool", mine) or []) == EVENTS_MAX
        assert tags.seen("other", mine) is None
        for _ in range(TAGS_MAX):
            tags.open("tool")
        assert tags.seen("tool", mine) is None
        mine = tags.open("tool")
        now[0] += SECONDS_MAX + 1
        assert tags.seen("tool", mine) is None
