from __future__ import annotations

import sys

import pytest

from aboveboard.client import environment
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
