"""The commands with which a tool's user looks after what is on their machine."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aboveboard.client.decision.identity import id_of
from aboveboard.client.decision.statefile import StateFile
from tests.client import tool as example
from tests.client.conftest import Tool, tool, until
from tests.commands.running import aboveboard
from tests.conftest import ROOT, in_turn

__all__ = ["tool", "until"]  # fixtures, used by name

PROXY = "socks5://me:secret@127.0.0.1:1080"

Until = Callable[[Callable[[], bool]], None]


class Elsewhere(Tool):
    """The same tool, but for its decision, which it keeps in `~/.lab`."""

    PROGRAM = """
from tests.client import tool
lab = tool.analytics(directory="~/.lab")
lab.open({})
print("on" if lab.enabled else "off")
lab.record(tool.Command(name="send"))
"""

    def __init__(self, environ: dict[str, str], endpoint: str) -> None:
        super().__init__(environ, endpoint)
        self.environ["PYTHONPATH"] = str(ROOT)
        self.state = self.home / ".lab" / "analytics.json"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", self.PROGRAM, *words]


@pytest.fixture
def elsewhere(home: dict[str, str], recorder: Any) -> Elsewhere:
    return Elsewhere(home, recorder.url)


@pytest.fixture
def used(tool: Tool, recorder: Any) -> Tool:
    """A tool whose user agreed, with events waiting since the collector is busy."""
    tool.agree()
    recorder.statuses = [503] * 100
    tool.run("kill", "--times", "3")
    return tool


def _target(used: Tool, **words: str) -> None:
    path = used.place / "errand.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | words))


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


STRANGE: dict[str, Callable[[Tool], object]] = {
    "an address that cannot be written": lambda used: _target(used, endpoint="http://\ud800"),
    "a place with a NUL": lambda used: _target(used, state="/tmp/\0"),
    "a place that cannot be written": lambda used: _target(used, state="/tmp/\ud800"),
    "a pipe among what waits": lambda used: _pipe(used.segments / "x.jsonl"),
    "a folder among what waits": lambda used: (used.segments / "y.jsonl").mkdir(),
    "a link among what waits": lambda used: (used.segments / "z.jsonl").symlink_to("/dev/zero"),
    "a pipe for what was refused": lambda used: _pipe(used.place / "refused.json"),
    "a pipe for a pause": lambda used: _pipe(used.place / "erase-pause"),
    "a pipe for what was dropped": lambda used: _pipe(used.place / "dropped"),
    "a pipe for the decision": lambda used: _pipe(used.state),
    "a no and nonsense": lambda used: used.state.write_text(
        '{"permanently_disable": true, "recipients": {"a": 5}, "agreed": {"a": 5}}'
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("what", STRANGE)
def test_whatever_lies_there_no_command_waits_for_it_or_fails_with_a_traceback(
    used: Tool, what: str
) -> None:
    STRANGE[what](used)
    for words in (
        ["status"],
        *([each, "tool"] for each in ("show", "resend", "forget", "disable", "reset")),
    ):
        ended = aboveboard(used, *words)
        assert "Traceback" not in ended.stderr, words
        assert ended.stderr.count("\n") <= 1
        assert "\0" not in ended.stdout


class TestStatus:
    """What was decided, what waits, where."""

    def test_finds_what_there_is(self, used: Tool) -> None:
        ended = aboveboard(used, "status")
        assert ended.returncode == 0
        assert "tool: you agreed" in ended.stdout
        assert "5 events in 1 file" in ended.stdout
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
        [
            ("{", "cannot be read"),
            ('{"permanently_disable": true}', "permanently disabled"),
            ('{"permanently_disable": true, "decided": %s}' % ("9" * 400), "permanently disabled"),
        ],
    )
    def test_says_what_a_file_means(self, tool: Tool, document: str, words: str) -> None:
        tool.state.parent.mkdir(parents=True)
        tool.state.write_text(document)
        assert words in aboveboard(tool, "status", "tool").stdout

    def test_on_a_machine_that_has_nothing_says_so_and_leaves_nothing(self, tool: Tool) -> None:
        assert "No tool on this machine" in aboveboard(tool, "status").stdout
        assert tool.files() == []

    def test_of_a_tool_that_nobody_knows_is_an_error_in_a_line(self, tool: Tool) -> None:
        for words in ([], ["--json"], ["--directory", "/nowhere"]):
            ended = aboveboard(tool, "status", "nosuch", *words)
            assert (ended.returncode, ended.stdout) == (2, "")
            assert "a tool called nosuch was found here: `aboveboard status` lists" in ended.stderr
            assert ended.stderr.count("\n") == 1
        assert aboveboard(tool, "status", "aider").returncode == 0, "which is known by its name"

    def test_knows_where_aider_keeps_its_own(self, tool: Tool) -> None:
        aiders = tool.home / ".aider" / "analytics.json"
        aiders.parent.mkdir()
        aiders.write_text('{"permanently_disable": true, "asked_opt_in": true, "uuid": null}')
        assert "aider: permanently disabled" in aboveboard(tool, "status").stdout

    def test_lists_no_strangers_and_does_not_miss_what_is_damaged(self, used: Tool) -> None:
        settings = used.state.parent.parent
        (settings / "stranger").mkdir()
        (settings / "stranger" / "analytics.json").write_text('{"enabled": true, "clientId": "x"}')
        (settings / "broken").mkdir()
        (settings / "broken" / "analytics.json").write_text(used.state.read_text()[:-9])
        shown = json.loads(aboveboard(used, "status", "--json").stdout)
        assert [one["app"] for one in shown] == ["broken", "tool"]

    def test_of_a_file_that_cannot_be_read_does_not_say_that_there_is_no_id(
        self, used: Tool
    ) -> None:
        used.state.write_text(used.state.read_text()[:-9])
        shown = aboveboard(used, "status").stdout
        assert "cannot be read or understood" in shown
        assert "no id" not in shown

    @pytest.mark.parametrize("name", in_turn(["DO_NOT_TRACK", "TOOL_ANALYTICS"], ["DO_NOT_TRACK"]))
    def test_says_what_turns_a_session_off_here(self, used: Tool, name: str) -> None:
        assert f"off: {name}" not in aboveboard(used, "status", "tool").stdout
        word = "1" if name == "DO_NOT_TRACK" else "0"
        assert f"off: {name}" in aboveboard(used, "status", "tool", **{name: word}).stdout

    def test_says_why_the_collector_refused(self, used: Tool, recorder: Any, until: Until) -> None:
        recorder.statuses = [401]
        used.run("send")
        until(lambda: "set aside" in aboveboard(used, "status", "tool").stdout)
        shown = aboveboard(used, "status", "tool").stdout
        assert "1 file that the collector refused (it does not know the tool's write key)" in shown
        assert "`aboveboard resend tool` sends it" in shown

    @pytest.mark.thorough
    def test_of_a_yes_from_before_says_what_it_hangs_on(self, tool: Tool) -> None:
        tool.agree()
        decided = tool.decided()
        kept = {key: decided[key] for key in ("uuid", "asked_opt_in", "permanently_disable")}
        tool.state.write_text(json.dumps(kept))
        shown = aboveboard(tool, "status", "tool").stdout
        assert "tool: you agreed before tool had aboveboard: what it says that your yes" in shown
        assert "if it says nothing, nothing is, and it asks you again" in shown

    @pytest.mark.thorough
    def test_does_not_promise_to_send_what_posthog_would_not_take(self, used: Tool) -> None:
        aboveboard(used, "forget", "tool", DO_NOT_TRACK="1")
        address = used.environ["TOOL_ENDPOINT"]
        used.environ["TOOL_ENDPOINT"] = "posthog+" + address
        used.agree()
        used.run("kill")
        told = aboveboard(used, "status").stdout
        posthogs, ours = told.split(f"  sends to     {address}")
        assert f"  sends to     posthog+{address}" in posthogs
        assert "request to erase" not in posthogs
        assert "1 request to erase, sent as soon as they can be" in ours

    @pytest.mark.parametrize(
        "way",
        in_turn([PROXY, "socks5h://127.0.0.1"], [PROXY]),
    )
    def test_a_proxy_that_cannot_be_spoken_to_is_told_by_its_kind(
        self, used: Tool, way: str
    ) -> None:
        scheme = way.partition(":")[0]
        told = aboveboard(used, "status", "tool", ALL_PROXY=way, no_proxy="").stdout
        assert f"the environment names is a {scheme} one, and only http:// proxies" in told
        assert "secret" not in told
        near = aboveboard(used, "status", "tool", ALL_PROXY=way, NO_PROXY="127.0.0.1").stdout
        assert "proxies are spoken" not in near
        http = aboveboard(
            used, "status", "tool", ALL_PROXY="http://127.0.0.1:3128", no_proxy=""
        ).stdout
        assert "proxies are spoken" not in http
        sent = example.analytics(environ=used.environ | {"ALL_PROXY": way, "no_proxy": ""}).status()
        assert f"is a {scheme} one" in "\n".join(sent)


class TestNames:
    """A tool's name is no path."""

    @pytest.mark.parametrize("command", ["status", "show", "disable", "forget"])
    @pytest.mark.parametrize("name", in_turn(["../../x", "/x", "", ".x", "x/y"], ["../../x"]))
    def test_that_no_tool_can_have_are_refused_in_a_line(
        self, tool: Tool, command: str, name: str
    ) -> None:
        ended = aboveboard(tool, command, name)
        assert ended.returncode == 2
        assert "can't be a tool's name; `aboveboard status` lists" in ended.stderr
        assert tool.files() == []


