"""Recipients: a yes is given to one; what waits for one is sent to nobody else; all are asked."""

from __future__ import annotations

import gzip
import io
import json
import os
import string
import sys
import tempfile
from binascii import crc32
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aboveboard import Analytics, Catalog
from aboveboard.client.decision import consent
from aboveboard.client.decision.identity import new_identity
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import upload
from aboveboard.client.delivery.earlier import adopt
from aboveboard.client.install import Install
from aboveboard.client.recipients import recipient, wire
from aboveboard.client.recipients.target import Target, kept
from aboveboard.client.recording import segment
from aboveboard.commands.machine import status
from tests.client import tool as example
from tests.client.conftest import Tool
from tests.client.places import place
from tests.conftest import examples

TERMS = Catalog.of("tool", example.EVENTS).terms()
A, B = "http://127.0.0.1:9", "http://127.0.0.1:10"


class TestTheName:
    """By which one recipient is known from another."""

    @pytest.mark.parametrize(
        "same",
        [
            "https://a.example", "https://a.example/", "HTTPS://A.Example", "https://a.example:443",
            "https://me:secret@a.example", "https://a.example/?x=1", "https://a.example#x",
            " https://a.example ",
        ],
    )  # fmt: skip
    def test_is_the_same_for_addresses_that_are(self, same: str) -> None:
        assert recipient.of(same) == "https://a.example"

    @pytest.mark.parametrize(
        "other",
        [
            "http://a.example", "https://a.example:8443", "https://a.example/b", "https://b.example",
            "posthog+https://a.example", "https://a.example.b.example", "https://a.example@b.example",
        ],
    )  # fmt: skip
    def test_differs_where_another_could_receive(self, other: str) -> None:
        assert recipient.of(other) != recipient.of("https://a.example")
        assert recipient.folder(recipient.of(other)) != recipient.folder("https://a.example")

    @given(st.text(), st.text())
    def test_no_two_have_one_folder_and_none_leaves_its_parent(self, one: str, two: str) -> None:
        first, second = recipient.folder(one), recipient.folder(two)
        assert (first == second) == (one == two)
        allowed = string.ascii_letters + string.digits + ".-"
        assert set(first) <= set(allowed) and not first.startswith(".") and len(first) < 80  # noqa: PT018

    @given(st.text())
    def test_is_shown_in_letters_that_no_terminal_obeys(self, name: str) -> None:
        shown = recipient.shown(recipient.of(name))
        assert shown.isascii() and shown.isprintable()  # noqa: PT018


class TestAnotherRecipient:
    """The tool was on, and names somebody else today."""

    def test_is_asked_about_by_name_and_a_no_keeps_the_first_yes(
        self, tool: Tool, recorder: Any, until: Any
    ) -> None:
        tool.agree()
        home, tool.environ["TOOL_ENDPOINT"] = tool.environ["TOOL_ENDPOINT"], B
        assert tool.run("send").stdout == "off\nrecorded\n", "nobody was there to be asked"
        _, screen = tool.on_terminal("send", "--analytics", answers=["n"])
        told = " ".join(screen.split())
        assert f"You agreed to sending to {home}. This is about another place, {B}." in told
        assert f"Nothing is sent to {B}. What you agreed to before stands" in told
        assert "\noff\n" in screen
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100")
        assert screen == "off\nrecorded\n", "asked once"
        ended = tool.run("send", "--analytics")
        assert ended.stderr.startswith("Analytics are off: you said no to sending to this place.")
        assert tool.waiting() == []
        assert "said no to" in "\n".join(
            status.text(status.describe(Install("tool", tool.environ)))
        )
        tool.environ["TOOL_ENDPOINT"] = home
        assert tool.run("send").stdout == "on\nrecorded\n"
        until(lambda: len(recorder.lines()) == 3)

    def test_gets_what_is_recorded_after_its_own_yes_and_nothing_else(self, tool: Tool) -> None:
        tool.environ["TOOL_ENDPOINT"] = A
        tool.agree()
        tool.run("send", "--times", "5")
        tool.environ["TOOL_ENDPOINT"] = B
        _, screen = tool.on_terminal("send", "--analytics", answers=["y"])
        assert "\non\n" in screen
        assert len(tool.waiting()) == 3
        tool.environ["TOOL_ENDPOINT"] = A
        assert len(tool.waiting()) == 7

    def test_of_a_first_question_is_named(self, tool: Tool) -> None:
        _, screen = tool.on_terminal("send", "--analytics", answers=["?", "n"])
        assert f"What is collected is sent to {tool.recipient}." in " ".join(screen.split())
        assert f"Sent to {tool.recipient}." in screen
        assert tool.decided()["permanently_disable"] is True

    def test_gets_no_yes_that_was_given_before_the_host_had_us(self, tmp_path: Path) -> None:
        state = tmp_path / ".config" / "tool" / "analytics.json"
        state.parent.mkdir(parents=True)
        yes = {"uuid": new_identity()["uuid"], "permanently_disable": False, "asked_opt_in": True}
        state.write_text(json.dumps(yes))
        for endpoint, on in ((B, False), (A, True), (B, False), (A, True)):
            analytics = _tool(tmp_path, endpoint, before=TERMS, before_endpoint=A)
            analytics.open()
            assert analytics.enabled is on
            analytics.close()


