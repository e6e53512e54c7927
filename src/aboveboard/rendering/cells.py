"""Cells: an insight's table as a page shows it, each value short, with its digits at hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aboveboard.statistics.estimates import ONE_IS_MUCH

from . import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aboveboard.insights import Column, Insight, Table
    from aboveboard.insights.table import Value


_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)

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
        going: Whether it is a day that is not over, or of which sessions may still come in.
        note: What is to be known of a share before it is believed.
    """

    kind: str
    text: str
    title: str
    value: Value
    missing: bool = False
    interval: str | None = None
    bar: Bar | None = None
    asks: str | None = None
    going: bool = False
    note: str | None = None


def rows(insight: Insight, table: Table) -> list[list[Cell]]:
    """Return the table's cells, row by row, in the order of the insight's columns."""
    top = scale_of(insight, table)
    return [
        [
            share(name, column, record, top)
            if column.kind == "share"
            else replace(
                plain(column, record[name], str(record.get(column.unit or "") or "")),
                going=column.kind == "day" and record.get("complete") is False,
            )
            for name, column in insight.columns.items()
            if name in record
        ]
        for record in table.records()
    ]


def scale_of(insight: Insight, table: Table) -> float:
    """Return where the bars of a table end: one scale for all of its shares."""
    shares = [name for name, column in insight.columns.items() if column.kind == "share"]
    return scale(
        _number(record[name + end])
        for record in table.records()
        for name in shares
        if name in record
        for end in ("", "_high")
    )


def scale(ends: Iterable[float | None]) -> float:
    """Return a round share, at most 1, that none of `ends` is beyond: a bar's full length."""
    longest = max((end for end in ends if end), default=1.0)
    size = 10.0 ** math.floor(math.log10(longest))
    return min(1.0, next(step * size for step in _STEPS if step * size >= longest * (1 - 1e-9)))


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


def words(text: str) -> Cell:
    """Return a cell of words alone."""
    return Cell("word", text, "", text)


def share(name: str, column: Column, record: Mapping[str, Value], top: float) -> Cell:
    """Return the cell of a share, whose bar is as long as it is of `top`."""
    value, low, high = (_number(record[name + end]) for end in ("", "_low", "_high"))
    if value is None:
        return Cell(column.kind, column.null, "", None, missing=True)
    of = record[column.of] if column.of else None
    behind = f", from {of:,} {'install' if of == 1 else 'installs'}" if isinstance(of, int) else ""
    length = 100 / top if top else 0
    note = _note(_number(record.get(f"{name}_largest")))
    if low is None or high is None:
        title = f"{value:.4%}{behind}: too few, or too alike, for an interval"
        return Cell(
            column.kind,
            wording.share(value),
            title,
            value,
            bar=Bar(value * length, None, None),
            note=note,
        )
    robust = _number(record.get(f"{name}_robust"))
    capped = f"; {robust:.2%} if no install counts as more than ten" if note and robust else ""
    return Cell(
        column.kind,
        wording.share(value),
        f"{value:.4%}, 95% interval {low:.2%} to {high:.2%}{behind}{capped}",
        value,
        interval=wording.interval(low, high),
        bar=Bar(value * length, low * length, high * length),
        note=note,
    )


def _note(largest: float | None) -> str | None:
    """Return the word on a row of which one install, but not the only one, makes much."""
    if largest is None or not ONE_IS_MUCH <= largest < 1:
        return None
    return f"one install is {largest:.0%} of this"


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