class TestAToolThatDecidesElsewhere:
    """Its own word about where it decides is followed, and doubted where there is a doubt."""

    @pytest.fixture
    def used(self, elsewhere: Elsewhere, recorder: Any) -> Elsewhere:
        elsewhere.agree()
        recorder.statuses = [503] * 100
        assert elsewhere.run().stdout == "on\n"
        return elsewhere

    def test_is_shown_as_it_is(self, used: Elsewhere) -> None:
        shown = aboveboard(used, "status").stdout
        assert "tool: you agreed" in shown
        assert str(used.state) in shown
        assert "--directory" not in shown

    def test_is_off_when_that_is_said(self, used: Elsewhere) -> None:
        ended = aboveboard(used, "disable", "tool")
        assert "permanently disabled" in ended.stdout
        assert str(used.state) in ended.stdout
        assert used.run().stdout == "off\n"
        assert used.waiting() == []
        assert not (used.home / ".config").exists()

    def test_has_what_it_sent_erased(self, used: Elsewhere, recorder: Any, until: Until) -> None:
        before = used.decided()
        until(lambda: (used.place / "pause").exists())
        (used.place / "pause").unlink()
        recorder.statuses = []
        assert before["uuid"] in aboveboard(used, "forget", "tool").stdout
        until(lambda: any(request.path == "/v1/erase" for request in recorder.requests))
        assert used.decided()["uuid"] != before["uuid"]

    @pytest.mark.thorough
    def test_wins_over_a_no_that_lies_in_the_usual_place(self, used: Elsewhere) -> None:
        StateFile(str(used.home / ".config" / "tool" / "analytics.json")).disable()
        assert "tool: you agreed" in aboveboard(used, "status").stdout
        aboveboard(used, "disable", "tool")
        assert used.run().stdout == "off\n"

    @pytest.mark.thorough
    def test_and_is_told_of_another_place_is_not_said_to_be_off(self, used: Elsewhere) -> None:
        ended = aboveboard(used, "disable", "tool", "--directory", str(used.home / "typo"))
        assert "permanently disabled" not in ended.stdout
        assert f"kept its decision in {used.state}" in ended.stdout
        assert used.run().stdout == "on\n"

    @pytest.mark.thorough
    def test_and_whose_file_was_moved_is_not_said_to_be_off(self, used: Elsewhere) -> None:
        moved = used.home / "moved"
        used.state.parent.rename(moved)
        assert "is not there" in aboveboard(used, "status", "tool").stdout
        ended = aboveboard(used, "disable", "tool")
        assert "permanently disabled" not in ended.stdout
        ended = aboveboard(used, "disable", "tool", "--directory", str(moved))
        assert json.loads((moved / "analytics.json").read_text())["permanently_disable"] is True

    def test_and_whose_word_was_damaged_is_not_said_to_be_off(self, used: Elsewhere) -> None:
        (used.place / "errand.json").write_text("")
        ended = aboveboard(used, "disable", "tool")
        assert "permanently disabled" not in ended.stdout
        assert "give that place with --directory" in ended.stdout
        ended = aboveboard(used, "disable", "tool", "--directory", str(used.state.parent))
        assert "permanently disabled" in ended.stdout
        assert used.run().stdout == "off\n"

    @pytest.mark.thorough
    def test_and_never_was_on_is_not_said_to_be_off(self, elsewhere: Elsewhere) -> None:
        StateFile(str(elsewhere.state)).identify()
        ended = aboveboard(elsewhere, "disable", "tool")
        assert "permanently disabled" not in ended.stdout
        assert "give that place with --directory" in ended.stdout
        assert "give that place with --directory" in aboveboard(elsewhere, "status", "tool").stdout
        ended = aboveboard(elsewhere, "disable", "tool", "--directory", str(elsewhere.state.parent))
        assert "permanently disabled" in ended.stdout


