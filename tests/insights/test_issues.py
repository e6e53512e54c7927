"""An issue's text is found again by what stands in it."""

from __future__ import annotations

import pytest

from aboveboard.insights.groups import Group, Seen
from aboveboard.insights.issues import PredicateError, predicate, text, title
from aboveboard.insights.table import Value

ID = "v1:0000000000000001"
GROUP = Group(
    ID,
    "crash",
    "KeyError",
    "tool.io:read:7",
    (
        Seen("1.0", "2026-01-01", "2026-01-02", 3, 2, 1),
        Seen(None, "2026-01-03", "2026-01-03", 1, 1, 1),
    ),
)
RECORD = {
    "times": 4,
    "sessions": 3,
    "installs": 2,
    "session_share": 0.01,
    "session_share_low": 0.001,
    "session_share_high": 0.05,
}
PLACES = ("tool.io:read", "tool.main:main")


def issue() -> str:
    frames: list[dict[str, Value]] = [
        {"what": "frame", "place": "tool.io:read:7"},
        {"what": "cause", "place": "OSError"},
    ]
    by: list[dict[str, Value]] = [
        {"by": "version", "value": version, "sessions": sessions, "of_sessions": 9}
        for version, sessions in (("1.9", 2), ("1.10", 1), ("0.9", 0))
    ]
    return text(GROUP, RECORD, frames, by, "3 Jan 2026", "https://a.example/errors")


def test_an_issue_tells_what_how_often_where_and_of_which_versions() -> None:
    told = issue()
    assert title(GROUP) == "Crash: KeyError in tool.io:read"
    assert "4 times in 3 sessions of 2 installs: 1.0 % of sessions" in told
    assert "tool.io:read:7" in told
    assert "OSError" in told
    assert told.index("version 1.10") < told.index("version 1.9")
    assert "0.9" not in told.replace("version 1.9", "")
    assert "https://a.example/errors" in told


def test_its_predicate_fits_its_group_and_no_other() -> None:
    (line,) = predicate(issue())
    assert line.fits(GROUP, PLACES)
    other = Group("v1:0000000000000002", "crash", "KeyError", None, GROUP.seen)
    assert not line.fits(other, PLACES)


def test_a_predicate_can_be_widened_by_hand() -> None:
    block = "group:v1:00000000000000ff\r\n\r\n type:KeyError frame:tool.io:read"
    told = f"x\r\n```aboveboard\r\n{block}\r\n```\r\n"
    first, second = predicate(told)
    assert not first.fits(GROUP, PLACES)
    assert second.fits(GROUP, PLACES)
    assert not second.fits(GROUP, PLACES[1:])


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("", "no ```aboveboard block"),
        ("```aboveboard\n```", "empty"),
        ("```aboveboard\ngroup:v1:x\n```", "no term"),
        ("```aboveboard\nmessage:x\n```", "no term"),
        ("```sh\ngroup:v1:0000000000000001\n```", "no ```aboveboard block"),
    ],
)
def test_what_is_no_predicate_is_said(told: str, said: str) -> None:
    with pytest.raises(PredicateError, match=said):
        predicate(told)