def test_forget_asks_everybody_who_ever_got_something(tool: Tool, recorder: Any) -> None:
    for endpoint in (A, B, "posthog+http://127.0.0.1:11"):
        tool.environ["TOOL_ENDPOINT"] = endpoint
        tool.agree()
        tool.run("send")
    user_id = tool.decided()["uuid"]
    forgotten = Install("tool", tool.environ).forget()
    assert (forgotten.outcome, forgotten.user_id) == ("requested", user_id)
    assert forgotten.posthogs == ["http://127.0.0.1:11"]
    for endpoint in (A, B):
        request = place(tool.spool, endpoint) / "erasures" / f"{user_id}.json"
        assert json.loads(request.read_text())["user_id"] == user_id
    assert not list(tool.spool.glob("recipients/*/segments/*.jsonl"))


class _Terminal(io.StringIO):
    def __init__(self, answer: str) -> None:
        super().__init__()
        self._answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self, *_size: Any) -> str:  # type: ignore[override]  # as StringIO's
        return self._answer + "\n"


def _tool(home: Path, endpoint: str, **more: Any) -> Analytics:
    return Analytics(
        app="tool", version="1.2.3", catalog=example.EVENTS, endpoint=endpoint,
        key=f"key of {endpoint}", environ={"HOME": str(home)},
        _start=lambda *_target, **_how: None, **more,
    )  # fmt: skip


Step = tuple[str, str]
STEPS = st.tuples(st.sampled_from([A, B, f"posthog+{A}"]), st.sampled_from(["y", "n", "send"]))


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=9))
def test_whatever_is_said_to_whom_nothing_reaches_anybody_else(
    steps: list[Step], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: dict[str, set[bytes]] = {}
    posted: list[tuple[str, bytes, Mapping[str, str]]] = []

    class Collector:
        def __init__(self, endpoint: str, _environ: Mapping[str, str]) -> None:
            self.endpoint = endpoint

        def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, None]:
            posted.append((path + " " + self.endpoint, body, headers))
            return 200, None

        def answer(self) -> bytes:
            return b"{}"

        def close(self) -> None:
            return

    monkeypatch.setattr(upload, "Connection", Collector)
    monkeypatch.setattr(wire.Ours, "body", staticmethod(lambda lines, _key: lines))
    monkeypatch.setattr(wire.PostHog, "body", staticmethod(lambda lines, _key: lines))
    monkeypatch.setattr(gzip, "compress", lambda body, *_level, **_how: body)
    # In pytest's own: a tool's child that sends may make a folder anew after all of it has gone.
    with tempfile.TemporaryDirectory(dir=tmp_path) as directory:
        home = Path(directory)
        answers: dict[str, str] = {}
        for endpoint, step in steps:
            analytics = _tool(home, endpoint)
            if step == "send":
                upload.run(analytics._target, {"HOME": directory})
                continue
            with monkeypatch.context() as streams:
                streams.setattr(sys, "stdin", _Terminal(step))
                streams.setattr(sys, "stdout", _Terminal(""))
                streams.setattr(sys, "stderr", _Terminal(""))
                analytics.open({"analytics": True})
            if "n" not in answers.values() or "y" in answers.values():
                answers.setdefault(endpoint, step)
            first_no = next(iter(answers.values())) == "n"
            assert analytics.enabled is (answers.get(endpoint) == "y" and not first_no)
            analytics.record(example.Command(name="send"))
            folder = place(Path(analytics._target.directory), endpoint) / "segments"
            analytics.close()
            for path in segment.listed(str(folder)):
                recorded.setdefault(endpoint, set()).update(Path(path).read_bytes().splitlines())
        for where, body, headers in posted:
            path, address = where.split(" ")
            endpoint = ("posthog+" if path == "/batch/" else "") + address
            assert set(body.splitlines()) <= recorded[endpoint]
            assert headers["Authorization"] == f"Bearer key of {endpoint}"


