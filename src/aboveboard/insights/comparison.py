"""Comparison: an insight asked of two sides, and by how much each share and count differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard.statistics.differences import Difference, Side, change, difference, sums
from aboveboard.statistics.estimates import estimate
from aboveboard.statistics.intervals import Estimate, intervals

from .insight import BUCKETS, SUMS
from .table import Table, Value, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aboveboard.warehouse import Warehouse

    from .filters import Filters, Sides
    from .insight import Insight, Project

Key = tuple[Value, ...]


@dataclass(frozen=True)
class Compared:
    """A share or a count on both sides.

    Args:
        then: What it was; None where there was none of the kind.
        by: The difference of a share, the change of a count; None where it cannot be said.
    """

    now: float | None
    then: float | None
    by: Difference | None


@dataclass(frozen=True)
class Comparison:
    """All that differs, by row and column.

    Args:
        now: The rows of the side that is compared, with their shares' sides, by key.
    """

    rows: Mapping[Key, Mapping[str, Compared]]
    now: Mapping[Key, Mapping[str, Side]]

    def of(self, key: Key, column: str) -> Compared | None:
        return self.rows.get(key, {}).get(column)

    def between(self, one: Key, other: Key, column: str) -> Difference | None:
        """Return by how much a share is greater in one row than in another of the same table."""
        first, second = (self.now.get(key, {}).get(column) for key in (one, other))
        return difference(first, second) if first and second else None


def compare(insight: Insight, warehouse: Warehouse, project: Project, sides: Sides) -> Comparison:
    """Ask an insight of two sides.

    Raises:
        FilterError: the catalog has no event of the name that is asked for.
        WarehouseError: a question could not be answered.
    """
    now, then = (
        _Answer(insight, insight.compared(warehouse, project, each))
        for each in (sides.now, sides.then)
    )
    rows = {key: dict(_differences(now, then, key)) for key in {**now.records, **then.records}}
    return Comparison(rows, now.sides)


def alone(insight: Insight, warehouse: Warehouse, project: Project, filters: Filters) -> Comparison:
    """Ask an insight of one side, whose rows can be compared with each other.

    Raises:
        FilterError: the catalog has no event of the name that is asked for.
        WarehouseError: the question could not be answered.
    """
    return Comparison({}, _Answer(insight, insight.compared(warehouse, project, filters)).sides)


PARTS = ("_now", "_then", "_change", "_change_low", "_change_high")
"""What follows a column's name where an answer has its comparison beside it: what it is and was in
the days that are compared, by how much it differs (a share's points as a fraction, a count's change
as a part of what it was), and that difference's interval."""


def beside(insight: Insight, table: Table, comparison: Comparison) -> Table:
    """Return a table with what it is compared with beside each share and count that is compared."""
    names = [
        name
        for name in table.columns
        if any(name in columns for columns in comparison.rows.values())
    ]

    def told(record: Mapping[str, Value]) -> Iterable[Value]:
        for name in names:
            found = comparison.of(tuple(record[each] for each in insight.key), name)
            by = found.by if found else None
            yield from (found.now, found.then) if found else (None, None)
            yield from (by.value, by.low, by.high) if by else (None, None, None)

    rows = zip(table.rows, table.records(), strict=True)
    return Table(
        (*table.columns, *(name + part for name in names for part in PARTS)),
        tuple((*row, *map(plain, told(record))) for row, record in rows),
        table.one_in,
    )


class _Answer:
    """One side's rows, by their key, with what differences are made from."""

    def __init__(self, insight: Insight, records: Sequence[Mapping[str, Any]]) -> None:
        self.records = {tuple(row[name] for name in insight.key): row for row in records}
        columns = tuple(records[0]) if records else ()
        self.shares = [
            name.removesuffix(SUMS)
            for name in columns
            if name.endswith(SUMS) and name.removesuffix(SUMS) + BUCKETS in columns
        ]
        self.counts = [
            name.removesuffix(BUCKETS)
            for name in columns
            if name.endswith(BUCKETS) and name.removesuffix(BUCKETS) in columns
        ]
        self.sides: dict[Key, dict[str, Side]] = {key: {} for key in self.records}
        for share in self.shares:
            for key, side in self._sides(share):
                self.sides[key][share] = side

    def _sides(self, share: str) -> Iterable[tuple[Key, Side]]:
        estimates = {
            key: found
            for key, row in self.records.items()
            if (found := estimate(row[share + SUMS] or [])) is not None
        }
        bounds = intervals(list(estimates.values()))
        for (key, found), its in zip(estimates.items(), bounds, strict=True):
            if its is not None:
                of, some = self.records[key][share + BUCKETS]
                yield key, Side(found, its, sums(of), sums(some))

    def nothing(self, share: str) -> Side | None:
        """Return the side of a row that is not there: none of what the others are shares of."""
        others = [side[share] for side in self.sides.values() if share in side]
        if not others or any(other.of != others[0].of for other in others):
            return None  # each has an own number below the line: of this there is none
        whole = others[0].estimate
        none = Estimate(0.0, 0.0, whole.size, whole.clusters, 0.0, whole.installs, 1.0)
        (bounds,) = intervals([none])
        return None if bounds is None else Side(none, bounds, others[0].of, {})


def _differences(now: _Answer, then: _Answer, key: Key) -> Iterable[tuple[str, Compared]]:
    for share in dict.fromkeys((*now.shares, *then.shares)):
        one, other = (
            side.sides[key].get(share) if key in side.records else side.nothing(share)
            for side in (now, then)
        )
        yield (
            share,
            Compared(
                one.estimate.share if one else None,
                other.estimate.share if other else None,
                difference(one, other) if one and other else None,
            ),
        )
    for count in now.counts:
        if key not in now.records or key not in then.records or count not in then.counts:
            continue
        its, of_then = (side.records[key][count + BUCKETS] for side in (now, then))
        yield (
            count,
            Compared(
                _number(now.records[key][count]),
                _number(then.records[key][count]),
                change(sums(its), sums(of_then)),
            ),
        )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
