"""What a maker asks first: ten answers, each within two clicks or keys of the first page."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from aboveboard.collector.projects.project import shipped_catalog
from tests.dashboard.conftest import Site
from tests.dashboard.visits import Visits
from tests.insights.population import COMMANDS, Happening, fill

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

MOST = 2
NEW = "aider.linter:lint_file"
"""A function that fails in the newest version only."""


class Way:
    """A way from the first page, whose steps are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0

    def take(self, step: Callable[[], object]) -> None:
        self.steps += 1
        assert self.steps <= MOST
        step()
        self.page.wait_for_load_state()

    def key(self, key: str) -> None:
        before = self.page.url
        self.take(lambda: self.page.keyboard.press(key))
        self.page.wait_for_url(lambda url: url != before)

    def follow(self, name: str, exact: bool = True) -> None:
        link = self.page.get_by_role("main").get_by_role("link", name=name, exact=exact)
        self.take(link.first.click)

    def sentence(self) -> str:
        return self.page.locator("h1").inner_text()


@pytest.fixture(scope="module", autouse=True)
def broken(site: Site) -> None:
    """Break a function in the newest version, at twenty installs that have it."""
    newest = [
        event
        for event in site.happened
        if event.event == "session_start" and event.properties["app_version"] == "0.86.2"
    ]
    last = max(event.time for event in newest)
    installs = {event.user_id: event for event in newest if last - event.time < timedelta(days=12)}
    failed = [
        Happening(
            "exception",
            began.user_id,
            began.session,
            began.time,
            {
                "error_type": "AttributeError",
                "error_frames": ["aider.main:main:1157", f"{NEW}:88"],
                "error_fingerprint": "f" * 16,
                "handled": False,
            },
        )
        for began in list(installs.values())[:20]
    ]
    assert len(failed) == 20
    fill(site.warehouse, "aider", shipped_catalog("aider"), failed)


@pytest.fixture
def way(visits: Visits) -> Way:
    visit = visits.start("/?since=60d&until=2026-10-31")
    visit.charts()
    return Way(visit.page)


def asked(site: Site, name: str, query: str = "") -> list[dict[str, Any]]:
    told = site.get(f"/insights/{name}.json?since=60d&until=2026-10-31{query}").json()
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def test_which_model_is_used_most_and_is_that_certain(site: Site, way: Way) -> None:
    way.key("4")

    first, second = asked(site, "models")[:2]
    told = way.sentence()
    assert told.startswith(f"{first['model']} leads in messages")
    overlap = first["message_share_low"] < second["message_share_high"]
    # Intervals that do not touch are always a sure difference; such as touch may be one.
    assert "not surely: " in told or ", surely: " in told
    assert overlap or ", surely: " in told


def test_is_the_new_version_crashier(site: Site, way: Way) -> None:
    way.key("2")

    told = way.sentence()
    assert re.match(
        r"0\.86\.2 crashes (neither surely more nor less|surely (more|less)) than 0\.86\.1", told
    )
    rows = {row["version"]: row["crash_free_share"] for row in asked(site, "stability")}
    by = rows["0.86.2"] - rows["0.86.1"]
    if "crashes surely" in told:
        assert ("crashes surely less" in told) == (by > 0)


def test_which_commands_does_nobody_use(site: Site, way: Way) -> None:
    way.key("5")

    catalog = shipped_catalog("aider")
    every = set(catalog.entries["command"].properties["command"].kind.words)
    used = {row["name"] for row in asked(site, "commands") if row["kind"] == "command"}
    assert used == {*COMMANDS} & used
    commands = way.page.locator("section").filter(has=way.page.locator("#command"))
    never = commands.locator(".names li").all_text_contents()
    assert never
    assert set(never) == every - used - {"other"}
    assert f"nobody used {len(never)} of the" in way.sentence()


def test_which_error_is_new_and_in_which_function(way: Way) -> None:
    way.key("3")

    expect(way.page.locator("h1")).to_contain_text(f"AttributeError in {NEW} is new in 0.86.2")
    first = way.page.locator("table.groups tbody tr").first
    expect(first).to_contain_text("New")
    expect(first).to_contain_text(NEW)

    way.take(first.get_by_role("link").first.click)
    expect(way.page.locator(".frames li").first).to_contain_text(NEW)
    expect(way.page.locator(".frames li").first).to_contain_text("88")


