"""How a limit is written, and what a project has of its own."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.limits.limits import ALL, BY_NAME, LimitError, Limits, parse
from aboveboard.collector.projects.registry import Projects
from tests.collector.tool import add_project

DOCS = Path(__file__).parents[3] / "docs" / "collector.md"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("install-events-day=5000", ("install-events-day", 5000)),
        ("key-installs-minute=1", ("key-installs-minute", 1)),
        ("key-sessions-day=off", ("key-sessions-day", None)),
    ],
)
def test_a_limit_is_a_name_and_an_amount(text: str, limit: tuple[str, int | None]) -> None:
    assert parse(text) == limit


@pytest.mark.parametrize("text", ["", "events=5", "install-events-day", "install-events-day="])
@pytest.mark.parametrize("amount", ["", "0", "-1", "1.5", "1e6", "٣", "9" * 5000])
def test_what_is_none_is_told_in_a_line(text: str, amount: str) -> None:
    with pytest.raises(LimitError) as told:
        parse(text + amount)
    assert "\n" not in str(told.value)


def test_a_limit_that_is_off_is_asked_of_nobody() -> None:
    limits = Limits(dict.fromkeys(BY_NAME))
    assert limits.of_key == limits.of_install == limits.of_new_installs == ()


def test_a_project_keeps_its_own_over_another_catalog_and_a_restart(tmp_path: Path) -> None:
    add_project(tmp_path)
    with closing(Projects(tmp_path)) as projects:
        projects.limit("tool", {"key-installs-day": 9, "install-events-day": None})
    add_project(tmp_path)
    with closing(Projects(tmp_path)) as projects:
        found = projects.get("tool")
        assert found is not None
        assert found.limits.amounts["key-installs-day"] == 9
        assert found.limits.amounts["install-events-day"] is None
        assert found.limits.amounts["key-events-day"] == BY_NAME["key-events-day"].default


def test_the_operators_page_has_each_with_its_default() -> None:
    page = DOCS.read_text(encoding="utf-8")
    for each in ALL:
        assert f"| `{each.name}` | {each.default:,} |" in page