class TestShowNothing:
    def test_is_said_in_words_beside_an_empty_output(self, tool: Tool) -> None:
        tool.state.parent.mkdir(parents=True)
        ended = aboveboard(tool, "show", "tool")
        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr == "Nothing of tool waits to be sent.\n"
        ended = aboveboard(tool, "show", "toool")
        said = "Nothing of toool waits to be sent. Nothing of a tool called toool was found here: "
        assert ended.stderr.startswith(said)


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

    def test_of_a_tool_that_nobody_ever_ran_keeps_the_no_and_says_what_it_is_worth(
        self, tool: Tool
    ) -> None:
        kept = tool.home / ".config" / "toool" / "analytics.json"
        for _ in range(2):
            ended = aboveboard(tool, "disable", "toool")
            assert ended.returncode == 0
            assert f"A no for toool is kept in {kept}, and nothing waits" in ended.stdout
            assert f"{kept} is all that there is of toool here: " in ended.stdout
            assert "permanently disabled" not in ended.stdout
        shown = aboveboard(tool, "status", "toool").stdout
        assert "toool: permanently disabled" in shown
        assert f"{kept} is all that there is of toool here: " in shown
        assert "Nothing" not in shown

    def test_of_an_aider_that_never_ran_is_sure_of_its_place(self, tool: Tool) -> None:
        ended = aboveboard(tool, "disable", "aider")
        assert "permanently disabled" in ended.stdout
        assert (tool.home / ".aider" / "analytics.json").exists()

    def test_that_cannot_be_saved_fails_in_one_line(self, tool: Tool) -> None:
        tool.home.rmdir()
        tool.home.touch()
        ended = aboveboard(tool, "disable", "tool")
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert "could not be saved" in ended.stderr


