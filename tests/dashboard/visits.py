"""Visits: windows of a real browser, and what each asked for and complained about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.dashboard.conftest import Site

PHONE = {"width": 375, "height": 812}
DESKTOP = {"width": 1280, "height": 900}

Contexts = dict[str, "BrowserContext"]


@dataclass
class Visit:
    """A browser's window, and all that it asked for and complained about."""

    page: Page
    context: BrowserContext
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def charts(self) -> int:
        """Wait until every chart of the page is drawn; return how many there are."""
        figures = self.page.locator("figure.chart")
        drawn = self.page.locator("figure.chart[data-drawn] svg.marks")
        expect(drawn).to_have_count(figures.count(), timeout=20_000)
        return figures.count()


class Visits:
    """Opens windows, and in the end holds each to what is promised of all of them."""

    def __init__(self, browser: Browser, site: Site, contexts: Contexts) -> None:
        self.browser = browser
        self.site = site
        self.contexts = contexts
        self.open: list[Visit] = []

    def start(self, path: str, size: dict[str, int] = DESKTOP, **options: Any) -> Visit:
        kind = repr((size, sorted(options.items())))
        if kind not in self.contexts:
            made = self.browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
            self.contexts[kind] = made
        context = self.contexts[kind]
        page = context.new_page()
        visit = Visit(page, context)
        page.on("request", lambda request: visit.requested.append(request.url))
        page.on("console", lambda said: visit.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        self.open.append(visit)
        page.goto(self.site.url + path)
        return visit
