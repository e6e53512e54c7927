"""What became of a group of errors: new, back, gone, resolved, reopened."""

from __future__ import annotations

from aboveboard.insights.groups import Release, groups, newest, ordered, releases
from aboveboard.insights.table import Table

RELEASES = tuple(
    Release(version, 100, f"2026-0{month}-01")
    for month, version in enumerate(("1.0", "1.1", "1.2", "1.3"), 1)
)
COLUMNS = (
    *("kind", "name", "place", "version", "first", "last", "times", "sessions", "installs"),
    "group",
)
ONE, OTHER = "v1:0000000000000001", "v1:0000000000000002"


def seen(version: str | None, installs: int = 10, group: str = ONE, month: int = 4) -> tuple:  # type: ignore[type-arg]
    day = f"2026-0{month}-05"
    times = installs * 2
    return ("crash", "KeyError", "pkg.io:read:7", version, day, day, times, times, installs, group)


def news(*rows: tuple, known: tuple[Release, ...] = RELEASES) -> str:  # type: ignore[type-arg]
    (group,) = groups(Table(COLUMNS, rows), known).values()
    return group.news


def test_what_comes_up_first_in_the_newest_release_is_new() -> None:
    assert news(seen("1.3")) == "new"
    assert news(seen("1.3"), seen("1.4.dev1", 1)) == "new"
    assert news(seen("1.2"), seen("1.3")) == ""
    assert news(seen("1.3", month=3)) == "", "a session of that version came before its release"


def test_in_the_only_release_nothing_is_new() -> None:
    assert news(seen("1.0"), known=RELEASES[:1]) == ""


def test_what_did_not_come_up_where_three_installs_were_expected_is_gone() -> None:
    assert news(seen("1.1"), seen("1.2")) == "gone"
    assert news(seen("1.2", 3)) == "gone"
    assert news(seen("1.2", 2)) == "", "of a hundred, two were expected: none is chance"
    few = (*RELEASES[:3], Release("1.3", 20, "2026-04-01"))
    assert news(seen("1.2"), known=few) == ""


def test_what_comes_up_again_after_a_release_without_it_is_back() -> None:
    assert news(seen("1.0"), seen("1.3")) == "back"
    assert news(seen("1.0", 1), seen("1.3")) == "", "it was too seldom to be missed"


def test_a_version_that_is_not_known_tells_nothing() -> None:
    assert news(seen(None)) == ""
    assert news(seen(None, month=3), seen("1.3")) == ""


def test_the_newest_release_is_a_final_version_of_more_than_one_install() -> None:
    own = Release("1.4", 1, "2026-05-01")
    early = Release("1.4rc1", 50, "2026-04-20")
    release = newest((*RELEASES, early, own))
    assert release is not None
    assert release.version == "1.3"
    assert newest((early,)) == early
    assert newest(()) is None


def test_a_resolution_holds_until_that_version_or_a_later_one_has_it() -> None:
    table = Table(COLUMNS, (seen("1.1"), seen("1.3", group=OTHER), seen("1.1", group=OTHER)))
    found = groups(table, RELEASES, {ONE: "1.2", OTHER: "1.2"})
    one, other = found["crash", ONE], found["crash", OTHER]
    assert (one.resolved, one.reopened, one.is_open) == ("1.2", None, False)
    assert (other.resolved, other.reopened, other.is_open) == ("1.2", "1.3", True)
    assert ordered([one, other], {ONE: 9, OTHER: 1}) == [other, one]


def test_versions_are_in_the_order_in_which_they_came_out() -> None:
    table = Table(
        ("version", "first", "last", "sessions", "installs"),
        (
            *(("1.10", "2026-01-01", "", 1, 1), ("1.9", "2026-01-01", "", 1, 1)),
            (None, "2026-01-01", "", 1, 1),
        ),
    )
    assert [each.version for each in releases(table)] == ["1.9", "1.10"]