class TestReset:
    """What was decided is taken back, by the person's own command and by nothing else."""

    def test_a_no_for_good_is_taken_back_and_is_no_yes(self, used: Tool) -> None:
        user_id = used.decided()["uuid"]
        aboveboard(used, "disable", "tool")
        ended = aboveboard(used, "reset", "tool")
        assert ended.returncode == 0
        assert "`tool --analytics` asks you again" in ended.stdout
        assert "not asked yet" in aboveboard(used, "status", "tool").stdout
        assert used.run("send", "--analytics").stdout == "off\nrecorded\n", "nobody answered"
        assert used.waiting() == []
        assert used.decided()["uuid"] == user_id, "what was sent can still be erased"
        used.agree()
        assert used.run("send").stdout == "on\nrecorded\n"

    def test_a_no_that_lies_apart_is_taken_back_too(self, tool: Tool) -> None:
        tool.agree()
        for path in (f"{tool.state}.no", str(tool.home / ".tool-analytics.no")):
            Path(path).touch()
        assert "permanently disabled" in aboveboard(tool, "status", "tool").stdout
        assert aboveboard(tool, "reset", "tool").returncode == 0
        assert "not asked yet" in aboveboard(tool, "status", "tool").stdout

    def test_a_yes_is_taken_back_with_what_waits(self, used: Tool) -> None:
        assert used.waiting()
        assert aboveboard(used, "reset", "tool").returncode == 0
        assert used.waiting() == []
        assert used.run("send").stdout == "off\nrecorded\n"

    def test_a_damaged_file_may_be_begun_anew(self, used: Tool) -> None:
        used.state.write_bytes(used.state.read_bytes()[:40])
        ended = aboveboard(used, "reset", "tool")
        assert ended.returncode == 0
        assert "not known any more" in ended.stdout
        assert "not asked yet" in aboveboard(used, "status", "tool").stdout

    def test_where_nothing_was_decided_nothing_changes(self, tool: Tool) -> None:
        ended = aboveboard(tool, "reset", "tool")
        assert ended.returncode == 0
        assert "Nothing was decided" in ended.stdout
        assert not tool.state.exists()

    def test_that_cannot_be_kept_leaves_the_no_and_says_so(self, used: Tool) -> None:
        aboveboard(used, "disable", "tool")
        apart = Path(f"{used.state}.no")
        apart.mkdir()  # nothing that a command can unlink
        ended = aboveboard(used, "reset", "tool")
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert "still stands" in ended.stderr
        assert "permanently disabled" in aboveboard(used, "status", "tool").stdout


