"""Suppression: which exact numbers are withheld, so that none of them can be worked out.

A number under k is withheld. That alone is not safe: what all rows of a table add up to is known or
bounded, so whoever subtracts the numbers that are told knows about those that are not. So further
numbers of the table are withheld, the smallest first, until what is known of every withheld number
leaves a range of at least k/2.

What an attacker knows of a table is a set of linear bounds: each withheld number is between 0 and
some most, and together they are between two sums. The range of one of them is then the solution of
a linear program, and has a closed form. Tables share nothing but the number of active installs,
which is told, and periods never overlap: so the program over all tables and periods falls into one
a table, and solving each of them solves it whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .tables import Table


class SuppressionError(ValueError):
    """Nothing of a period may be told exactly; the text says why."""


@dataclass(frozen=True)
class Known:
    """What is known of the withheld numbers of a table.

    Args:
        most: What each is at most, by its place in the table.
        low: What they add up to, at least.
        high: What they add up to, at most.
    """

    most: dict[int, int]
    low: int
    high: int

    def range(self, place: int) -> tuple[int, int]:
        """Return between which bounds a number is: the least and the greatest solution."""
        others = sum(self.most.values()) - self.most[place]
        return max(0, self.low - others), min(self.most[place], self.high)


def withheld(
    installs: int, tables: Sequence[Table], counts: Sequence[Sequence[int]], k: int
) -> list[list[int | None]]:
    """Return the numbers of each table, None where a number is withheld.

    Args:
        installs: Active installs, which are told.
        tables: What the numbers are of.
        counts: Installs by key, for each table.
        k: The least number that is told.

    Raises:
        SuppressionError: fewer than `k` installs were active.
    """
    if installs < k:
        raise SuppressionError(f"fewer than {k} installs were active: nothing of them is told")
    return [
        [None if place in hidden else count for place, count in enumerate(of_table)]
        for table, of_table in zip(tables, counts, strict=True)
        for hidden in [_hidden(installs, table, of_table, k)]
    ]


def known(
    installs: int, table: Table, counts: Sequence[int], hidden: Collection[int], k: int
) -> Known:
    """Return what whoever knows the rules, and which numbers were small, knows of a table.

    Args:
        installs: Active installs.
        table: The table.
        counts: Its numbers.
        hidden: The places of the numbers that are withheld.
        k: The least number that is told.
    """
    visible = [count for place, count in enumerate(counts) if place not in hidden]
    # The smallest go first, so that none of them is more than the least that is told.
    least = min(visible, default=installs)
    most = {place: k - 1 if counts[place] < k else least for place in hidden}
    told = sum(visible)
    # An install is in `cap` rows at most, and in none if it told nothing. What every session tells,
    # or is counted as `OTHER`, leaves nobody out.
    low = max(0, installs - told) if table.has_other and table.source == "_sessions" else 0
    return Known(most, low, max(0, max(installs, told) * table.cap - told))


def _hidden(installs: int, table: Table, counts: Sequence[int], k: int) -> set[int]:
    hidden = {place for place, count in enumerate(counts) if count < k}
    left = sorted(
        (place for place in range(len(counts)) if place not in hidden),
        key=lambda place: (counts[place], place),
    )
    for place in left:
        if _is_safe(known(installs, table, counts, hidden, k), k):
            return hidden
        # Of several that are alike, all go: which of them is told would tell their order.
        hidden |= {other for other in left if counts[other] == counts[place]}
    return hidden


def _is_safe(of: Known, k: int) -> bool:
    return all(high - low >= k / 2 for low, high in map(of.range, of.most))
