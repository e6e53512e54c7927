"""Dots: shares on lines from low to high, over one axis from zero that all rows of a table have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import cells, wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aboveboard.insights import Column
    from aboveboard.insights.table import Value

    from .changes import Change


@dataclass(frozen=True)
class Axis:
    """An axis of shares from zero.

    Args:
        top: The share at its end.
        ticks: Where lines stand, in percent of its length, and what is written there.
    """

    top: float
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def over(cls, ends: Iterable[float | None]) -> Axis:
        """Return an axis that none of `ends` is beyond."""
        top = cells.scale(ends)
        parts = next(count for count in (4, 5, 3) if _is_round(top / count)) if top else 4
        return cls(
            top,
            tuple(
                (100 * number / parts, wording.scale(top * number / parts))
                for number in range(parts + 1)
            ),
        )


@dataclass(frozen=True)
class Dot:
    """A share on an axis, in percent of its length; `low` and `high` are None without interval."""

    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Row:
    """A thing with a share.

    Args:
        link: Its own page, or None.
        chip: The address of the same page with it as a filter, or None.
        few: Whether too little is known of the share to say it.
        beside: What else is told of it, in the order of the table's columns.
        spark: The points of its line over time, or nothing.
    """

    name: str
    cell: cells.Cell
    dot: Dot | None
    few: bool = False
    change: Change | None = None
    link: str | None = None
    chip: str | None = None
    beside: tuple[cells.Cell, ...] = ()
    small: str = ""
    spark: str = ""


def axis_of(records: Sequence[Mapping[str, Value]], share: str) -> Axis:
    """Return the axis of a column of shares."""
    return Axis.over(
        end
        for record in records
        for name in ("", "_high")
        if isinstance(end := record.get(share + name), float | int)
    )


def dot(record: Mapping[str, Value], share: str, axis: Axis) -> Dot | None:
    """Return where a share stands on an axis."""
    value, low, high = (record.get(share + end) for end in ("", "_low", "_high"))
    if not isinstance(value, float | int) or not axis.top:
        return None
    at, left, right = (
        min(100.0, 100 * each / axis.top) if isinstance(each, float | int) else None
        for each in (value, low, high)
    )
    return Dot(at or 0.0, left, right)


def row(
    name: str, share: str, column: Column, record: Mapping[str, Value], axis: Axis, **more: object
) -> Row:
    """Return a table's row as a dot."""
    return Row(
        name,
        cells.share(share, column, record, axis.top),
        dot(record, share, axis),
        bool(record.get(f"{share}_too_few")),
        **more,  # type: ignore[arg-type]
    )


def panel(
    records: Sequence[Mapping[str, Value]],
    share: str,
    column: Column,
    name: Callable[[Mapping[str, Value]], str],
    beside: Callable[[Mapping[str, Value]], Iterable[cells.Cell]],
    axis: Axis | None = None,
) -> tuple[list[Row], Axis]:
    """Return a row a record, and the axis that all of them have.

    Args:
        records: Rows of an insight.
        share: The name of the column that is drawn.
        column: What the insight says of that column.
        name: What a record is called.
        beside: What else is told of a record.
        axis: If another is wanted than the one that has room for all.
    """
    over = axis or axis_of(records, share)
    return [
        row(name(record), share, column, record, over, beside=tuple(beside(record)))
        for record in records
    ], over


def _is_round(step: float) -> bool:
    first = float(f"{step:.0e}".partition("e")[0])
    return abs(step - float(f"{step:.0e}")) < step * 1e-9 and first in (1, 2, 3, 4, 5)


def spark(values: Sequence[float | None], top: float | None = None) -> str:
    """Return the points of an SVG polyline in a box of 100 by 24; blank where nothing is known."""
    known = [(number, value) for number, value in enumerate(values) if value is not None]
    highest = top or max((value for _, value in known), default=0.0)
    if len(known) < 2 or not highest:
        return ""
    step = 100 / (len(values) - 1)
    return " ".join(
        f"{number * step:.1f},{22 - 20 * value / highest:.1f}" for number, value in known
    )
