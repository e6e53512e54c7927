"""The first page: a sentence, the period in a few numbers, its days, the top of other pages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.dashboard import navigation
from aboveboard.dashboard.pages import retention
from aboveboard.insights.comparison import compare
from aboveboard.insights.filters import OFF
from aboveboard.rendering import cells, changes, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.dashboard.navigation import Entry
    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight, Table
    from aboveboard.insights.filters import Sides
    from aboveboard.insights.table import Value
    from aboveboard.rendering.changes import Change

GLANCES = 3
"""As many as stand side by side; those of the pages that are listed first."""

GLANCE_ROWS = 5

CARDS = ("installs", "sessions", "cost")
"""The totals that have a card; the page of days has all of them."""


@dataclass(frozen=True)
class Spark:
    """The days of a measure, as the points of SVG polylines in a box of 100 by 24.

    Args:
        whole: Days that are over.
        going: From the last of those to the day that is not.
    """

    whole: str = ""
    going: str = ""


@dataclass(frozen=True)
class Card:
    """One of the numbers.

    Args:
        link: Where it leads: to the chart of it, or to the page that tells more.
        chosen: Whether the chart shows it.
        interval: A share's bounds.
        change: Whole days against as many before; None where there is nothing to compare with.
        told: What there is to say of the change, or why there is none.
    """

    measure: str
    label: str
    text: str
    title: str
    link: str
    chosen: bool
    change: Change | None
    told: str
    spark: Spark
    interval: str | None = None


@dataclass(frozen=True)
class Top:
    """A row of a glance: a name, what stands beside it in small letters, and a share."""

    name: str
    beside: str
    share: cells.Cell


@dataclass(frozen=True)
class Tops:
    """The top of an insight: names and shares."""

    insight: Insight
    page: Entry
    title: str
    rows: list[Top]


@dataclass(frozen=True)
class Overview:
    """What the first page shows.

    Args:
        sentence: The answer to its question.
        before: The days before, for the chart's dotted line, or None.
    """

    sentence: str
    cards: list[Card]
    measure: str
    daily: Insight
    days: Table
    before: Table | None
    glances: list[Tops]
    scale: float
    empty: bool


def look(view: View) -> Overview:
    """Return what the first page shows.

    Raises:
        WarehouseError: a question could not be answered.
    """
    totals, daily = _of("totals"), _of("overview")
    days = daily.run(view.warehouse, view.project, view.filters)
    ended = _ended(view)
    now = _totals(view, days, ended)
    sides = view.sides()
    compared = compare(totals, view.warehouse, view.project, sides) if sides else None
    measures = [
        name for name in totals.columns if name in CARDS and isinstance(now.get(name), int | float)
    ]
    measure = view.measure if view.measure in (*measures, "messages", "tokens") else measures[0]
    cards = []
    for name in measures:
        column, value = totals.columns[name], now[name]
        cell = cells.plain(column, value)
        change = changes.of_count(compared.of((), name), view.against()) if compared else None
        cards.append(
            Card(
                name,
                column.label,
                cell.text,
                cell.title,
                view.link(measure=name),
                name == measure,
                change,
                _told(change, view),
                sparkline(days, name),
            )
        )
    crashes, said = _crashes(view, ended, sides)
    cards[2:2] = [*crashes, *_back(view)]
    installs = compared.of((), "installs") if compared else None
    number = now["installs"]
    few = sentences.of_installs(number)
    active = number if isinstance(number, int) else 0
    sentence = few or f"{sentences.of_count('active installs', active, installs)} {said}".strip()
    glanced = [each for each in view.offered() if each.glance is not None][:GLANCES]
    tops = [(each, _top(view, each)) for each in glanced]
    # One scale for all: side by side, bars of the same length are taken for the same share.
    scale = cells.scale(end for each, records in tops for end in _ends(each, records))
    before = None
    if sides is not None and view.filters.versions is None:
        earlier = view.filters.before()
        before = daily.run(view.warehouse, view.project, earlier) if earlier else None
    return Overview(
        sentence=sentence,
        cards=cards,
        measure=measure,
        daily=daily,
        days=days,
        before=before,
        glances=[_glance(each, records, scale) for each, records in tops],
        scale=scale,
        empty=not any(value for value in now.values()),
    )


def _of(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight


def _ended(view: View) -> Mapping[str, Value] | None:
    """Return in how many sessions, and for how many installs, nothing crashed, if that is told."""
    insight = _of("crash_free")
    if not insight.offered(view.project.catalog):
        return None
    return insight.run(view.warehouse, view.project, view.filters).records()[0]


def _totals(view: View, days: Table, ended: Mapping[str, Value] | None) -> Mapping[str, Value]:
    """Return the totals of the period.

    The page's other questions have them: over very much data each of its own takes a second.
    """
    insight = _of("totals")
    if ended is None or view.filters.until > view.filters.today:  # of days to come none is told
        return insight.run(view.warehouse, view.project, view.filters).records()[0]
    records = days.records()
    summed = [name for name in insight.columns if name in days.columns and name not in ended]
    return {
        "installs": ended["installs"],
        "sessions": ended["sessions"],
        **{name: math.fsum(float(row[name] or 0) for row in records) for name in summed},
    }


def _crashes(
    view: View, record: Mapping[str, Value] | None, sides: Sides | None
) -> tuple[list[Card], str]:
    """Return the card of crash-free sessions, and what there is to say of them.

    `record` is as `_ended` returns it.
    """
    if record is None:
        return [], ""
    insight = _of("crash_free")
    column = insight.columns["crash_free_share"]
    share = record["crash_free_share"]
    if not isinstance(share, int | float):
        return [], ""
    found = None
    if sides is not None:
        found = compare(insight, view.warehouse, view.project, sides).of((), "crash_free_share")
    cell = cells.share("crash_free_share", column, record, 1.0)
    change = changes.of_share(found, view.against())
    low, high = (record[f"crash_free_share_{end}"] for end in ("low", "high"))
    card = Card(
        "crash_free",
        column.label,
        cell.text,
        cell.title,
        view.page("/releases"),
        chosen=False,
        change=change,
        told=_told(change, view),
        spark=Spark(),
        interval=cell.interval,
    )
    bounds = [each if isinstance(each, float | int) else None for each in (low, high)]
    return [card], sentences.of_crashes(share, bounds[0], bounds[1], found)


def _back(view: View) -> list[Card]:
    """Return the card of those who came back in their second week, if any had one."""
    record, found = retention.second_week(view)
    share = record["back_share"]
    if share is None:
        return []
    column = _of("second_week").columns["back_share"]
    cell = cells.share("back_share", column, record, 1.0)
    change = changes.of_share(found, view.against())
    return [
        Card(
            "second_week",
            column.label,
            cell.text,
            cell.title,
            view.page("/retention"),
            chosen=False,
            change=change,
            told=_told(change, view),
            spark=Spark(),
            interval=cell.interval,
        )
    ]


def _told(change: Change | None, view: View) -> str:
    """Return what a change is, or why there is none."""
    if change is not None:
        return change.told
    if view.filters.compare == OFF:
        return "Nothing is compared."
    whole = view.filters.whole()
    if whole is None:
        return "Nothing is compared before the day is over."
    if view.filters.versions:
        return "One of the two versions has too few installs to compare."
    days = "the day before" if whole.days == 1 else f"the {whole.days} days before"
    if view.sides() is None:
        return f"There is no data for all of {days}."
    return f"There was too little in {days}."


def sparkline(days: Table, measure: str) -> Spark:
    """Return the lines of a measure's days; days of which nothing is known are blank."""
    place, complete = days.columns.index(measure), days.columns.index("complete")
    values = [row[place] for row in days.rows]
    told = [(number, float(value)) for number, value in enumerate(values) if value is not None]
    top = max((value for _, value in told), default=0.0)
    if len(told) < 2 or not top:
        return Spark()
    step = 100 / (len(values) - 1)
    points = [f"{number * step:.2f},{22 - 20 * value / top:.2f}" for number, value in told]
    over = sum(1 for number, _ in told if days.rows[number][complete])
    whole, going = points[:over], points[max(over - 1, 0) :]
    return Spark(" ".join(whole), " ".join(going) if len(going) > 1 else "")


