"""The pages in a real Chromium: charts are drawn, nothing leaves the machine, nothing overflows."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from tests.dashboard.conftest import Site
from tests.dashboard.paths import EVENT, EVERYWHERE, INSIGHTS, LIBRARY, PERIOD
from tests.dashboard.visits import DESKTOP, PHONE, Visits
from tests.insights.population import Happening, fill

pytestmark = pytest.mark.browser


class TestCharts:
    @pytest.mark.thorough
    @pytest.mark.parametrize("theme", ["light", "dark"])
    @pytest.mark.parametrize("name", INSIGHTS)
    def test_every_insight_draws_its_charts_in_the_theme_of_the_system(
        self, visits: Visits, name: str, theme: Literal["light", "dark"]
    ) -> None:
        visit = visits.start(f"/insights/{name}?{PERIOD}", color_scheme=theme)

        assert visit.charts() == (2 if name in ("commands", "errors") else 1)
        assert visit.page.locator("figure.chart").first.get_attribute("data-drawn") == theme
        marks = visit.page.locator(".mark-area path, .mark-rect path, .mark-symbol path")
        assert marks.count() >= 1
        box = visit.page.locator("figure.chart svg.marks").first.bounding_box()
        assert box is not None
        assert box["width"] > 600
        assert box["height"] > 100

    @pytest.mark.thorough
    @pytest.mark.parametrize("name", INSIGHTS)
    def test_of_one_person_s_data_charts_are_drawn_without_intervals(
        self, visits: Visits, name: str
    ) -> None:
        visit = visits.start(f"/insights/{name}?since=60d&until=2026-10-31&project=alone")

        assert visit.charts() >= 1
        assert visit.page.locator("td.share small").count() == 0
        if name != "overview":
            assert visit.page.locator(".mark-rule.role-mark").count() == 0
            expect(visit.page.get_by_text("An interval needs two.")).to_be_visible()

    def test_the_models_chart_has_a_row_for_each_model_with_its_intervals(
        self, visits: Visits
    ) -> None:
        rows = visits.site.get(f"/insights/models.json?{PERIOD}").json()["rows"]
        visit = visits.start(f"/insights/models?{PERIOD}")
        visit.charts()

        chart = visit.page.locator("figure.chart svg.marks")
        labels = chart.locator(".role-axis-label text").all_text_contents()
        assert [row[0] or "not public" for row in rows[:12]] == [
            label for label in labels if not label.endswith("%")
        ]
        assert chart.locator(".mark-symbol.role-mark path").count() == 3 * len(rows[:12])
        assert chart.locator(".mark-rule.role-mark line").count() == 3 * len(rows[:12])

    @pytest.mark.thorough
    def test_a_day_tells_its_numbers_where_the_pointer_is(self, visits: Visits) -> None:
        visit = visits.start(f"/?{PERIOD}")
        visit.charts()
        canvas = visit.page.locator(".canvas").bounding_box()
        assert canvas is not None

        visit.page.mouse.move(canvas["x"] + canvas["width"] / 2, canvas["y"] + 100)

        tooltip = visit.page.locator("#vg-tooltip-element.visible")
        expect(tooltip).to_be_visible()
        expect(tooltip).to_contain_text("Active installs")
        expect(tooltip).to_contain_text(re.compile(r"(Sep|Oct) 2026"))
        assert tooltip.evaluate("element => getComputedStyle(element).position") == "fixed"

    @pytest.mark.thorough
    def test_a_number_chooses_what_the_chart_shows(self, visits: Visits) -> None:
        visit = visits.start(f"/?{PERIOD}")
        visit.page.get_by_role("link", name="Cost").click()
        visit.charts()

        expect(visit.page.get_by_role("heading", name="Cost a day")).to_be_visible()
        labels = visit.page.locator("figure.chart .role-axis-label text").all_text_contents()
        assert any(label.startswith("$") for label in labels)

    @pytest.mark.thorough
    @pytest.mark.parametrize("path", ["/", "/insights/overview"])
    def test_a_number_that_there_is_not_chooses_the_first(self, visits: Visits, path: str) -> None:
        visit = visits.start(f"{path}?{PERIOD}&measure=__proto__")
        visit.charts()

        chosen = visit.page.locator("main [aria-current=true]").filter(has_text="Active installs")
        expect(chosen).to_have_count(1)

    @pytest.mark.thorough
    def test_a_chart_follows_the_width_of_the_window(self, visits: Visits) -> None:
        visit = visits.start(f"/?{PERIOD}")
        visit.charts()

        visit.page.set_viewport_size({"width": 700, "height": 900})

        # 700 less 32 beside the panel and 34 inside it.
        expect(visit.page.locator("figure.chart svg.marks")).to_have_attribute("width", "634")

    @pytest.mark.thorough
    def test_where_vega_cannot_be_loaded_the_server_s_picture_is_shown(
        self, chromium: Browser, site: Site
    ) -> None:
        context = chromium.new_context(color_scheme="dark")
        page = context.new_page()
        page.route("**/assets/vega.*", lambda route: route.abort())
        page.goto(f"{site.url}/insights/models?{PERIOD}")

        image = page.locator(".chart-failed img")
        expect(image).to_be_visible(timeout=30_000)
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 500
        assert str(image.get_attribute("src")).endswith("theme=dark")
        context.close()


class TestThemes:
    @pytest.mark.thorough
    def test_the_button_changes_page_and_charts_and_the_choice_stays(self, visits: Visits) -> None:
        visit = visits.start(f"/insights/overview?{PERIOD}", color_scheme="light")
        visit.charts()
        light = background(visit.page)

        visit.page.get_by_role("button", name="Use the dark theme").click()
        expect(visit.page.locator("figure.chart[data-drawn=dark]")).to_be_visible()
        dark = background(visit.page)
        visit.page.goto(f"{visits.site.url}/insights/models?{PERIOD}")
        visit.charts()

        assert light != dark
        assert background(visit.page) == dark
        assert visit.page.locator("figure.chart").get_attribute("data-drawn") == "dark"
        visit.page.get_by_role("button", name="Use the light theme").click()
        expect(visit.page.locator("figure.chart[data-drawn=light]")).to_be_visible()
        assert background(visit.page) == light

    @pytest.mark.thorough
    @pytest.mark.parametrize("theme", ["light", "dark"])
    @pytest.mark.parametrize(
        "path", [*(f"{path}?{PERIOD}&version=0.86.0" for path in EVERYWHERE), EVENT]
    )
    def test_all_words_stand_out_from_what_is_behind_them(
        self, visits: Visits, path: str, theme: Literal["light", "dark"]
    ) -> None:
        """WCAG 2.2, 1.4.3: a contrast of 4.5 to 1 (3 to 1 for large type)."""
        visit = visits.start(path, color_scheme=theme)

        measured = visit.page.evaluate(CONTRASTS)

        assert len(measured) > 20
        assert [each for each in measured if each["ratio"] < each["needed"]] == []


class TestPhone:
    @pytest.mark.thorough
    @pytest.mark.parametrize(
        "path",
        [
            *EVERYWHERE,
            EVENT,
            "/?project=empty",
            "/?since=2020-01-01&until=2020-01-02",
            "/?since=x",
        ],
    )
    def test_a_phone_scrolls_down_and_never_sideways(
        self, chromium: Browser, site: Site, path: str
    ) -> None:
        context = chromium.new_context(viewport=PHONE, device_scale_factor=2)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{site.url}{path}{'' if '?' in path else '?' + PERIOD}")
        for number in range(page.locator("figure.chart").count()):
            expect(page.locator("figure.chart[data-drawn]").nth(number)).to_be_visible()

        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        for chart in page.locator("figure.chart svg.marks").all():
            box = chart.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
        context.close()

    @pytest.mark.thorough
    @pytest.mark.parametrize("width", [PHONE["width"], 794, 1000])
    def test_an_axis_is_as_wide_as_what_it_measures_and_its_words_stand_apart(
        self, chromium: Browser, site: Site, width: int
    ) -> None:
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.goto(f"{site.url}/releases?{PERIOD}")
        axis, line = (
            page.locator(f".dots {each} .line svg").first.bounding_box()
            for each in ("thead", "tbody")
        )
        ends = page.locator(".dots thead text").evaluate_all(
            "all => all.map(each => each.getBoundingClientRect()).map(box => [box.left, box.right])"
        )

        assert axis is not None
        assert line is not None
        assert (axis["x"], axis["width"]) == pytest.approx((line["x"], line["width"]), abs=1)
        assert all(one[1] <= next_[0] for one, next_ in itertools.pairwise(ends))
        page.close()

    @pytest.mark.thorough
    def test_the_longest_names_push_nothing_out_of_its_place(
        self, chromium: Browser, site: Site
    ) -> None:
        lengthen = """selector => document.querySelectorAll(selector).forEach(
            each => { each.lastChild.textContent = "a_very_long_name_indeed".repeat(4) })"""
        for size in (PHONE, DESKTOP):
            page = chromium.new_page(viewport=size)  # type: ignore[arg-type]
            page.goto(f"{site.url}/catalog?project=library")
            page.evaluate(lengthen, ".index a, .event code, .event dd > span, .project summary")

            assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
            side = page.locator("header.side")
            assert side.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
            page.close()

    @pytest.mark.thorough
    def test_the_pages_are_a_menu_with_the_name_of_the_page_one_is_on(self, visits: Visits) -> None:
        visit = visits.start(f"/retention?{PERIOD}", PHONE)
        visit.charts()
        pages = visit.page.get_by_role("navigation", name="Pages")
        expect(pages).to_be_hidden()

        visit.page.locator("details.menu summary", has_text="Retention").click()
        pages.get_by_role("link", name="Trust").click()

        expect(visit.page.locator("details.menu summary")).to_have_text("Trust")

    @pytest.mark.thorough
    def test_nothing_is_covered_and_what_is_cut_shows_that_it_scrolls(self, visits: Visits) -> None:
        page = visits.start(f"/set-up?{PERIOD}", PHONE).page
        for block in page.locator(".code-block").all():
            code, copy = (block.locator(each).bounding_box() for each in ("pre", "button"))
            assert code is not None
            assert copy is not None
            assert code["y"] + code["height"] <= copy["y"]
        kept = page.get_by_role("columnheader", name="Kept").bounding_box()
        assert kept is not None
        assert kept["x"] + kept["width"] <= PHONE["width"]

        page.goto(f"{visits.site.url}/retention?since=2026-01-01&until=2026-10-19")
        grid = page.locator(".scroll", has=page.locator(".cohorts"))
        expect(grid).to_have_attribute("data-more", re.compile("right"))
        first = grid.locator("tbody th").first
        before = first.bounding_box()
        grid.evaluate("each => each.scrollTo(each.scrollWidth, 0)")
        expect(grid).not_to_have_attribute("data-more", re.compile("right"))
        expect(grid).to_have_attribute("data-more", re.compile("left"))
        after = first.bounding_box()
        assert before is not None
        assert after is not None
        assert 0 <= after["x"] <= before["x"], "the week stays beside its numbers"

    @pytest.mark.thorough
    def test_the_list_of_errors_is_sorted(self, visits: Visits) -> None:
        page = visits.start(f"/errors?{PERIOD}", PHONE).page
        page.get_by_role("columnheader", name="Installs").get_by_role("link").click()
        page.wait_for_url("**sort=-installs**")
        installs = [
            int(each) for each in page.locator(".groups [data-head=Installs]").all_inner_texts()
        ]
        assert len(installs) > 1
        assert installs == sorted(installs, reverse=True)


@pytest.mark.thorough
class TestEvents:
    """A tool's own events."""

    def test_an_event_is_opened_from_the_list_and_another_chosen_on_its_page(
        self, visits: Visits
    ) -> None:
        visit = visits.start(f"/insights/events?{LIBRARY}")
        page = visit.page
        assert visit.charts() == 1

        page.get_by_role("link", name="books_imported").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("books_imported")
        assert visit.charts() == 1
        here = page.locator(".side nav [aria-current]")
        expect(here).to_have_text("Events")
        page.get_by_role("link", name="Installs").click()
        expect(page.get_by_role("heading", name="Installs a day")).to_be_visible()
        visit.charts()
        page.get_by_role("combobox", name="Event").select_option("shelf-search done")

        expect(page.get_by_role("heading", level=1)).to_have_text("shelf-search done")
        expect(page.get_by_role("heading", name="Installs a day")).to_be_visible()
        visit.charts()
        page.get_by_role("link", name="Table").first.click()
        visit.charts()
        expect(page.locator("tbody tr")).to_have_count(30)
        expect(here).to_have_text("Events")

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_its_page_draws_its_days_and_a_bar_for_each_value(
        self, visits: Visits, theme: Literal["light", "dark"]
    ) -> None:
        visit = visits.start(EVENT, color_scheme=theme)
        visit.charts()

        assert visit.page.locator("figure.chart").get_attribute("data-drawn") == theme
        panel = visit.page.locator(".properties .panel").filter(
            has_text="Whether there were covers"
        )
        assert panel.locator(".name").all_text_contents() == ["yes", "no", "no value"]
        lengths = [
            box["width"]
            for rect in panel.locator("rect.fill, rect.rest").all()
            if (box := rect.bounding_box())
        ]
        assert len(lengths) == 3
        assert lengths == sorted(lengths, reverse=True)
        assert lengths[0] > 3 * lengths[2]

    def test_events_stand_in_the_chart_from_the_most_to_the_least_shared(
        self, visits: Visits
    ) -> None:
        """One that is in every session has no interval, and stands first all the same."""
        visit = visits.start(f"/insights/events?{LIBRARY}")
        visit.charts()

        labels = visit.page.locator("figure.chart .role-axis-label text").all_text_contents()
        events = [label for label in labels if not label.endswith("%")]
        assert events[:2] == ["opened", "books_imported"]
        assert "lent" not in events

    def test_a_model_alone_is_drawn_without_tokens(self, visits: Visits) -> None:
        visit = visits.start(f"/insights/models?{LIBRARY}")

        assert visit.charts() == 1
        marks = visit.page.locator("figure.chart .mark-symbol.role-mark path")
        assert marks.count() == 2 * visit.page.locator("tbody tr").count()
        expect(visit.page.locator("figure.chart .role-legend")).not_to_contain_text("tokens")


