"""The site's pages. They have no script, and load nothing.

Their own policy says that nothing may be loaded.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard.publishing import budget, estimates, periods
from aboveboard.rendering import dots, html, palette, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2

    from aboveboard.publishing.estimates import Row
    from aboveboard.publishing.release import Counted, Release

    from .about import About
    from .numbers import Rows

ROWS = 15
"""Rows of a table that a page shows; the files have all."""

HISTORY = 26
"""Periods that a line over time shows."""


@dataclass(frozen=True)
class Line:
    """A row of a table as a page shows it, with where its marks stand in percent of the axis."""

    row: Row
    text: str
    noise: str
    sampling: str
    at: float | None
    noise_ends: tuple[float, float] | None
    sample_ends: tuple[float, float] | None
    spark: str


@dataclass(frozen=True)
class Section:
    """A table as a page shows it."""

    table: Counted
    lines: list[Line]
    axis: str
    folded: int
    withheld: int


def method(every: Sequence[Release]) -> dict[str, Any]:
    """Return what the page of the method tells of the budget."""
    year = [each for each in every if each.days.until > every[-1].days.until - budget.YEAR]
    spent = sum(each.rho for each in year)
    return {
        "year_rho": budget.YEAR_RHO,
        "year_epsilon": budget.epsilon(budget.YEAR_RHO),
        "spent": spent,
        "spent_epsilon": budget.epsilon(spent),
        "advantage": budget.advantage(every[-1].rho),
        "year_advantage": budget.advantage(budget.YEAR_RHO),
        "settled": periods.SETTLED.days,
        "rates": budget.RATES,
        "contribution": 1 + sum(min(each.cap, len(each.keys)) for each in every[-1].tables),
    }


def _section(release: Release, table: Counted, earlier: Sequence[Release], rows: Rows) -> Section:
    every = list(rows.of(release, table).values())
    shown = estimates.ranked(every)[:ROWS]
    axis = dots.Axis.over(row.high for row in shown if row.high is not None)
    top = axis.top or 1.0

    def ends(low: float | None, high: float | None) -> tuple[float, float] | None:
        if low is None or high is None:
            return None
        left, right = (100 * min(1.0, max(0.0, each) / top) for each in (low, high))
        return left, right

    lines = []
    history = _history(release, table.name, earlier, rows)
    for row in shown:
        around = (row.share or 0.0, row.share_noise or 0.0)
        lines.append(
            Line(
                row,
                "" if row.share is None else wording.share(row.share),
                "" if row.share_noise is None else _points(row.share_noise),
                ""
                if row.sample_low is None or row.sample_high is None
                else wording.interval(row.sample_low, row.sample_high) + "%",
                None if row.share is None else 100 * min(1.0, row.share / top),
                ends(around[0] - around[1], around[0] + around[1])
                if release.scale and row.share is not None
                else None,
                ends(row.low, row.high),
                dots.spark(
                    [None if (then := of.get(row.key)) is None else then.share for of in history]
                ),
            )
        )
    withheld = sum(row.installs is None for row in every)
    return Section(table, lines, wording.scale(top), len(every) - len(lines) - withheld, withheld)


def _history(
    release: Release, name: str, earlier: Sequence[Release], rows: Rows
) -> list[dict[str, Row]]:
    """Return a table's rows in each period of the same length, up to `HISTORY` of them."""
    alike = [each for each in earlier if each.days.every == release.days.every][-HISTORY:]
    return [rows.of(each, table) for each in alike for table in each.tables if table.name == name]


def _points(value: float) -> str:
    """Return half of an interval in points, never as none."""
    points = 100 * value
    digits = 0 if points >= 10 else 1 if points >= 0.1 else 2
    return f"± {max(points, 0.01):.{digits}f} pt"


def page(template: str, release: Release, about: About, *, root: str = "", **told: Any) -> bytes:
    if template == "period.html":
        earlier, rows = told.pop("earlier"), told.pop("rows")
        told["sections"] = [_section(release, table, earlier, rows) for table in release.tables]
        told["installs"] = estimates.installs(release)
        told["is_last"] = not root
    text = (
        _templates()
        .get_template(template)
        .render(
            release=release,
            about=about,
            root=root,
            days=wording.period(release.days.since, release.days.until),
            palette=palette.css(),
            wording=wording,
            **told,
        )
    )
    return text.encode()


@functools.cache
def _templates() -> jinja2.Environment:
    environment = html.templates("aboveboard.publishing")
    environment.filters["period"] = lambda each: wording.period(each.days.since, each.days.until)
    return environment