def _top(view: View, insight: Insight) -> list[dict[str, Value]]:
    assert insight.glance is not None
    value, where = insight.glance.value, insight.glance.where
    frequent = insight.of_the_most_frequent()
    table = frequent.run(view.warehouse, view.project, view.filters)
    chosen = [
        record
        for record in table.records()
        if all(record[column] in values for column, values in where.items())
    ]
    chosen.sort(key=lambda record: -float(record[value] or 0))
    return chosen[:GLANCE_ROWS]


def _ends(insight: Insight, records: list[dict[str, Value]]) -> list[float]:
    assert insight.glance is not None
    ends = [record[insight.glance.value + end] for record in records for end in ("", "_high")]
    return [end for end in ends if isinstance(end, float)]


def _glance(insight: Insight, records: list[dict[str, Value]], scale: float) -> Tops:
    assert insight.glance is not None
    name, value = insight.glance.name, insight.glance.value
    beside = insight.glance.beside
    page = navigation.here(f"/insights/{insight.name}")
    assert page is not None
    return Tops(
        insight,
        page,
        insight.glance.title,
        [
            Top(
                str(record[name] or insight.columns[name].null),
                str(record[beside] or "") if beside else "",
                cells.share(value, insight.columns[value], record, scale),
            )
            for record in records
        ],
    )