def test_who_came_back_in_the_second_week(site: Site, way: Way) -> None:
    """Also counted from what happened, install by install."""
    weeks = defaultdict(set)
    for event in site.happened:
        if event.event == "session_start":
            day = event.time.date()
            weeks[event.user_id].add(day - timedelta(days=day.weekday()))
    since, until = date(2026, 9, 2), date(2026, 10, 31)
    week = timedelta(days=7)
    second = [
        min(its) + week in its
        for its in weeks.values()
        if min(its) + week >= since and min(its) + week + timedelta(days=6) <= until
    ]

    way.key("6")

    share = f"{100 * sum(second) / len(second):.1f}%"
    assert way.sentence().startswith(f"{share} of new installs came back in their second week")
    expect(way.page.locator("table.cohorts tbody tr").first).to_be_visible()


def test_which_edit_formats_are_used_with_a_model(site: Site, way: Way) -> None:
    way.key("4")
    its_page = way.page.locator("table.dots").get_by_text("claude-sonnet-4-5", exact=True)
    way.take(its_page.first.click)
    expect(way.page.locator("h1")).to_contain_text("claude-sonnet-4-5 answers")

    rows = [row for row in asked(site, "model_formats") if row["model"] == "claude-sonnet-4-5"]
    table = way.page.locator("section").filter(has=way.page.locator("#ways")).locator("tbody tr")
    assert {row.locator("th").inner_text() for row in table.all()} == {
        row["edit_format"] for row in rows
    }


def test_how_many_are_active_in_a_week(site: Site, way: Way) -> None:
    way.take(lambda: way.page.get_by_role("combobox", name="Grain").select_option("week"))
    way.page.wait_for_url("**by=week**")

    expect(way.page.get_by_role("heading", name="Active installs a week")).to_be_visible()
    installs = defaultdict(set)
    for event in site.happened:
        if event.event == "session_start":
            day = event.time.date()
            installs[str(day - timedelta(days=day.weekday()))].add(event.user_id)
    rows = [row for row in asked(site, "overview", "&by=week") if row["complete"]]
    assert len(rows) >= 7
    assert [row["installs"] for row in rows] == [len(installs[row["day"]]) for row in rows]
    spec = way.page.locator("figure.chart .spec").first.text_content() or ""
    for row in rows:
        assert f'"installs":{row["installs"]}' in spec.replace(" ", "")


def test_how_do_two_versions_compare(way: Way) -> None:
    way.take(
        lambda: way.page.get_by_role("combobox", name="Compare").select_option(
            label="0.86.2 vs 0.86.1"
        )
    )
    way.page.wait_for_url("**compare=0.86.1**")

    cards = way.page.locator(".card .change .unseen").all_text_contents()
    assert len(cards) >= 3
    assert sum("against 0.86.1" in told for told in cards) >= 3
    assert all("interval" in told for told in cards if "against" in told)

    way.key("2")
    assert re.match(r"0\.86\.2 .* 0\.86\.1", way.sentence())


def test_a_link_to_what_one_sees_is_sent(visits: Visits, way: Way) -> None:
    way.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    way.take(way.page.get_by_text("Copy link", exact=True).click)
    way.take(way.page.get_by_role("link", name="Copy the fixed link").click)

    expect(way.page.locator("#said")).to_have_text("The link is copied")
    link = str(way.page.evaluate("navigator.clipboard.readText()"))
    numbers = way.page.locator(".card .number").all_text_contents()
    other = visits.start(link.removeprefix(visits.site.url))
    assert other.page.locator(".card .number").all_text_contents() == numbers
    assert urlsplit(link).query == "since=2026-09-02&until=2026-10-31"


@pytest.mark.parametrize(
    ("path", "key"), [("overview", None), ("models", "4"), ("errors", "3"), ("commands", "5")]
)
def test_a_table_is_kept_as_csv(site: Site, way: Way, path: str, key: str | None) -> None:
    if key:
        way.key(key)
    with way.page.expect_download() as kept:
        way.follow("CSV")

    rows = list(csv.DictReader(io.StringIO(kept.value.path().read_text("utf-8"))))
    assert len(rows) == len(asked(site, path))
    assert kept.value.suggested_filename == f"aider-{path}.csv"


@pytest.mark.parametrize(
    ("path", "key"), [("overview", None), ("models", "4"), ("error_days", "3")]
)
def test_a_chart_is_kept_as_a_picture(way: Way, path: str, key: str | None) -> None:
    if key:
        way.key(key)
    with way.page.expect_download() as kept:
        way.follow("PNG")

    assert kept.value.path().read_bytes().startswith(b"\x89PNG\r\n")
    assert kept.value.suggested_filename == f"aider-{path}.png"
