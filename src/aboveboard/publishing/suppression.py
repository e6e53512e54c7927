"""Suppression: which exact numbers are withheld, so that none of them can be worked out.

A number under k is withheld. That alone is not safe: what all rows of a table add up to is known or
bounded, so whoever subtracts the numbers that are told knows about those that are not. So further
numbers of the table are withheld, the smallest first, until what is known of every withheld number
leaves a range of at least k/2.

What an attacker knows of a table is a set of linear bounds: each withheld number is between a least
and a most, and together they are between two sums. The range of one of them is then the solution of
a linear program, and has a closed form. Tables share nothing but the number of active installs,
which is told, and periods never overlap: so the program over all tables and periods falls into one
a table, and solving each of them solves it whole.

Two attackers are kept off. One knows the rule, and what is told. The other knows besides which of
the withheld numbers are the small ones, as whoever tries all populations that the rule would have
answered so may find out: of the small ones it must not know more either. (Where a whole table is
withheld it tells nothing, and nobody knows that.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .tables import PropertyTable


class SuppressionError(ValueError):
    """Nothing of a period may be told exactly; the text says why."""


@dataclass(frozen=True)
class Known:
    """What is known of the withheld numbers of a table.

    Args:
        bounds: Between what each is by itself, by its place in the table.
        low: What they add up to, at least.
        high: What they add up to, at most.
    """

    bounds: dict[int, tuple[int, int]]
    low: int
    high: int

    def range(self, place: int) -> tuple[int, int]:
        """Return between what a number is: the least and the greatest solution."""
        least, most = self.bounds[place]
        others_least = sum(low for low, _ in self.bounds.values()) - least
        others_most = sum(high for _, high in self.bounds.values()) - most
        return max(least, self.low - others_most), min(most, self.high - others_least)


def withheld(
    installs: int, tables: Sequence[PropertyTable], counts: Sequence[Sequence[int]], k: int
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
    installs: int,
    table: PropertyTable,
    counts: Sequence[int],
    hidden: Collection[int],
    k: int,
    *,
    knows_small: bool,
) -> Known:
    """Return what an attacker knows of a table.

    Args:
        installs: Active installs.
        table: The table.
        counts: Its numbers.
        hidden: The places of the numbers that are withheld.
        k: The least number that is told.
        knows_small: Whether the attacker knows which of the withheld numbers are under `k`.
    """
    visible = [count for place, count in enumerate(counts) if place not in hidden]
    # The smallest go first, so that none of them is more than the least that is told.
    most = max(k - 1, min(visible, default=installs))
    bounds = dict.fromkeys(hidden, (0, most))
    if knows_small:
        bounds = {place: (0, k - 1) if counts[place] < k else (k, most) for place in hidden}
    told = sum(visible)
    # An install is in `cap` rows at most, and in none if it told nothing. What every session tells,
    # or is counted as `OTHER`, leaves nobody out.
    low = max(0, installs - told) if table.has_other and table.source == "_sessions" else 0
    # A session may go on from the period before: then more had one value than were active.
    there = max(installs, *visible, 0)
    return Known(bounds, low, max(0, there * table.cap - told))


def _hidden(installs: int, table: PropertyTable, counts: Sequence[int], k: int) -> set[int]:
    hidden = {place for place, count in enumerate(counts) if count < k}
    left = sorted(
        (place for place in range(len(counts)) if place not in hidden),
        key=lambda place: (counts[place], place),
    )
    for place in left:
        if place in hidden:
            continue
        if _is_safe(installs, table, counts, hidden, k):
            return hidden
        # Of several that are alike, all go: which of them is told would tell their order.
        hidden |= {other for other in left if counts[other] == counts[place]}
    return hidden


def _is_safe(
    installs: int, table: PropertyTable, counts: Sequence[int], hidden: Collection[int], k: int
) -> bool:
    by_rule = known(installs, table, counts, hidden, k, knows_small=False)
    by_size = known(installs, table, counts, hidden, k, knows_small=True)
    small = [place for place in hidden if counts[place] < k]
    ranges = [*map(by_rule.range, hidden), *map(by_size.range, small)]
    return all(high - low >= k / 2 for low, high in ranges)
