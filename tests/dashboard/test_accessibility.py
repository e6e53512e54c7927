"""Every page under axe-core: no violation of any level, in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.axe import THEMES
from tests.axe import axe as axe
from tests.client.conftest import Tool, tool, until
from tests.collector.tool import Install, Server, add_project
from tests.commands.debugging import CATALOG, Until, opened, seen
from tests.commands.insights import put
from tests.commands.running import aboveboard
from tests.dashboard.conftest import Site
from tests.dashboard.paths import PATHS, PERIOD

__all__ = ["tool", "until"]  # fixtures, used by name

pytestmark = pytest.mark.browser


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
        found += [(path, *each) for each in violations(page)]
    context.close()

    assert found == []


@pytest.mark.thorough
def test_neither_has_a_page_of_one_s_own_nor_that_of_a_tag(
    chromium: Browser, tool: Tool, until: Until, axe: str, tmp_path: Path
) -> None:
    put(tmp_path / "own")
    add_project(tmp_path / "data", "tool", CATALOG)
    server = Server(tmp_path / "data", "--insights", str(tmp_path / "own"))
    server.send(server.key(), Install().segment(3))
    server.settle()
    tag = opened(server)
    url = f"http://127.0.0.1:{server.port}"
    tool.environ |= {"TOOL_ENDPOINT": url, "TOOL_KEY": server.key()}
    assert aboveboard(tool, "debug", "tool", tag).returncode == 0
    tool.run("send", TOOL_ANALYTICS_DEBUG=tag)
    until(lambda: bool(seen(server, tag)))
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    found = []
    for path in ("/debug", f"/debug?tag={tag}", "/insights/edit_formats"):
        answer = page.goto(url + path, wait_until="domcontentloaded", timeout=60_000)
        assert answer is not None
        assert answer.status == 200
        page.evaluate(axe)
        found += [(path, *each) for each in violations(page)]
    context.close()
    server.stop()

    assert found == []


def violations(page: Page) -> list[tuple[str, ...]]:
    """Return what axe-core, which the page has been given, finds in either theme."""
    found: list[tuple[str, ...]] = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            (theme, violation["id"], node["html"], node["failureSummary"])
            for violation in told["violations"]
            for node in violation["nodes"]
        ]
    return found
