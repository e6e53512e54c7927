from __future__ import annotations

import sys

import pytest

from aboveboard.client import environment


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
