"""Navigation: the pages in the order in which they are read, each with the question it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import insights

if TYPE_CHECKING:
    from aboveboard.catalog.catalog import Catalog


@dataclass(frozen=True)
class Entry:
    """One page.

    Args:
        question: What it answers.
        insight: The insight without which there is nothing to show; None for those that need none.
        also: The beginnings of paths of what lies under it.
    """

    path: str
    title: str
    question: str
    insight: str | None = None
    also: tuple[str, ...] = ()


PAGES = (
    Entry(
        "/",
        "Overview",
        "How are we doing, and what changed?",
        also=("/insights/overview", "/insights/totals"),
    ),
    Entry(
        "/releases",
        "Releases",
        "How well does each release do, and who has it?",
        "stability",
        ("/insights/stability", "/insights/crash_free", "/insights/adoption"),
    ),
    Entry("/errors", "Errors", "Which bug next?", "errors", ("/errors/", "/insights/error")),
    Entry(
        "/models",
        "Models",
        "Which models, how sure is that, and where are they going?",
        "models",
        ("/insights/model",),
    ),
    Entry(
        "/usage",
        "Usage",
        "Which commands and features are used, and which by nobody?",
        "commands",
        ("/insights/commands",),
    ),
    Entry(
        "/insights/outcomes",
        "Outcomes",
        "How does each command end, and how long does it take?",
        "outcomes",
    ),
    Entry(
        "/retention",
        "Retention",
        "Who came back?",
        "retention",
        ("/insights/retention", "/insights/lifecycle"),
    ),
    Entry(
        "/insights/events",
        "Events",
        "What else happens?",
        "events",
        ("/insights/event",),
    ),
    Entry(
        "/trust",
        "Trust",
        "What is collected, what was not taken, and how to check?",
        also=("/catalog", "/quarantine"),
    ),
    Entry("/set-up", "Set-up", "How does a tool begin to send?", also=("/debug",)),
    Entry("/sql", "SQL", "What does no page ask?"),
)


def offered(catalog: Catalog) -> tuple[Entry, ...]:
    """Return the pages that a project of this catalog has something for."""
    names = {each.name for each in insights.offered(catalog)}
    return tuple(each for each in PAGES if each.insight is None or each.insight in names)


def here(path: str) -> Entry | None:
    """Return the page that a path is, or lies under."""
    exact = next((each for each in PAGES if each.path == path), None)
    return exact or next((each for each in PAGES if each.also and path.startswith(each.also)), None)
