"""A report: insights as one HTML file that asks nobody for anything, for a release note or a mail.

Charts are pictures inside of the file, tables are tables. It has no script, and says by its own
policy that none may run.
"""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import cells, charts, palette, wording
from .html import templates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import jinja2

    from aboveboard.insights import Filters, Insight, Table
    from aboveboard.insights.groups import Group
    from aboveboard.insights.table import Value

ROWS = 30
"""Rows of a table; the dashboard has all."""

FOLDED = 12
"""Rows from which a table is folded up, if there is a picture of it."""

WORKS = 10
"""Groups of errors that are named."""


@dataclass(frozen=True)
class Number:
    """One of the numbers of the period."""

    label: str
    text: str
    title: str


@dataclass(frozen=True)
class Work:
    """A group of errors.

    Args:
        news: What became of it, in a word; or "".
        share: Its share of sessions with its interval, in words.
    """

    name: str
    place: str
    news: str
    share: str
    versions: str


@dataclass(frozen=True)
class Section:
    """An insight: its chart as a picture, if there is one, and its table."""

    name: str
    title: str
    question: str
    picture: str | None
    heads: Sequence[tuple[str, str]]
    rows: list[list[cells.Cell]]
    more: int

    @property
    def folded(self) -> bool:
        return self.picture is not None and len(self.rows) > FOLDED


def section(insight: Insight, table: Table) -> Section | None:
    """Return an insight as the report has it; None where nothing happened in the period."""
    if not table.rows or charts.is_blank(insight, table):
        return None
    parts = charts.parts(insight, table)
    columns = [
        (column.label, column.kind)
        for name, column in insight.columns.items()
        if name in table.columns
    ]
    rows = cells.rows(insight, table)
    return Section(
        insight.name,
        insight.title,
        insight.question,
        _picture(charts.svg(parts, "light", insight.question)) if parts else None,
        columns,
        rows[:ROWS],
        max(0, len(rows) - ROWS),
    )


def numbers(insight: Insight, table: Table) -> list[Number]:
    """Return the one row of `totals` as numbers."""
    record = table.records()[0]
    found = []
    for name, column in insight.columns.items():
        value: Value = record.get(name)
        if value is not None:
            cell = cells.plain(column, value)
            found.append(Number(column.label, cell.text, cell.title))
    return found


def work(group: Group, share: Value, low: Value, high: Value) -> Work:
    """Return a group of errors as the report names it."""
    said = ""
    if isinstance(share, (int, float)):
        said = f"{wording.share(float(share))} of sessions"
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            said += f" ({wording.interval(float(low), float(high))})"
    first, last = group.first_version or "?", group.last_version or "?"
    return Work(
        group.name or "unknown",
        (group.place or "").rpartition(":")[0],
        "reopened" if group.reopened else group.news,
        said,
        first if first == last else f"{first} {wording.TO} {last}",
    )


def html(
    project: str,
    filters: Filters,
    today: date,
    totals: Sequence[Number],
    works: Sequence[Work],
    sections: Sequence[Section],
) -> str:
    """Return the file."""
    about = [wording.period(filters.since, filters.until)]
    about += [f"version {filters.version}"] if filters.version else []
    about += [filters.os] if filters.os else []
    return _template().render(
        project=project,
        about=", ".join(about),
        made=wording.day(today),
        totals=totals,
        works=works,
        sections=sections,
        colors=palette.palette("light"),
    )


def _picture(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


@functools.cache
def _template() -> jinja2.Template:
    return templates("aboveboard.rendering").get_template("report.html")
