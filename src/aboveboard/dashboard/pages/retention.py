"""The page of retention: who came back, by the week in which they were new, and who is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.insights.comparison import compare
from aboveboard.rendering import cells, changes, wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight, Table
    from aboveboard.insights.comparison import Compared
    from aboveboard.insights.table import Value

KINDS = {
    "recurring": ("back_share", "Active in that week"),
    "rolling": ("later_share", "Then or later"),
}
SHADES = 4


@dataclass(frozen=True)
class Week:
    """One cell of the grid: a cohort, so many weeks later.

    Args:
        shade: How dark it is, from 0 to `SHADES`.
        going: Whether the week is not over yet.
    """

    cell: cells.Cell
    shade: int
    going: bool
    few: bool


@dataclass(frozen=True)
class Cohort:
    week: str
    installs: int
    weeks: Sequence[Week]


@dataclass(frozen=True)
class Retention:
    sentence: str
    insight: Insight
    kind: str
    kinds: Mapping[str, str]
    cohorts: Sequence[Cohort]
    width: int
    lifecycle: Insight
    days: Table
    empty: bool


def look(view: View) -> Retention:
    """Return what the page shows.

    Raises:
        WarehouseError: a question could not be answered.
    """
    insight, lifecycle = _of("retention"), _of("lifecycle")
    records = insight.run(view.warehouse, view.project, view.filters).records()
    kind = view.measure if view.measure in KINDS else "recurring"
    share = KINDS[kind][0]
    grid: dict[str, list[Mapping[str, Value]]] = {}
    for record in records:
        grid.setdefault(str(record["cohort"]), []).append(record)
    cohorts = [
        Cohort(
            wording.day(date.fromisoformat(week)),
            int(its[0]["of_installs"] or 0),
            [_week(insight, share, record) for record in its],
        )
        for week, its in grid.items()
    ]
    second, compared = _second(view)
    return Retention(
        _sentence(second, compared),
        insight,
        kind,
        {name: label for name, (_, label) in KINDS.items()},
        cohorts,
        max((len(cohort.weeks) for cohort in cohorts), default=0),
        lifecycle,
        lifecycle.run(view.warehouse, view.project, view.filters),
        not records,
    )


def second_week(view: View) -> tuple[Mapping[str, Value], Compared | None]:
    """Return what share came back in their second week, and by how much that has changed."""
    return _second(view)


def _second(view: View) -> tuple[Mapping[str, Value], Compared | None]:
    insight = _of("second_week")
    record = insight.run(view.warehouse, view.project, view.filters).records()[0]
    sides = view.sides()
    found = compare(insight, view.warehouse, view.project, sides) if sides else None
    return record, found.of((), "back_share") if found else None


def _sentence(record: Mapping[str, Value], compared: Compared | None) -> str:
    share = record["back_share"]
    low, high = record["back_share_low"], record["back_share_high"]
    number = record["of_installs"]
    if not isinstance(share, float | int):
        return "No week of new installs has a second week in this period yet."
    if record["back_share_too_few"] or not isinstance(low, float | int):
        return f"{number} new installs have had a second week: too few to say how many come back."
    told = (
        f"{wording.share(share)} of new installs came back in their second week "
        f"({changes.interval_of(float(low), float(high or 0))})"
    )
    if compared is None or compared.by is None:
        return f"{told}."
    return f"{told}, {changes.moved(compared.by)}."


def _week(insight: Insight, share: str, record: Mapping[str, Value]) -> Week:
    cell = cells.share(share, insight.columns[share], record, 1.0)
    value = cell.value if isinstance(cell.value, float | int) else 0.0
    return Week(
        cell,
        min(SHADES, round(value * (SHADES + 0.999) - 0.5)) if value else 0,
        not record["complete"],
        bool(record[f"{share}_too_few"]),
    )


def _of(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight
