"""The first page: the period in five numbers, day by day, and the top of every other insight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.rendering import cells, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Filters, Insight, Table
    from aboveboard.insights.table import Value

GLANCES = 3
"""As many as stand side by side; those of the pages that are listed first."""

GLANCE_ROWS = 5


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
        change: Whole days against as many before, as `+12%`; None where there is nothing to
            compare with.
        told: The same in a sentence.
    """

    measure: str
    label: str
    text: str
    title: str
    change: str | None
    told: str
    spark: Spark


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
    title: str
    rows: list[Top]


@dataclass(frozen=True)
class Overview:
    cards: list[Card]
    measure: str
    daily: Insight
    days: Table
    glances: list[Tops]
    scale: float
    empty: bool


def look(view: View) -> Overview:
    """Return what the first page shows.

    Raises:
        WarehouseError: a question could not be answered.
    """
    totals, daily = _of("totals"), _of("overview")
    now = totals.run(view.warehouse, view.project, view.filters).records()[0]
    compared = _compared(view)
    of_whole: Mapping[str, Value] = {}
    before: Mapping[str, Value] = {}
    if compared is not None:
        whole, past = compared
        before = totals.run(view.warehouse, view.project, past).records()[0]
        of_whole = now
        if whole.until != view.filters.until:
            of_whole = totals.run(view.warehouse, view.project, whole).records()[0]
    days = daily.run(view.warehouse, view.project, view.filters)
    cards = []
    for measure, column in totals.columns.items():
        value = now.get(measure)
        if isinstance(value, (int, float)):
            cell = cells.plain(column, value)
            change = _change(of_whole.get(measure), before.get(measure))
            told = _told(change, compared, view.filters)
            spark = sparkline(days, measure)
            cards.append(Card(measure, column.label, cell.text, cell.title, change, told, spark))
    measures = [card.measure for card in cards]
    glanced = [each for each in view.offered() if each.glance is not None][:GLANCES]
    tops = [(each, _top(view, each)) for each in glanced]
    # One scale for all: side by side, bars of the same length are taken for the same share.
    scale = cells.scale(end for each, records in tops for end in _ends(each, records))
    return Overview(
        cards=cards,
        measure=view.measure if view.measure in measures else measures[0],
        daily=daily,
        days=days,
        glances=[_glance(each, records, scale) for each, records in tops],
        scale=scale,
        empty=not any(value for value in now.values()),
    )


def _of(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight


def _compared(view: View) -> tuple[Filters, Filters] | None:
    """Return the period's whole days and as many before, if there was data in all of those.

    Half a month is no month, and a day that is not over, or on which the data began, is no day.
    """
    whole = view.filters.whole()
    before = whole.before() if whole else None
    if whole is None or before is None:
        return None
    if view.choices is None or view.choices.first >= before.since:
        return None
    return whole, before


def _change(now: Value, before: Value) -> str | None:
    if isinstance(now, (int, float)) and isinstance(before, (int, float)):
        return wording.change(now, before)
    return None


def _told(change: str | None, compared: tuple[Filters, Filters] | None, filters: Filters) -> str:
    whole = filters.whole()
    if whole is None:
        return "Nothing is compared before the day is over."
    days = "the day before" if whole.days == 1 else f"the {whole.days} days before"
    if compared is None:
        return f"There is no data for all of {days}."
    if change is None:
        return f"There was nothing in {days}."
    _, before = compared
    kept = "" if whole.until == filters.until else f"{wording.period(whole.since, whole.until)} "
    return f"{kept}{change} against {wording.period(before.since, before.until)}, {days}."


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
    table = insight.run(view.warehouse, view.project, view.filters)
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
    return Tops(
        insight,
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
