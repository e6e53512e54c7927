from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.client.decision import environment
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("word", "is_set"),
    [
        (None, False), ("", False), ("0", False), ("false", False), ("False", False),
        (" 0 ", False), ("1", True), ("true", True), ("no", True), (" ", True), ("00", True),
    ],
)  # fmt: skip
def test_do_not_track_is_anything_but_empty_0_and_false(word: str | None, *, is_set: bool) -> None:
    environ = {} if word is None else {"DO_NOT_TRACK": word}
    assert environment.do_not_track(environ) is is_set


def test_a_stream_that_cannot_tell_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        def isatty(self) -> bool:
            raise OSError("a host's own")

    monkeypatch.setattr(sys, "stdout", Stream())
    monkeypatch.setattr(sys, "stdin", Stream())
    assert environment.has_terminal() is False


class TestSignsThatNobodyIsThere:
    """Of agents, hooks and containers, whenever they were said."""

    SIGNS = (
        *((name, "1") for name in environment.AGENT_VARIABLES),
        *((name, "1") for name in environment.UNATTENDED_VARIABLES),
        ("TERM", "dumb"), ("DEBIAN_FRONTEND", "noninteractive"),
    )  # fmt: skip

    @pytest.mark.parametrize(("name", "word"), SIGNS)
    def test_count_also_where_they_came_after_the_start(self, name: str, word: str) -> None:
        counts = environment.narrowed("tool", {"TERM": "xterm"}, {"TERM": "xterm", name: word})
        assert environment.by_agent(counts) or environment.unattended(counts)

    @pytest.mark.parametrize(("name", "word"), SIGNS)
    def test_are_not_taken_back_later(self, name: str, word: str) -> None:
        counts = environment.narrowed("tool", {name: word}, {"TERM": "xterm"})
        assert environment.by_agent(counts) or environment.unattended(counts)

    @pytest.mark.parametrize("name", [name for name, _ in SIGNS])
    def test_each_is_documented(self, name: str) -> None:
        text = (ROOT / "docs/consent.md").read_text()
        assert f"`{name}`" in text or f"`{name}=" in text


NOES = (
    *("TOOL_ANALYTICS", "TOOL_TELEMETRY", *environment.NO_VARIABLES),
    *(f"TOOL_{name}" for name in environment.NO_VARIABLES),
)
WORDS = st.sampled_from(("", "0", "1", "true", "false", " Off ", "no", "yes", "on", "disabled"))
ENVIRONMENTS = st.dictionaries(
    st.sampled_from((*NOES, "DO_NOT_TRACK", "OTHER_TELEMETRY", "TELEMETRY")), WORDS
)


class TestVariablesThatSayNo:
    """An environment can take consent away, and never give it."""

    @pytest.mark.parametrize(
        ("name", "word", "is_no"),
        [
            ("MY_TOOL_TELEMETRY", "0", True), ("MY_TOOL_TELEMETRY", "off", True),
            ("MY_TOOL_TELEMETRY", "disabled", True), ("MY_TOOL_TELEMETRY", "1", False),
            ("MY_TOOL_TELEMETRY", "", False), ("NO_TELEMETRY", "1", True),
            ("NO_TELEMETRY", "yes", True), ("NO_TELEMETRY", "0", False),
            ("NO_TELEMETRY", "", False),
            ("MY_TOOL_NO_TELEMETRY", "true", True), ("MY_TOOL_DISABLE_TELEMETRY", "1", True),
            ("MY_TOOL_TELEMETRY_OPTOUT", "1", True), ("NO_ANALYTICS", "1", True),
            ("OTHER_NO_TELEMETRY", "1", False), ("OTHER_TELEMETRY", "0", False),
            ("TELEMETRY", "0", False), ("MY_TOOL_ANALYTICS", "0", True),
        ],
    )  # fmt: skip
    def test_each_is_one_or_says_nothing(self, name: str, word: str, *, is_no: bool) -> None:
        assert environment.wanted("my-tool", {name: word}) is (False if is_no else None)
        assert environment.noes("my-tool", {name: word}) == ([name] if is_no else [])

    @given(ENVIRONMENTS)
    def test_only_the_tools_own_can_say_yes_and_any_no_wins(self, environ: dict[str, str]) -> None:
        wanted = environment.wanted("tool", environ)
        if wanted is True:
            assert environment.said(environ["TOOL_ANALYTICS"]) is True
            assert not environment.noes("tool", environ)
        own = {name: word for name, word in environ.items() if name == "TOOL_ANALYTICS"}
        if environment.wanted("tool", own) is not True:
            assert wanted is not True

    @given(ENVIRONMENTS, ENVIRONMENTS)
    def test_count_whenever_they_were_said_and_are_not_taken_back(
        self, start: dict[str, str], now: dict[str, str]
    ) -> None:
        counts = environment.narrowed("tool", start, now)
        for said in (start, now):
            if environment.wanted("tool", said) is False:
                assert environment.wanted("tool", counts) is False
        if environment.wanted("tool", counts) is True:
            assert environment.wanted("tool", start) is True

    @pytest.mark.parametrize("name", environment.NO_VARIABLES)
    def test_each_is_documented(self, name: str) -> None:
        assert f"`{name}`" in (ROOT / "docs/consent.md").read_text()