class TestWhatTheVersionBeforeLeft:
    """It kept what waited in the app's directory, and a yes that names nobody."""

    @pytest.fixture
    def left(self, tmp_path: Path) -> Target:
        state = tmp_path / ".config" / "tool" / "analytics.json"
        state.parent.mkdir(parents=True)
        document: dict[str, Any] = {
            **new_identity(), "asked_opt_in": True, "permanently_disable": False, "agreed": TERMS,
            "declined": {"old": {}}, "decided": 1,
        }  # fmt: skip
        rest = json.dumps(document, sort_keys=True).encode()
        state.write_text(json.dumps({**document, "check": f"{crc32(rest):08x}"}))
        spool = tmp_path / ".local" / "state" / "tool"
        (spool / "segments" / "aside").mkdir(parents=True)
        (spool / "erasures").mkdir()
        line = json.dumps({"event": "command", "user_id": document["uuid"]}) + "\n"
        for name in ("segments/1.jsonl", "segments/2.jsonl", "segments/aside/3.400.jsonl"):
            (spool / name).write_text(line)
        (spool / "erasures" / "x.json").write_text("{}")
        (spool / "dropped").write_text("2")
        (spool / "pause").touch()
        words = {"directory": str(spool), "state": str(state), "endpoint": A, "key": "key"}
        (spool / "errand.json").write_text(json.dumps(words))
        return Target(**words)

    def _whole(self, spool: Path) -> list[str]:
        files = [path.relative_to(spool).as_posix() for path in spool.rglob("*") if path.is_file()]
        return sorted(name for name in files if name != "upload.lock")

    def test_is_on_for_whom_it_sent_to_and_for_nobody_else(
        self, left: Target, tmp_path: Path
    ) -> None:
        for endpoint, on in ((B, False), (A, True), (B, False)):
            analytics = _tool(tmp_path, endpoint)
            analytics.open()
            assert analytics.enabled is on
            analytics.close()

    def test_is_moved_whole_and_keeps_its_yes(self, left: Target) -> None:
        adopt(left.directory, StateFile(left.state))
        folder = f"recipients/{recipient.folder(A)}"
        assert self._whole(Path(left.directory)) == [
            f"{folder}/{name}"
            for name in (
                "dropped", "erasures/x.json", "errand.json", "segments/1.jsonl",
                "segments/2.jsonl", "segments/aside/3.400.jsonl",
            )
        ]  # fmt: skip
        state = StateFile(left.state).read().toward(A)
        assert (state.standing, state.agreed, state.declined) == (
            consent.CONSENTED, TERMS, {"old": {}}
        )  # fmt: skip
        assert StateFile(left.state).read().toward(B).standing == consent.NOT_ASKED
        assert [target.endpoint for target in kept(left.directory)] == [A]

    @pytest.mark.parametrize("at", range(1, 8))
    def test_is_moved_whole_though_a_move_is_killed(
        self, left: Target, at: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rename, count = os.rename, 0

        def dying(source: str, target: str) -> None:
            nonlocal count
            count += 1
            if count == at:
                raise KeyboardInterrupt
            rename(source, target)

        monkeypatch.setattr(os, "rename", dying)
        try:
            adopt(left.directory, StateFile(left.state))
        except KeyboardInterrupt:
            assert StateFile(left.state).read().toward(A).agreed == TERMS
        monkeypatch.undo()
        adopt(left.directory, StateFile(left.state))
        assert len(self._whole(Path(left.directory))) == 6
        assert [target.endpoint for target in kept(left.directory)] == [A]

    def test_is_shown_disabled_and_forgotten_where_it_is(
        self, left: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install = Install("tool", {"HOME": str(tmp_path)})
        said = status.describe(install)
        assert (said["sends_to"], said["waiting_events"]) == (A, 2)
        assert install.forget().outcome == "requested"
        assert len(list(Path(left.directory).rglob("erasures/*.json"))) == 2
        assert install.segments() and not any(map(segment.listed, install.segments()))  # noqa: PT018
