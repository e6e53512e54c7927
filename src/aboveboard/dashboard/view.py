"""A view: what one request asks to see, and the links that keep what it asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from aboveboard import insights
from aboveboard.insights import FilterError, Filters, sampling
from aboveboard.insights.filters import AGAINST, WHERE, Sides, Where
from aboveboard.insights.statement import filterable
from aboveboard.rendering import wording

from . import choices
from .choices import Choices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.warehouse import Warehouse

PROJECT, MEASURE, THEME = "project", "measure", "theme"
FILTER, SORT, FIND, ROWS, MODEL = "filter", "sort", "find", "rows", "model"
"""Of one page only: the property whose values are to be chosen from, a table's order (`-messages`
is downwards), what is looked for in its names, `all` for all of its rows, and the model that a page
is about."""

OF_THE_PAGE = (FILTER, SORT, FIND, ROWS, MODEL)
THEMES = ("light", "dark")
PERIODS = ((1, "Today"), (7, "7d"), (30, "30d"), (90, "90d"), (365, "12m"))
"""The periods that the bar offers, in days, the last of which is today."""

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
        own: Those of this page only, which links to other pages leave out.
        choices: None where the project has no session yet.
        base: What stands before every path where a browser sees it; links have it.
    """

    path: str
    warehouse: Warehouse
    projects: Sequence[Project]
    project: Project
    filters: Filters
    asked: Mapping[str, str | tuple[str, ...]]
    own: Mapping[str, str] = field(default_factory=dict)
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
        late: Callable[[str], timedelta],
        base: str = "",
    ) -> View:
        """Return the view that a URL asks for.

        Args:
            path: The page's own path, without `base`.
            query: The URL's parameters.
            warehouse: What is asked.
            projects: Those that may be seen.
            late: How long after a day's end a project's sessions of that day are in.
            base: What stands before every path where a browser sees it.

        Raises:
            FilterError: a filter cannot be understood.
            UnknownError: there is no such project, or none at all.
            UnreadableError: that project cannot be shown, or none can.
        """
        filters = Filters.from_query(query, beside=(PROJECT, MEASURE, THEME, *OF_THE_PAGE))
        theme = query.get(THEME, "").strip() or THEMES[0]
        if theme not in THEMES:
            raise FilterError(f"theme is {' or '.join(THEMES)}")
        everyone = projects.all()
        project = _project(everyone, projects.unreadable(), query.get(PROJECT, "").strip())
        filters = replace(filters, late=late(project.name))
        asked: dict[str, str | tuple[str, ...]] = dict(filters.asked)
        if filters.where:
            asked[WHERE] = tuple(map(str, filters.where))
        own = {name: value for name in OF_THE_PAGE if (value := query.get(name, "").strip())}
        if query.get(PROJECT, "").strip():
            asked[PROJECT] = project.name
        measure = query.get(MEASURE, "").strip() or None
        if measure is not None:
            asked[MEASURE] = measure
        return cls(
            path, warehouse, everyone, project, filters, asked, own, measure, theme, base=base
        )

    def with_choices(self) -> View:
        """Return the view with what its filters can choose from.

        Raises:
            WarehouseError: the data cannot be asked.
        """
        return replace(self, choices=choices.find(self.warehouse, self.project.name))

    def with_sampling(self, place: int | None) -> View:
        """Return the view with the sample that its questions about use are asked of.

        Args:
            place: Where samples lie; None where every install is to be asked.

        Raises:
            FilterError: the catalog has no event or property that the filters name.
            WarehouseError: the data cannot be asked.
        """
        if place is None or not self.filters.may_be_sampled:
            return self
        sides = self.filters.sides() if self.filters.versions else None
        asked = (sides.now, sides.then) if sides else (self.filters,)
        found = [sampling.choose(self.warehouse, self.project, each, place) for each in asked]
        # Of two versions that are compared, the one that fewer use is to be told well too.
        least = min(found, key=lambda each: each.one_in if each else 1)
        return replace(self, filters=replace(self.filters, sampling=least))

    def of_everybody(self) -> View:
        """Return the view with every install asked, as where a sample has nothing to tell."""
        return replace(self, filters=replace(self.filters, sampling=None))

    def offered(self) -> tuple[insights.Insight, ...]:
        return insights.offered(self.project.catalog)

    def subject(self) -> Entry:
        """Return the event that is asked about, or the first where none is.

        Raises:
            FilterError: the catalog has no event of that name.
        """
        return insights.subject(self.project.catalog, self.filters)

    def link(self, path: str | None = None, **changes: str | Sequence[str] | None) -> str:
        """Return a page's address with what was asked for kept, but for `changes`.

        What belongs to this page only is kept in links to itself.
        """
        own = self.own if path in (None, self.path) else {}
        kept = {**self.asked, **{name: own[name] for name in own if name != FILTER}, **changes}
        query = urlencode({name: value for name, value in kept.items() if value}, doseq=True)
        return self.base + (path or self.path) + (f"?{query}" if query else "")

    def page(self, path: str, **changes: str | None) -> str:
        """Return another page's address: of the same people and days, from its beginning."""
        begun: dict[str, str | None] = dict.fromkeys(
            ("measure", "event", "group", "of", "split", "steps", "within")
        )
        return self.link(path, **{**begun, **changes})

    def hidden(self, *names: str) -> list[tuple[str, str]]:
        """Return what a form has to send along beside its own fields, `names`."""
        own = {name: value for name, value in self.own.items() if name != FILTER}
        return [
            (name, value)
            for name, given in {**self.asked, **own}.items()
            if name not in names
            for value in ((given,) if isinstance(given, str) else given)
        ]

    def with_where(self, *more: Where) -> tuple[str, ...]:
        """Return what `where` says with more of it."""
        return tuple(map(str, dict.fromkeys((*self.filters.where, *more))))

    def without_where(self, one: Where) -> tuple[str, ...]:
        """Return what `where` says without one of it."""
        return tuple(str(each) for each in self.filters.where if each != one)

    def properties(self) -> list[tuple[str, list[str]]]:
        """Return the properties that a filter can be about, by event."""
        found: dict[str, list[str]] = {}
        for event, name in filterable(self.project.catalog):
            found.setdefault(event, []).append(name)
        return list(found.items())

    def comparisons(self) -> list[tuple[str, str]]:
        """Return the pairs of versions that the bar offers to compare, as asked and in words."""
        newest = [version for version, _ in self.choices.releases] if self.choices else []
        pairs = list(pairwise(newest))[:4]
        asked = self.filters.versions
        if asked and asked[::-1] not in pairs:
            pairs.insert(0, (asked[1], asked[0]))
        return [(f"{older}{AGAINST}{newer}", f"{newer} vs {older}") for newer, older in pairs]

    def sides(self) -> Sides | None:
        """Return what is compared, if there was data in all of the earlier side.

        Half a month is no month, and a day on which the data began is no day.
        """
        sides = self.filters.sides()
        if sides is None or self.choices is None:
            return None
        if self.filters.versions is None and self.choices.first >= sides.then.since:
            return None
        return sides

    def marks(self) -> list[tuple[str, str]]:
        """Return the day of the first session of each release in the period, and its version."""
        if self.choices is None:
            return []
        return [
            (str(since), version)
            for version, since in self.choices.releases
            if self.filters.since < since <= self.filters.until and since > self.choices.first
        ]

    def against(self) -> str:
        """Return what the earlier side is, in words."""
        sides = self.filters.sides()
        if sides is None:
            return ""
        if sides.then.version and self.filters.versions:
            return sides.then.version
        return wording.period(sides.then.since, sides.then.until)

    def whole_span(self) -> str:
        """Return this page's address over all days that have data, as far as a period may go."""
        assert self.choices is not None
        since, until = str(self.choices.first), str(self.choices.last)
        if (self.choices.last - self.choices.first).days >= insights.filters.DAYS_MAX:
            since = f"{insights.filters.DAYS_MAX}d"
        return self.link(since=since, until=until)

    def fixed(self) -> str:
        """Return this page's address for the same days, whenever it is opened."""
        return self.link(since=str(self.filters.since), until=str(self.filters.until))

    def is_whole_span(self) -> bool:
        """Return whether all days with data are asked for."""
        return (
            self.choices is not None
            and self.filters.since == self.choices.first
            and self.filters.until == self.choices.last
        )

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
        parts += [self.where_in_words(each) for each in filters.where]
        return ", ".join(parts)

    def where_in_words(self, where: Where) -> str:
        """Return a filter by a property as a person reads it: `main_model is gpt-5`."""
        declared = filterable(self.project.catalog).get((where.event, where.property))
        null = declared.kind.null if declared else "none"
        value = null if where.value is None else where.value
        shown = declared.kind.shown(value) if declared and where.value is not None else value
        return f"{where.property} is {shown}"


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
