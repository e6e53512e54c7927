"""The sentence above the list of errors: it says what the list below it shows."""

from __future__ import annotations

from aboveboard.dashboard.pages.errors import Row, _answer
from aboveboard.insights.groups import Group, Release, Seen

NEWEST = Release("0.86.2", 100, "2026-11-07")


def row(name: str, sessions: int, news: str = "") -> Row:
    seen = (Seen("0.86.1", "2026-10-19", "2026-11-27", sessions, sessions, sessions),)
    group = Group(f"v1:{name}", "crash", name, "tool.files:read:7", seen, news)
    return Row(group, "tool.files:read", None, sessions, sessions, sessions, "")


class TestTheMostFrequent:
    def test_is_the_one_of_most_sessions_wherever_it_stands_in_the_list(self) -> None:
        told = _answer("crash", [row("OSError", 1), row("TypeError", 54)], NEWEST)
        assert told.endswith("The most frequent is TypeError in tool.files:read.")

    def test_that_no_longer_comes_up_is_said_to_be_gone(self) -> None:
        told = _answer("crash", [row("OSError", 1), row("TypeError", 54, "gone")], NEWEST)
        assert told.endswith(
            "The most frequent is TypeError in tool.files:read, and gone in 0.86.2."
        )