class TestUse:
    @pytest.mark.thorough
    def test_filters_are_chosen_kept_and_reset(self, visits: Visits) -> None:
        visit = visits.start(f"/?{PERIOD}")
        page = visit.page
        before = page.locator(".card .number").first.inner_text()

        for name, value in (("os", "macOS"), ("message_send.main_model", "gpt-5")):
            page.get_by_text("+ filter").click()
            page.get_by_role("combobox", name="Property").select_option(name)
            page.locator(".values").get_by_role("link", name=value, exact=True).click()
        assert page.locator(".card .number").first.inner_text() != before
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Models").click()

        query = urlsplit(page.url).query
        assert query == f"{PERIOD}&os=Darwin&where=message_send.main_model%3Agpt-5"
        expect(page.locator(".chip")).to_have_count(2)
        page.locator(".chip", has_text="macOS").click()
        expect(page.locator(".chip")).to_have_text(re.compile("main_model is gpt-5"))
        page.locator(".chip").click()
        assert urlsplit(page.url).query == PERIOD

    def test_keys_choose_the_period_the_comparison_and_the_page(self, visits: Visits) -> None:
        visit = visits.start(f"/trust?{PERIOD}")
        page = visit.page
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("4")  # works while the list of keys is shown
        page.wait_for_url("**/models?**")
        page.keyboard.press("?")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox", name="Find by name")).to_be_focused()
        page.keyboard.type("4")
        assert urlsplit(page.url).path == "/models"
        page.keyboard.press("Tab")
        page.keyboard.press("c")
        page.wait_for_url("**compare=off**")
        page.keyboard.press("w")
        page.wait_for_url("**since=7d**")
        for key in ("?", "Escape"):
            page.keyboard.press("?")
            expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
            page.keyboard.press(key)
            expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()

    @pytest.mark.thorough
    def test_a_period_of_one_s_own_is_chosen_with_the_keyboard_alone(self, visits: Visits) -> None:
        visit = visits.start(f"/?{PERIOD}&os=Linux")
        page = visit.page
        visit.charts()

        page.locator("details.custom summary").focus()
        page.keyboard.press("Enter")
        page.get_by_label("From", exact=True).fill("2026-10-01")
        page.get_by_label("To", exact=True).fill("2026-10-07")
        page.keyboard.press("Enter")

        page.wait_for_url("**since=2026-10-01**")
        expect(page.locator(".lead")).to_contain_text("7 Oct 2026")
        assert "os=Linux" in page.url
        visit.charts()

    @pytest.mark.thorough
    def test_escape_closes_the_choice_of_a_period(self, visits: Visits) -> None:
        visit = visits.start(f"/?{PERIOD}")
        visit.charts()
        visit.page.get_by_text("Custom").click()
        expect(visit.page.get_by_label("From", exact=True)).to_be_visible()

        visit.page.keyboard.press("Escape")

        expect(visit.page.get_by_label("From", exact=True)).to_be_hidden()
        expect(visit.page.locator("details.custom summary")).to_be_focused()

    def test_the_first_tab_skips_to_the_content(self, visits: Visits) -> None:
        visit = visits.start(f"/insights/models?{PERIOD}")
        visit.charts()

        visit.page.keyboard.press("Tab")
        expect(visit.page.get_by_role("link", name="Skip to the content")).to_be_focused()
        visit.page.keyboard.press("Enter")

        expect(visit.page.locator("main")).to_be_focused()

    @pytest.mark.thorough
    def test_without_scripts_there_is_a_picture_and_the_same_table(self, visits: Visits) -> None:
        visit = visits.start(f"/insights/errors?{PERIOD}", java_script_enabled=False)

        image = visit.page.locator("noscript img, main picture img")
        expect(image).to_be_visible()
        box = image.bounding_box()
        assert box is not None
        assert box["height"] > 200
        rows = visits.site.get(f"/insights/errors.json?{PERIOD}").json()["rows"]
        expect(visit.page.locator("tbody tr")).to_have_count(len(rows))
        expect(visit.page.locator(".side button")).to_be_hidden()

    @pytest.mark.thorough
    def test_the_page_that_waits_goes_on_by_itself_with_the_first_event(
        self, visits: Visits
    ) -> None:
        catalog: Catalog = shipped_catalog("aider")
        visit = visits.start("/?project=empty")
        expect(
            visit.page.get_by_role("heading", name="Waiting for the first event")
        ).to_be_visible()
        expect(visit.page.get_by_role("status")).to_be_visible()

        now = datetime.now(UTC)
        began = Happening("session_start", uuid4(), uuid4(), now, {"app_version": "0.86.2"})
        fill(visits.site.warehouse, "empty", catalog, [began])

        first = visit.page.get_by_role("heading", name="One install: no shares yet.")
        expect(first).to_be_visible(timeout=15_000)
        visit.charts()


CONTRASTS = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => {
    const part = (value) => {
      value /= 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgb(getComputedStyle(each).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    const text = words.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest("script, noscript, svg")) continue;
    const style = getComputedStyle(element);
    const [one, two] = [light(rgb(style.color)), light(behind(element))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    found.push({ text: text.slice(0, 30), ratio, needed: large ? 3 : 4.5 });
  }
  return found;
}
"""


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
