"""The site in Chromium, out of its files: both themes, a phone and a desk, without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aboveboard.publishing import site, writing
from tests.axe import THEMES
from tests.axe import axe as axe
from tests.dashboard.conftest import chromium as chromium
from tests.publishing.sites import ABOUT, CATALOG, EVERY

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = ("index", "archive", "method", "dictionary", "periods/2026-09")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("site")
    writing.write(directory, site.files(CATALOG, EVERY, ABOUT))
    return directory


@pytest.mark.browser
@pytest.mark.thorough
def test_no_page_has_a_violation_under_axe_in_either_theme(
    out: Path, chromium: Browser, axe: str
) -> None:
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    found = []
    for name in PAGES:
        page.goto((out / f"{name}.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        page.evaluate(axe)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                (name, theme, each["id"], each["nodes"][0]["html"]) for each in told["violations"]
            ]
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == 360, name
        page.set_viewport_size({"width": 1200, "height": 800})
    context.close()
    assert found == []


@pytest.mark.browser
@pytest.mark.thorough
def test_charts_are_drawn_without_scripts_and_no_page_is_wider_than_a_phone(
    out: Path, chromium: Browser
) -> None:
    complaints: list[str] = []
    for width in (360, 1200):
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=False
        )
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: complaints.append(request.url))
        for name in PAGES:
            page.goto((out / f"{name}.html").as_uri())
            body = page.locator("body").bounding_box()
            widest = [page.locator(each).first.bounding_box() for each in ("main", "footer")]
            assert body is not None
            assert all(each is not None and each["width"] <= width for each in widest)
        page.goto((out / "index.html").as_uri())
        point = page.locator("svg.dot circle").first.bounding_box()
        track = page.locator("svg.dot").first.bounding_box()
        axis = page.locator(".axis span").first.bounding_box()
        assert point is not None
        assert track is not None
        assert axis is not None
        assert (axis["x"], axis["width"]) == pytest.approx((track["x"], track["width"]), abs=1)
        assert track["x"] <= point["x"] < track["x"] + track["width"] <= width
        assert point["width"] == pytest.approx(12.5, abs=1.5)
        context.close()
    files = {(out / f"{name}.html").as_uri() for name in PAGES}
    assert [each for each in complaints if each not in files] == []
