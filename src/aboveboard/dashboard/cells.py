"""Cells: an insight's table as a page shows it, each value short, with its digits at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.insights import Column, Insight, Table
    from aboveboard.insights.table import Value


NUMBERS = ("count", "dollars", "amount", "average")


@dataclass(frozen=True)
class Bar:
    """A share and its interval, in percent of the bar's length."""

    length: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cell:
    """One value.

    Args:
        kind: The column's kind.
        text: What is read.
        title: What is told on a closer look, all digits.
        value: The value as it stands in JSON and CSV.
        missing: Whether the value is null, and `text` a word for that.
        interval: A share's bounds in words.
        asks: The parameter that the value may be asked for with.
    """

    kind: str
    text: str
    title: str
    value: Value
    missing: bool = False
    interval: str | None = None
    bar: Bar | None = None
    asks: str | None = None


def rows(insight: Insight, table: Table) -> list[list[Cell]]:
    """Return the table's cells, row by row, in the order of the insight's columns."""
    longest: dict[tuple[str, Value], float] = {}
    records = table.records()
    for record in records:
        for name, column in insight.columns.items():
            if column.kind == "share" and name in record:
                # Kinds of things have bars of their own: crashes are short beside exits.
                place = name, record.get("kind")
                ends = (_number(record[name + end]) or 0.0 for end in ("", "_high"))
                longest[place] = max(longest.get(place, 0.0), *ends)
    return [
        [
            share(name, column, record, longest[name, record.get("kind")])
            if column.kind == "share"
            else plain(column, record[name], str(record.get(column.unit or "") or ""))
            for name, column in insight.columns.items()
            if name in record
        ]
        for record in records
    ]


def plain(column: Column, value: Value, unit: str = "") -> Cell:
    """Return the cell of anything but a share."""
    if value is None:
        return Cell(column.kind, column.null, "", None, missing=True)
    if isinstance(value, (int, float)) and column.kind in NUMBERS:
        if column.kind == "average":
            text = wording.average(value)
        else:
            unit = "dollars" if column.kind == "dollars" else unit
            text = wording.amount(value, unit)
        return Cell(column.kind, text, wording.exact(value, unit), value)
    return Cell(column.kind, str(value), "", value, asks=column.asks)


def share(name: str, column: Column, record: Mapping[str, Value], longest: float) -> Cell:
    """Return the cell of a share, whose bar is drawn against the longest one."""
    value, low, high = (_number(record[name + end]) for end in ("", "_low", "_high"))
    if value is None:
        return Cell(column.kind, column.null, "", None, missing=True)
    of = record[column.of] if column.of else None
    behind = f", from {of:,} {'install' if of == 1 else 'installs'}" if isinstance(of, int) else ""
    scale = 100 / longest if longest else 0
    if low is None or high is None:
        title = f"{value:.4%}{behind}: too few, or too alike, for an interval"
        return Cell(
            column.kind, wording.share(value), title, value, bar=Bar(value * scale, None, None)
        )
    return Cell(
        column.kind,
        wording.share(value),
        f"{value:.4%}, 95% interval {low:.2%} to {high:.2%}{behind}",
        value,
        interval=wording.interval(low, high),
        bar=Bar(value * scale, low * scale, high * scale),
    )


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
