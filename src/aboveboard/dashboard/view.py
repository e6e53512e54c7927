"""A view: what one request asks to see, and the links that keep what it asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from aboveboard import insights
from aboveboard.insights import FilterError, Filters
from aboveboard.rendering import wording

from . import choices
from .choices import Choices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.warehouse import Warehouse

PROJECT, MEASURE, THEME = "project", "measure", "theme"
THEMES = ("light", "dark")
PERIODS = (7, 30, 90)
SYSTEMS = {"Darwin": "macOS", "other": "other systems"}
"""What people call a system, where that is not its name in the data."""


class UnknownError(LookupError):
    """A page or a project that is not there; the text is one line that says what is."""


class UnreadableError(LookupError):
    """The project cannot be shown; the text is one line that says why and what to do."""


class Project(Protocol):
    """What pages know of a project."""

    @property
    def name(self) -> str: ...

    @property
    def catalog(self) -> Catalog: ...

    @property
    def keys(self) -> Sequence[str]: ...

    @property
    def retention(self) -> int:
        """Return how many days what is collected is kept."""


class Projects(Protocol):
    """Where projects come from; the collector's `Projects`."""

    def all(self) -> Sequence[Project]: ...

    def unreadable(self) -> Mapping[str, str]:
        """Return why each of the other projects cannot be shown."""


@dataclass(frozen=True)
class View:
    """What a request asks to see.

    Args:
        path: The page's own path.
        asked: The query's parameters that links keep, as they were given.
        choices: None where the project has no session yet.
        base: What stands before every path where a browser sees it; links have it.
    """

    path: str
    warehouse: Warehouse
    projects: Sequence[Project]
    project: Project
    filters: Filters
    asked: Mapping[str, str]
    measure: str | None = None
    theme: str = THEMES[0]
    choices: Choices | None = None
    base: str = ""

    @classmethod
    def of(
        cls,
        path: str,
        query: Mapping[str, str],
        warehouse: Warehouse,
        projects: Projects,
        base: str = "",
    ) -> View:
        """Return the view that a URL asks for.

        Args:
            path: The page's own path, without `base`.
            query: The URL's parameters.
            warehouse: What is asked.
            projects: Those that may be seen.
            base: What stands before every path where a browser sees it.

        Raises:
            FilterError: a filter cannot be understood.
            UnknownError: there is no such project, or none at all.
            UnreadableError: that project cannot be shown, or none can.
        """
        filters = Filters.from_query(query, beside=(PROJECT, MEASURE, THEME))
        theme = query.get(THEME, "").strip() or THEMES[0]
        if theme not in THEMES:
            raise FilterError(f"theme is {' or '.join(THEMES)}")
        everyone = projects.all()
        project = _project(everyone, projects.unreadable(), query.get(PROJECT, "").strip())
        asked = dict(filters.asked)
        if query.get(PROJECT, "").strip():
            asked[PROJECT] = project.name
        measure = query.get(MEASURE, "").strip() or None
        if measure is not None:
            asked[MEASURE] = measure
        return cls(path, warehouse, everyone, project, filters, asked, measure, theme, base=base)

    def with_choices(self) -> View:
        """Return the view with what its filters can choose from.

        Raises:
            WarehouseError: the data cannot be asked.
        """
        return replace(self, choices=choices.find(self.warehouse, self.project.name))

    def offered(self) -> tuple[insights.Insight, ...]:
        return insights.offered(self.project.catalog)

    def subject(self) -> Entry:
        """Return the event that is asked about, or the first where none is.

        Raises:
            FilterError: the catalog has no event of that name.
        """
        return insights.subject(self.project.catalog, self.filters)

    def link(self, path: str | None = None, **changes: str | None) -> str:
        """Return a page's address with what was asked for kept, but for `changes`."""
        kept = {**self.asked, **changes}
        query = urlencode({name: value for name, value in kept.items() if value})
        return self.base + (path or self.path) + (f"?{query}" if query else "")

    def hidden(self, *names: str) -> dict[str, str]:
        """Return what a form has to send along beside its own fields, `names`."""
        return {name: value for name, value in self.asked.items() if name not in names}

    def whole_span(self) -> str:
        """Return this page's address over all days that have data, as far as a period may go."""
        assert self.choices is not None
        since, until = str(self.choices.first), str(self.choices.last)
        if (self.choices.last - self.choices.first).days >= insights.filters.DAYS_MAX:
            since = f"{insights.filters.DAYS_MAX}d"
        return self.link(since=since, until=until)

    def days_asked(self) -> int | None:
        """Return the number of days in "the last N days", None where dates were given."""
        asked = dict(self.filters.asked)
        if "until" in asked or not asked.get("since", "d").endswith("d"):
            return None
        return self.filters.days

    def in_words(self) -> str:
        """Return what is shown, in words: the period, the version, the system."""
        filters = self.filters
        parts = [wording.period(filters.since, filters.until)]
        if filters.version:
            parts.append(f"version {filters.version}")
        if filters.os:
            parts.append(SYSTEMS.get(filters.os, filters.os))
        return ", ".join(parts)


def _project(everyone: Sequence[Project], unreadable: Mapping[str, str], name: str) -> Project:
    if name in unreadable or (unreadable and not everyone):
        told = name if name in unreadable else next(iter(unreadable))
        raise UnreadableError(f"project {told}: {unreadable[told]}")
    if not everyone:
        raise UnknownError(
            "there is no project yet: start `aboveboard serve` with --catalog FILE --project NAME"
        )
    if not name:
        return everyone[0]
    found = next((project for project in everyone if project.name == name), None)
    if found is None:
        names = ", ".join(project.name for project in everyone)
        raise UnknownError(f"there is no project of that name: use one of {names}")
    return found
