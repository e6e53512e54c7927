"""Every page under axe-core: no violation of any level, in both themes."""

from __future__ import annotations

from importlib import resources, util
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.conftest import missing
from tests.dashboard.conftest import Site
from tests.dashboard.test_browser import EVENT, EVERYWHERE, PERIOD

pytestmark = pytest.mark.browser

OF_ONE = [
    *(f"/models?{PERIOD}&model=gpt-5", f"/models?{PERIOD}&measure=failures"),
    f"/usage?{PERIOD}&steps=launched,message_send,exit",
    f"/errors?{PERIOD}&sort=-installs&find=e",
]
PATHS = [*(f"{path}?{PERIOD}" for path in [*EVERYWHERE, "/errors", "/sql"]), EVENT, *OF_ONE]
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's own text, which a package for Playwright carries."""
    if util.find_spec("axe_playwright_python") is None:
        missing("axe-core (the package axe-playwright-python)")
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


@pytest.mark.thorough
def test_no_page_has_a_violation_in_either_theme(chromium: Browser, site: Site, axe: str) -> None:
    # The pages' own policy forbids what axe-core does to them.
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    found = []
    told = site.get(f"/insights/errors.json?{PERIOD}").json()
    group = told["rows"][0][told["columns"].index("group")]
    for path in [*PATHS, f"/errors/{group}?{PERIOD}"]:
        page.goto(site.url + path, wait_until="domcontentloaded", timeout=60_000)
        page.evaluate(axe)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                (path, theme, violation["id"], node["html"], node["failureSummary"])
                for violation in told["violations"]
                for node in violation["nodes"]
            ]
    context.close()

    assert found == []
