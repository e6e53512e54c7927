"""Pages over very much data: an estimate is said to be one, and a link counts every install."""

from __future__ import annotations

import html
import re

import pytest

from aboveboard.insights import sampling
from tests.conftest import in_turn
from tests.dashboard.conftest import Site
from tests.dashboard.paths import PERIOD

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
