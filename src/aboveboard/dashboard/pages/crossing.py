"""One property of an event by another: a table of shares, a row for each value of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.rendering import cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.catalog.catalog import Entry
    from aboveboard.catalog.event import Property
    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight
    from aboveboard.insights.table import Value

SHADES = 4


@dataclass(frozen=True)
class Crossed:
    """A share, how dark it is, and whether too little is known of it to say it."""

    cell: cells.Cell
    shade: int
    few: bool


@dataclass(frozen=True)
class Part:
    """One value of the property that the other is told apart by."""

    name: str
    times: int
    shares: Sequence[Crossed | None]


@dataclass(frozen=True)
class Crossing:
    """A table of shares.

    Args:
        of: The property whose values are told, and `by` the one that tells them apart.
        names: The properties that can be chosen.
        values: The columns.
    """

    insight: Insight
    of: str
    by: str
    names: Sequence[str]
    values: Sequence[str]
    parts: Sequence[Part]


def look(view: View, entry: Entry) -> Crossing | None:
    """Return the table, or None where the event has no two properties with values to choose from.

    Raises:
        FilterError: it has no property of the name that is asked for.
        WarehouseError: the question could not be answered.
    """
    names = [name for name, each in entry.properties.items() if not each.kind.is_summed]
    insight = insights.get("event_by")
    if len(names) < 2 or insight is None:
        return None
    records = insight.run(view.warehouse, view.project, view.filters).records()
    if not records:
        return None
    of, by = str(records[0]["property"]), str(records[0]["by"])
    of_declared, by_declared = entry.properties[of], entry.properties[by]
    values: dict[tuple[Value, Value], int] = {}
    for row in records:
        key = (row["value_is"], row["value"])
        values[key] = values.get(key, 0) + int(row["times"] or 0)
    order = sorted(values, key=lambda key: (key[0] != "value", -values[key]))
    rows: dict[tuple[Value, Value], dict[tuple[Value, Value], Mapping[str, Value]]] = {}
    for row in records:
        its = rows.setdefault((row["part_is"], row["part"]), {})
        its[row["value_is"], row["value"]] = row
    column = insight.columns["share"]
    return Crossing(
        insight,
        of,
        by,
        names,
        [_said(of_declared, *key) for key in order],
        [
            Part(
                _said(by_declared, *part),
                int(next(iter(its.values()))["part_times"] or 0),
                [_crossed(column, its[key]) if key in its else None for key in order],
            )
            for part, its in rows.items()
        ],
    )


def _said(declared: Property, what: Value, value: Value) -> str:
    if what == "rest":
        return "all others"
    return declared.kind.null if value is None else declared.kind.shown(str(value))


def _crossed(column: insights.Column, record: Mapping[str, Value]) -> Crossed:
    cell = cells.share("share", column, record, 1.0)
    value = cell.value if isinstance(cell.value, int | float) else 0.0
    return Crossed(cell, min(SHADES, int(value * (SHADES + 1))), bool(record["share_too_few"]))
