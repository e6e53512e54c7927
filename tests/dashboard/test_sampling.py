"""Pages over very much data: an estimate is said to be one, and a link counts every install."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from aboveboard.insights import sampling
from tests.conftest import in_turn
from tests.dashboard.conftest import Site
from tests.dashboard.paths import PERIOD
from tests.insights.population import VERSIONS

ESTIMATED = re.compile(
    r"Shares and lists here are estimated from one install in (\d+), "
    r"drawn by chance: ([^ ]+) sessions"
)
PAGES = {
    "/": True,
    "/models": True,
    "/models?model=gpt-5": True,
    "/usage?steps=session_start,exit": True,
    "/insights/events": True,
    "/insights/events?event=message_send": True,
    "/insights/model_formats": True,
    "/usage": True,
    "/errors": False,
    "/releases": False,
    "/retention": False,
    "/insights/commands": False,
}
"""By address, whether some of its numbers are estimated."""


@pytest.fixture
def much(site: Site, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have the sessions of the period be more than a page counts, by how many times one says."""
    told = site.get(f"/insights/totals.json?{PERIOD}").json()
    sessions = int(told["rows"][0][told["columns"].index("sessions")])
    monkeypatch.setattr(sampling, "LOOKED_AT", 1)
    monkeypatch.setattr(sampling, "INSTALLS_LEAST", 0)
    monkeypatch.setattr(sampling, "SESSIONS_MOST", sessions // 3)
    return 4


def asked(path: str, more: str = "") -> str:
    return f"{path}{'&' if '?' in path else '?'}{PERIOD}{more}"


@pytest.mark.parametrize("path", in_turn(PAGES, ["/", "/usage", "/insights/events"]))
def test_a_page_says_where_its_numbers_are_estimated(site: Site, much: int, path: str) -> None:
    answer = site.get(asked(path))
    assert answer.status_code == 200
    found = ESTIMATED.findall(answer.text)
    assert [int(one_in) for one_in, _ in found] == ([much] if PAGES[path] else [])
    if found:
        assert "sampling=off" in answer.text
        off = site.get(asked(path, "&sampling=off")).text
        assert not ESTIMATED.findall(off)
        assert "Every install is counted" in off


def test_every_form_of_an_estimate_says_so_and_all_tell_the_same(site: Site, much: int) -> None:
    told = site.get(asked("/insights/models.json")).json()
    assert told["one_in"] == much
    head, first, *_ = site.get(asked("/insights/models.csv")).text.splitlines()
    assert (head.split(",")[-1], first.split(",")[-1]) == ("one_in", str(much))
    drawn = html.unescape(site.get(asked("/insights/models.svg")).text)
    assert f"estimated from one install in {much}" in drawn
    assert "user_id BETWEEN 9223372036854775808 AND" in site.get(asked("/insights/models.sql")).text
    page = site.get(asked("/insights/models")).text
    assert f">{told['rows'][0][told['columns'].index('messages')]:,}<" in page


def test_every_install_is_counted_where_that_is_asked_for(
    site: Site, much: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    del much
    off = site.get(asked("/insights/models.json", "&sampling=off")).json()
    monkeypatch.setattr(sampling, "SESSIONS_MOST", 10**6)
    assert off == site.get(asked("/insights/models.json")).json()
    assert "one_in" not in off


def test_links_keep_that_every_install_is_asked_for(site: Site) -> None:
    page = site.get(asked("/insights/models", "&sampling=off")).text
    links = [each for each in re.findall(r'href="(/[^"]*)"', page) if "/static/" not in each]
    kept = [each for each in links if "sampling=off" in each]
    assert len(kept) >= len(links) - 3, set(links) - set(kept)


def test_what_is_not_offered_is_refused_in_one_line(site: Site) -> None:
    answer = site.get(asked("/insights/models.json", "&sampling=1"))
    assert answer.status_code == 400
    assert "sampling=1 is not known: use auto or off" in answer.text


class TestWhatASampleDoesNotHave:
    """Nothing is said not to have happened because no install of a sample did it."""

    @pytest.fixture
    def nobody(self, much: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have so many sessions that the sample, of so few installs, is one of none."""
        del much
        monkeypatch.setattr(sampling, "SESSIONS_MOST", 1)

    @pytest.mark.parametrize(
        ("path", "nothing"),
        [
            ("/models?model=gpt-5", "answered nothing"),
            ("/insights/events?event=message_send", "Not in this period"),
            ("/usage?steps=session_start,exit", "Nobody took the first step"),
        ],
    )
    def test_everybody_is_asked_of_it(
        self, site: Site, nobody: None, path: str, nothing: str
    ) -> None:
        del nobody
        answer = site.get(asked(path))
        assert answer.status_code == 200
        assert nothing not in answer.text
        assert not ESTIMATED.findall(answer.text)


@pytest.mark.parametrize("path", ["/models?measure=failures", "/insights/error_by"])
def test_who_failed_is_counted_and_of_how_many_is_estimated(
    site: Site, much: int, path: str
) -> None:
    """No hundred of a sample failed here, so all that did are asked."""
    assert [int(one_in) for one_in, _ in ESTIMATED.findall(site.get(asked(path)).text)] == [much]
    told = site.get(asked("/insights/error_by.json")).json()
    off = site.get(asked("/insights/error_by.json", "&sampling=off")).json()
    assert told["one_in"] == much

    def failed(answer: dict[str, Any]) -> dict[tuple[object, ...], object]:
        by, value, sessions = (
            answer["columns"].index(name) for name in ("by", "value", "sessions")
        )
        return {(row[by], row[value]): row[sessions] for row in answer["rows"] if row[sessions]}

    assert failed(told) == failed(off) != {}
    sql = site.get(asked("/insights/error_by.sql")).text
    words = f"-- Of all installs that had it, and of one install in {much} for the others.\n"
    assert words in sql
    assert "multiplied" not in sql


def test_the_page_of_one_error_says_what_of_it_is_estimated(site: Site, much: int) -> None:
    answer = site.get(asked("/insights/errors.json")).json()
    group = next(
        each for each in (row[answer["columns"].index("group")] for row in answer["rows"]) if each
    )
    page, off = (site.get(asked(f"/errors/{group}", more)).text for more in ("", "&sampling=off"))
    assert [int(one_in) for one_in, _ in ESTIMATED.findall(page)] == [much]
    assert "It came up in about " in page
    assert not ESTIMATED.findall(off)
    assert "Every install is counted" in off
    assert "It came up in about " not in off
    came_up = re.compile(r"It came up in (?:about )?([\d,]+) of ")
    assert came_up.findall(page) == came_up.findall(off) != []


def test_sql_of_a_sample_says_what_is_still_to_be_multiplied(site: Site, much: int) -> None:
    question, told, *_ = site.get(asked("/insights/models.sql")).text.splitlines()
    assert question.startswith("-- Which models answer")
    assert told == (
        f"-- Of one install in {much}: counts and sums (messages, installs, tokens, cost) "
        "are still to be multiplied by that."
    )
    off = site.get(asked("/insights/models.sql", "&sampling=off")).text
    assert "multiplied" not in off


def test_each_estimate_of_the_page_of_usage_is_called_one(site: Site, much: int) -> None:
    page = site.get(asked("/usage?steps=session_start,exit")).text
    assert f"Estimated from one install in {much}, as what follows." in page
    off = site.get(asked("/usage?steps=session_start,exit", "&sampling=off")).text
    assert "as what follows" not in off


def test_no_page_says_that_every_install_is_counted_where_that_was_not_asked(site: Site) -> None:
    page = site.get(asked("/insights/models", "&sampling=auto")).text
    assert "Every install is counted" not in page


def test_of_two_versions_that_are_compared_the_rarer_one_decides(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sessions(version: str) -> int:
        told = site.get(asked("/insights/totals.json", f"&version={version}")).json()
        return int(told["rows"][0][told["columns"].index("sessions")])

    rare, *_, frequent = sorted(filter(sessions, VERSIONS), key=sessions)
    monkeypatch.setattr(sampling, "LOOKED_AT", 1)
    monkeypatch.setattr(sampling, "INSTALLS_LEAST", 0)
    monkeypatch.setattr(sampling, "SESSIONS_MOST", sessions(rare) - 1)
    assert sessions(frequent) > 2 * sessions(rare)
    told = site.get(asked("/insights/models.json", f"&compare={rare}..{frequent}")).json()
    assert told["one_in"] == 2
