"""The first page: the period in five numbers, day by day, and the top of every other insight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import insights

from . import cells, wording

if TYPE_CHECKING:
    from aboveboard.insights import Filters, Insight, Table

    from .view import View

GLANCES = 3
"""As many as stand side by side; those of the pages that are listed first."""

GLANCE_ROWS = 5


@dataclass(frozen=True)
class Card:
    """One of the numbers.

    Args:
        change: Against the period before, as `+12%`; None where there is nothing to compare with.
        told: The same in a sentence.
        line: The days as the points of an SVG polyline in a box of 100 by 24.
    """

    measure: str
    label: str
    text: str
    title: str
    change: str | None
    told: str
    line: str


@dataclass(frozen=True)
class Glance:
    """The top of an insight: names and shares."""

    insight: Insight
    title: str
    rows: list[tuple[str, cells.Cell]]


@dataclass(frozen=True)
class Overview:
    cards: list[Card]
    measure: str
    daily: Insight
    days: Table
    glances: list[Glance]
    empty: bool


def look(view: View) -> Overview:
    """Return what the first page shows.

    Raises:
        WarehouseError: a question could not be answered.
    """
    totals, daily = _of("totals"), _of("overview")
    now = totals.run(view.warehouse, view.project, view.filters).records()[0]
    comparable = _comparable(view)
    before = totals.run(view.warehouse, view.project, comparable).records()[0] if comparable else {}
    days = daily.run(view.warehouse, view.project, view.filters)
    cards = []
    for measure, column in totals.columns.items():
        value, past = now.get(measure), before.get(measure)
        if isinstance(value, (int, float)):
            cell = cells.plain(column, value)
            change = wording.change(value, past) if isinstance(past, (int, float)) else None
            told = _told(change, comparable, view.filters)
            points = line(days, measure)
            cards.append(Card(measure, column.label, cell.text, cell.title, change, told, points))
    measures = [card.measure for card in cards]
    glanced = [each for each in view.offered() if each.glance is not None]
    return Overview(
        cards=cards,
        measure=view.measure if view.measure in measures else measures[0],
        daily=daily,
        days=days,
        glances=[_glance(view, each) for each in glanced[:GLANCES]],
        empty=not any(value for value in now.values()),
    )


def _of(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight


def _comparable(view: View) -> Filters | None:
    """Return the period before, if there was data in all of it: half a month is no month."""
    before = view.filters.before()
    if before is None or view.choices is None or view.choices.first > before.since:
        return None
    return before


def _told(change: str | None, before: Filters | None, filters: Filters) -> str:
    days = "the day before" if filters.days == 1 else f"the {filters.days} days before"
    if before is None:
        return f"There is no data for all of {days}."
    if change is None:
        return f"There was nothing in {days}."
    return f"{change} against {wording.period(before.since, before.until)}, {days}."


def line(days: Table, measure: str) -> str:
    """Return a measure's days as the points of an SVG polyline in a box of 100 by 24."""
    place = days.columns.index(measure)
    values = [float(row[place] or 0) for row in days.rows]
    if len(values) < 2 or not max(values):
        return ""
    step, top = 100 / (len(values) - 1), max(values)
    return " ".join(
        f"{number * step:.2f},{22 - 20 * value / top:.2f}" for number, value in enumerate(values)
    )


def _glance(view: View, insight: Insight) -> Glance:
    assert insight.glance is not None
    name, value, where = (insight.glance[key] for key in ("name", "value", "where"))
    table = insight.run(view.warehouse, view.project, view.filters)
    chosen = [
        record
        for record in table.records()
        if all(record[column] in values for column, values in where.items())
    ]
    chosen.sort(key=lambda record: -float(record[value] or 0))
    top = chosen[:GLANCE_ROWS]
    longest = max((float(record[value] or 0) for record in top), default=0.0)
    return Glance(
        insight,
        insight.glance["title"],
        [
            (
                str(record[name] or insight.columns[name].null),
                cells.share(value, insight.columns[value], record, longest),
            )
            for record in top
        ],
    )