class TestResend:
    """What a collector refused, once the reason is mended."""

    @pytest.fixture
    def refused(self, used: Tool, recorder: Any, until: Until) -> Tool:
        recorder.statuses = [401]
        used.run("send")
        until(lambda: any(used.segments.glob("aside/*.jsonl")) and recorder.requests != [])
        return used

    def test_sends_it_byte_for_byte_under_the_id_that_it_had(
        self, refused: Tool, recorder: Any, until: Until
    ) -> None:
        (aside,) = refused.segments.glob("aside/*.jsonl")
        lines, identity = aside.read_bytes(), aside.name.partition(".")[0]
        until(lambda: not any(refused.segments.glob("*.jsonl")))
        recorder.requests.clear()
        ended = aboveboard(refused, "resend", "tool")
        assert ended.returncode == 0
        assert "1 file of events that a collector refused: on the way now" in ended.stdout
        assert "the key that tool had at its last run (mended since?" in ended.stdout
        until(lambda: len(recorder.requests) == 1)
        (request,) = recorder.requests
        assert (request.body, request.headers["Idempotency-Key"]) == (lines, identity)
        until(lambda: refused.waiting() == [])
        again = aboveboard(refused, "resend", "tool")
        assert (again.returncode, again.stderr) == (0, "")
        assert "Nothing of tool that a collector refused" in again.stdout

    def test_of_requests_to_erase_too(self, used: Tool, recorder: Any, until: Until) -> None:
        recorder.statuses = [401]
        aboveboard(used, "forget", "tool")
        until(lambda: any(used.place.glob("erasures/*.refused")))
        ended = aboveboard(used, "resend", "tool")
        assert "1 request to erase that a collector refused" in ended.stdout
        until(lambda: any(request.path == "/v1/erase" for request in recorder.requests))

    @pytest.mark.thorough
    def test_leaves_what_is_too_old_and_says_so(self, refused: Tool) -> None:
        (aside,) = refused.segments.glob("aside/*.jsonl")
        os.utime(aside, (0, time.time() - 29 * 86_400))
        told = aboveboard(refused, "resend", "tool").stdout
        assert "1 file is older than 28 days" in told
        assert aside.exists()

    def test_of_who_said_no_sends_nothing(self, refused: Tool) -> None:
        aboveboard(refused, "disable", "tool")
        ended = aboveboard(refused, "resend", "tool")
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
        assert "nothing of tool is sent from here" in ended.stderr

    @pytest.mark.thorough
    def test_under_do_not_track_waits(self, refused: Tool) -> None:
        told = aboveboard(refused, "resend", "tool", DO_NOT_TRACK="1").stdout
        assert "sent when tool runs without DO_NOT_TRACK" in told
        assert len(refused.waiting()) == 5


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
        until(lambda: (used.place / "erase-pause").exists())
        assert "1 request to erase" in aboveboard(used, "status").stdout
        # Days later the collector is back, and the tool, by now disabled, still owes the request.
        recorder.statuses = []
        (used.place / "erase-pause").unlink()
        aboveboard(used, "disable", "tool")
        assert used.run("send").stdout == "off\nrecorded\n"
        until(lambda: len(recorder.requests) == 1)
        (request,) = recorder.requests
        assert request.path == "/v1/erase"
        assert json.loads(request.body) == {"user_id": before["uuid"], "secret": before["secret"]}
        assert id_of(before["secret"]) == before["uuid"]
        until(lambda: not (used.place / "erasures").exists())

    def test_an_id_that_was_not_made_here_has_no_secret_to_show(
        self, tool: Tool, recorder: Any, until: Until
    ) -> None:
        tool.state.parent.mkdir(parents=True)
        aiders = {"uuid": "c42c4e6b-f054-44d7-ae1f-6726cc41da88", "asked_opt_in": True,
                  "permanently_disable": False}  # fmt: skip
        tool.state.write_text(json.dumps(aiders))
        tool.agree()
        tool.run("send")
        until(lambda: len(recorder.requests) == 1)
        aboveboard(tool, "forget", "tool")
        until(lambda: any(request.path == "/v1/erase" for request in recorder.requests))
        request = next(request for request in recorder.requests if request.path == "/v1/erase")
        assert json.loads(request.body) == {"user_id": aiders["uuid"], "secret": None}

    def test_where_nothing_was_ever_sent_nothing_is_asked(self, tool: Tool) -> None:
        assert "Nothing was ever sent" in aboveboard(tool, "forget", "tool").stdout
        assert tool.files() == []

    def test_of_an_id_that_never_sent_anything_says_under_which_its_makers_know_it(
        self, tool: Tool
    ) -> None:
        before = StateFile(str(tool.state)).identify().user_id
        ended = aboveboard(tool, "forget", "tool")
        assert ended.returncode == 0
        assert "Nothing was ever sent from here by aboveboard" in ended.stdout
        assert before in ended.stdout
        assert tool.decided()["uuid"] != before

    def test_under_do_not_track_sends_nothing_and_does_not_say_so(
        self, used: Tool, recorder: Any, until: Until
    ) -> None:
        recorder.statuses = []
        before = used.decided()["uuid"]
        ended = aboveboard(used, "forget", "tool", DO_NOT_TRACK="1")
        assert "now" not in ended.stdout
        assert "once tool runs without DO_NOT_TRACK" in ended.stdout
        assert not (used.spool / "upload.lock").exists(), "no child"
        used.run("send")
        until(lambda: any(before.encode() in request.body for request in recorder.requests))

    def test_in_a_pause_says_that_it_is_not_sent_now(self, used: Tool) -> None:
        used.place.joinpath("pause").write_text("600")
        end = time.time() + 600
        os.utime(used.place / "pause", (end, end))
        ended = aboveboard(used, "forget", "tool")
        assert "after the pause" in ended.stdout
        assert "now" not in ended.stdout

    def test_sends_posthogs_users_to_those_who_can_erase(self, used: Tool) -> None:
        address = used.environ["TOOL_ENDPOINT"]
        used.environ["TOOL_ENDPOINT"] = "posthog+" + address
        used.agree()
        used.run("kill")
        before = used.decided()["uuid"]
        ended = aboveboard(used, "forget", "tool")
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert before in ended.stderr
        assert address in ended.stderr
        assert used.waiting() == []
        assert used.decided()["uuid"] != before
        assert not (used.place / "erasures").exists(), "nobody would ever take it"

    @pytest.mark.parametrize("damage", in_turn(["cut", "gone"], ["gone"]))
    def test_without_an_id_says_that_nobody_can_be_asked(self, used: Tool, damage: str) -> None:
        whole = used.state.read_bytes()
        if damage == "cut":
            used.state.write_bytes(whole[:-9])
        else:
            used.state.unlink()
        ended = aboveboard(used, "forget", "tool")
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert f"{used.state} does not say under which id" in ended.stderr
        assert used.waiting() == []
        # As it is advised: from a backup.
        used.state.write_bytes(whole)
        ended = aboveboard(used, "forget", "tool")
        assert json.loads(whole)["uuid"] in ended.stdout

    @pytest.mark.thorough
    def test_keeps_the_request_where_it_cannot_tell_whom_to_ask(
        self, used: Tool, recorder: Any, until: Until
    ) -> None:
        (used.place / "errand.json").write_text("")
        recorder.statuses = []
        before = used.decided()
        ended = aboveboard(used, "forget", "tool")
        assert "goes out when tool runs without --no-analytics" in ended.stdout
        used.run("send")
        until(lambda: any(request.path == "/v1/erase" for request in recorder.requests))
        request = next(request for request in recorder.requests if request.path == "/v1/erase")
        assert json.loads(request.body) == {"user_id": before["uuid"], "secret": before["secret"]}

    def test_that_cannot_take_a_new_id_has_changed_nothing(self, used: Tool) -> None:
        lock = Path(f"{used.state}.lock")
        lock.unlink()
        lock.mkdir()
        before = used.decided()
        ended = aboveboard(used, "forget", "tool")
        assert ended.returncode == 1
        assert "nothing changed" in ended.stderr
        assert used.decided() == before
        assert len(used.waiting()) == 5
        assert not list(used.spool.glob("recipients/*/erasures/*"))
