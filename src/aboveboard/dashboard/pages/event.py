"""One event's page: how often it happened, day by day, and what its properties say."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.rendering import cells
from aboveboard.warehouse import database, table

from . import overview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.catalog.catalog import Entry
    from aboveboard.catalog.event import Property
    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight, Table
    from aboveboard.insights.table import Value

PAGE = "events"
"""The insight whose page is one event's where one is asked for."""

_EVER = resources.files(__package__).joinpath("ever.sql").read_text("utf-8")


@dataclass(frozen=True)
class Card:
    """One of the event's numbers.

    Args:
        beside: What stands behind the number: a share, or how often in a session.
    """

    measure: str
    label: str
    number: cells.Cell
    beside: cells.Cell
    words: str
    spark: overview.Spark


@dataclass(frozen=True)
class Word:
    """One value of a property, or `plain` words for what is no single value."""

    text: str
    plain: bool
    times: cells.Cell
    share: cells.Cell


@dataclass(frozen=True)
class Words:
    """A property whose values are counted one by one.

    Args:
        on_errors: Whether the page of errors tells more of it.
    """

    declared: Property
    values: list[Word]
    on_errors: bool


@dataclass(frozen=True)
class Numbers:
    """A property whose values are added up.

    Args:
        cells: The share of the event's times that have a number, the sum, the median and the 90th
            percentile; nothing where it is always null.
    """

    declared: Property
    cells: list[cells.Cell]


@dataclass(frozen=True)
class Look:
    """What the page shows.

    Args:
        scale: Where the bars of all its properties end.
        ever: Whether the event has happened at all, in whatever period and version.
    """

    entry: Entry
    cards: list[Card]
    measure: str
    daily: Insight
    days: Table
    words: list[Words]
    numbers: list[Numbers]
    columns: list[insights.Column]
    scale: float
    ever: bool

    @property
    def empty(self) -> bool:
        return not self.cards


def look(view: View) -> Look:
    """Return what the page of the event that is asked for shows.

    Raises:
        FilterError: the catalog has no such event.
        WarehouseError: a question could not be answered.
    """
    entry = view.subject()
    every, daily, told = _of(PAGE), _of("event_days"), _of("event_properties")
    record: Mapping[str, Value] = next(iter(_ask(view, every).records()), {})
    happened = bool(record.get("times"))
    days = _ask(view, daily)
    measures = [name for name, column in daily.columns.items() if column.kind == "count"]
    numbers = [told.columns[name] for name in ("share", "sum", "median", "p90")]
    rows = _ask(view, told).records() if happened else []
    scale = _scale(entry, rows)
    return Look(
        entry=entry,
        cards=[_card(every, daily, record, days, name) for name in measures] if happened else [],
        measure=view.measure if view.measure in measures else measures[0],
        daily=daily,
        days=days,
        words=[
            _words(entry, declared, told, _rows_of(rows, name), scale)
            for name, declared in entry.properties.items()
            if not declared.kind.is_summed
        ],
        numbers=[
            _numbers(declared, told, _rows_of(rows, name))
            for name, declared in entry.properties.items()
            if declared.kind.is_summed
        ],
        columns=numbers,
        scale=scale,
        ever=happened or _ever(view, entry),
    )


def _of(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight


def _ask(view: View, insight: Insight) -> Table:
    return insight.run(view.warehouse, view.project, view.filters)


def _ever(view: View, entry: Entry) -> bool:
    names = {"project": database(view.project.name), "table": table(entry.name)}
    return view.warehouse.query(_EVER, names).rows == [(1,)]


def _card(
    every: Insight,
    daily: Insight,
    record: Mapping[str, Value],
    days: Table,
    measure: str,
) -> Card:
    beside, words = {
        "times": ("session_mean", "a session that has it"),
        "sessions": ("session_share", "of sessions"),
        "installs": ("install_share", "of installs"),
    }[measure]
    column = every.columns[beside]
    if column.kind == "share":
        cell = cells.share(beside, column, record, 0)
    else:
        cell = cells.plain(column, record[beside])
    return Card(
        measure=measure,
        label=daily.columns[measure].label,
        number=cells.plain(every.columns[measure], record[measure]),
        beside=cell,
        words=words,
        spark=overview.sparkline(days, measure),
    )


def _rows_of(rows: list[dict[str, Value]], name: str) -> list[dict[str, Value]]:
    return [row for row in rows if row["property"] == name]


def _scale(entry: Entry, rows: list[dict[str, Value]]) -> float:
    """Return the scale of all the properties' bars, which stand side by side."""
    ends = (
        row[end]
        for row in rows
        if not entry.properties[str(row["property"])].kind.is_summed
        for end in ("share", "share_high")
    )
    return cells.scale(end for end in ends if isinstance(end, float))


def _words(
    entry: Entry,
    declared: Property,
    told: Insight,
    rows: list[dict[str, Value]],
    scale: float,
) -> Words:
    values = []
    for row in rows:
        plain = {"rest": "all others", "none": declared.kind.null}.get(str(row["what"]))
        values.append(
            Word(
                plain or declared.kind.shown(str(row["value"])),
                plain is not None,
                cells.plain(told.columns["times"], row["times"]),
                cells.share("share", told.columns["share"], row, scale),
            )
        )
    errors = _of("errors")
    return Words(declared, values, f"{entry.name}.{declared.name}" in errors.needs_any)


def _numbers(declared: Property, told: Insight, rows: list[dict[str, Value]]) -> Numbers:
    row = next((row for row in rows if row["what"] == "number"), None)
    if row is None:
        return Numbers(declared, [])
    unit = str(row["unit"])
    return Numbers(
        declared,
        [
            cells.share("share", told.columns["share"], row, 1.0),
            *(
                cells.plain(told.columns[name], row[name], unit)
                for name in ("sum", "median", "p90")
            ),
        ],
    )
