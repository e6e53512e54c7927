"""The keyboard alone does everything: Tab reaches what a pointer can use, and shows where it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Site
from tests.dashboard.paths import EVENT, EVERYWHERE, PERIOD
from tests.dashboard.visits import Visits

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

FUNNEL = f"/usage?{PERIOD}&steps=launched,message_send,exit"
PATHS = [
    *(f"{path}?{PERIOD}" for path in [*EVERYWHERE, "/errors", "/sql"]),
    *(EVENT, FUNNEL, f"/models?{PERIOD}&model=gpt-5", "/errors/one"),
]


def opened(visits: Visits, site: Site, path: str) -> Page:
    if path == "/errors/one":
        told = site.get(f"/insights/errors.json?{PERIOD}").json()
        group = told["rows"][0][told["columns"].index("group")]
        path = f"/errors/{group}?{PERIOD}"
    visit = visits.start(path)
    visit.charts()
    return visit.page


@pytest.mark.parametrize("path", PATHS)
def test_tab_reaches_all_that_a_pointer_can_use_and_shows_where_it_is(
    visits: Visits, site: Site, path: str
) -> None:
    page = opened(visits, site, path)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    controls: int = page.evaluate(COUNT)
    reached = set()
    # A day's field has four stops, and behind the last control comes the browser's own bar.
    for _ in range(controls + 2 * 3 + 5):
        page.keyboard.press("Tab")
        found: dict[str, Any] = page.evaluate(FOCUSED)
        if found["number"] is None:
            continue
        assert found["shown"], found
        reached.add(found["number"])

    assert controls > 15
    assert page.evaluate(MISSED, sorted(reached)) == []


@pytest.mark.parametrize("path", PATHS)
def test_what_looks_as_if_it_could_be_clicked_is_a_link_or_a_control(
    visits: Visits, site: Site, path: str
) -> None:
    page = opened(visits, site, path)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    assert page.evaluate(POINTED) == []


def test_a_filter_is_added_and_taken_away(visits: Visits) -> None:
    page = visits.start(f"/?{PERIOD}").page
    page.keyboard.press("f")
    expect(page.get_by_role("combobox", name="Property")).to_be_focused()
    page.keyboard.type("Sys")
    page.wait_for_url("**filter=os**")
    link = page.locator(".values").get_by_role("link", name="macOS")
    to(page, link)
    page.keyboard.press("Enter")
    page.wait_for_url("**os=Darwin**")
    chip = page.locator(".chip")
    expect(chip).to_have_text("system is macOS ×")  # noqa: RUF001  # times
    to(page, chip)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "os=" not in url)
    assert urlsplit(page.url).query == PERIOD


def test_a_chart_s_days_are_walked_and_told(visits: Visits, site: Site) -> None:
    visit = visits.start(f"/?{PERIOD}")
    visit.charts()
    canvas = visit.page.locator("figure.chart .canvas").first
    to(visit.page, canvas)
    told = site.get(f"/insights/overview.json?{PERIOD}").json()
    place = told["columns"].index("installs")
    for row, key in zip(told["rows"][:2], ("Home", "ArrowRight"), strict=True):
        visit.page.keyboard.press(key)
        day = f"{int(row[0][-2:])} Sept"
        expect(visit.page.locator("#said")).to_have_text(f"{day}, {row[place]} installs")


def test_a_funnel_is_asked(visits: Visits) -> None:
    page = visits.start(f"/usage?{PERIOD}").page
    for number, event in enumerate(("launched", "message_send"), 1):
        choice = page.get_by_role("combobox", name=f"Step {number}")
        to(page, choice)
        page.keyboard.type(event)
        expect(choice).to_have_value(event)
    to(page, page.locator("#steps").get_by_role("button", name="Show"))
    page.keyboard.press("Enter")
    page.wait_for_url("**steps=**")
    expect(page.locator("#steps tbody tr")).to_have_count(2)


def to(page: Page, wanted: Any) -> None:
    """Press Tab until the focus is there."""
    for _ in range(200):
        if wanted.count() and wanted.first.evaluate(
            "element => element === document.activeElement"
        ):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted}")


CONTROLS = """
const controls = [...document.querySelectorAll(
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
)].filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled
  && !each.closest("dialog:not([open])"));
"""
COUNT = f"() => {{ {CONTROLS} return controls.length; }}"
FOCUSED = f"""() => {{
  {CONTROLS}
  const at = document.activeElement;
  if (at === document.body) return {{ number: null }};
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const shown = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && box.width > 0 && box.bottom > 0 && box.top < innerHeight);
  const number = controls.indexOf(at);
  return {{ number, shown, what: at.outerHTML.slice(0, 200) }};
}}"""
MISSED = f"""(reached) => {{
  {CONTROLS}
  return controls.filter((each, number) => !reached.includes(number))
    .map((each) => each.outerHTML.slice(0, 160));
}}"""
POINTED = """() => [...document.querySelectorAll("body *")].filter((each) =>
  each.checkVisibility() && getComputedStyle(each).cursor === "pointer"
  && !each.closest("a[href], button, input, select, textarea, summary, label, svg.marks")
).map((each) => each.outerHTML.slice(0, 160))"""
