"""95 % intervals for the shares of a table, in which whoever sends much counts much.

The unit that was drawn is the install. The SQL gives, for each row's share, its standard error (the
delete-one jackknife over installs) and the clustering of what it is a share of. Here they become an
*effective sample size*, the number of independent answers that would know as much, and from it
Wilson's score interval with Student's t.

A row's own variance is a poor guide where few installs stand behind it: it is too small just where
the share came out too small. So it is not believed below what the intraclass correlation says, how
alike the answers of one install are, to which all installs add and not only the busiest. That is
mixed with the guess that an install is one answer, which counts the less the more installs
answered; and the effective size is at most what the variances of all rows say together, of the
whole table and of the rows that are as rare as this one.
docs/statistics.md has the sources, and how often such intervals hold the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LEVEL = 0.95

RARE = 0.05
"""Rows whose share is at most this are pooled apart as well: what few do is done by fewer installs
each, so that what is common knows too little of it."""

ALIKE = 1e-5
"""An error is what a subtraction leaves of sums of squares. Below this part of its share it is the
noise of that subtraction, and the installs behind the row are all alike."""

PRIOR = 10.0
"""As many answers as it takes for the intraclass correlation to count as much as the guess that
whoever sends says the same each time, so that an install is one answer."""

FREEDOM_MIN = 9
"""A variance of ten installs of which one sends nearly everything is known as badly as that of two.
From ten on, their concentration says of how many degrees of freedom it is, never fewer than this:
where fewer installs stand behind a row, the guess above makes its interval long enough."""

NORMAL = 1.959963984540054
"""The normal distribution's 97.5 % point."""

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """One row's share, estimated from installs.

    Args:
        share: Between 0 and 1.
        error: Its standard error; 0 where all installs answered alike.
        size: What it is a share of: all messages, a version's sessions.
        clusters: How many equal installs would be as concentrated as these are in what the share is
            of: (Σx)² / Σx² (Kish, Survey Sampling, 1965). At most the number of installs.
        answers: The same of what they said: the lesser of those who had it, (Σy)² / Σy², and of
            those who had not, with x - y. How much stands behind `error`.
        alike: How alike an install's answers are: 0 as alike as anybody's, 1 all the same. The
            intraclass correlation, (Σ(y²/x) / Σx - p²) / (p(1 - p)).
    """

    share: float
    error: float
    size: float
    clusters: float
    answers: float
    installs: int
    alike: float

    @property
    def spread(self) -> float:
        """The variance of one answer: p(1 - p)."""
        return self.share * (1 - self.share)

    @property
    def variance(self) -> float:
        return 0.0 if self.error < ALIKE * self.share else self.error**2

    @property
    def rare(self) -> bool:
        return self.share <= RARE

    @property
    def freedom(self) -> int:
        """The degrees of freedom of the variance."""
        return min(self.installs - 1, max(round(self.clusters) - 1, FREEDOM_MIN))


@dataclass(frozen=True)
class Interval:
    """What is known of a share: its bounds, and of how many independent answers."""

    low: float
    high: float
    size: float


def intervals(rows: Sequence[Estimate]) -> list[Bounds | None]:
    """Return the bounds of each row's share; None where fewer than two installs stand behind it.

    Args:
        rows: The rows of one table, in any order; the bounds do not depend on it.
    """
    return [None if each is None else (each.low, each.high) for each in known(rows)]


def known(rows: Sequence[Estimate]) -> list[Interval | None]:
    """Return the same as `intervals`, each with its effective sample size."""
    usable = [row for row in rows if row.installs > 1]
    pools = (
        _Pool(usable),
        {rare: _Pool([row for row in usable if row.rare is rare]) for rare in (False, True)},
    )
    return [
        _interval(row, (pools[0], pools[1][row.rare])) if row.installs > 1 else None for row in rows
    ]


def _interval(row: Estimate, pools: Iterable[_Pool]) -> Interval:
    sizes = [size for pool in pools for size in pool.sizes(row)]
    effect = row.variance * row.clusters / row.spread if row.spread > 0 else 0.0
    effect = min(effect, row.clusters)  # nobody is less than one answer
    told = row.alike + (1 - row.alike) * row.clusters / row.size
    sizes.append(row.clusters / max(effect, (row.answers * told + PRIOR) / (row.answers + PRIOR)))
    size = max(1.0, min(sizes))
    return Interval(*wilson(row.share, size, student(row.freedom)), size)


class _Pool:
    """What rows say together of how much wider they vary than independent answers would."""

    def __init__(self, rows: Sequence[Estimate]) -> None:
        rows = [row for row in rows if row.spread > 0]
        spread = math.fsum(row.spread for row in rows) or math.inf
        self._a_cluster = math.fsum(row.variance * row.clusters for row in rows) / spread
        self._a_unit = math.fsum(row.variance * row.size for row in rows) / spread

    def sizes(self, row: Estimate) -> Iterator[float]:
        """Yield effective sizes of a row; none where no row of the pool has a variance."""
        if self._a_cluster > 0:
            yield row.clusters / self._a_cluster
            yield row.size / self._a_unit


def wilson(share: float, size: float, reach: float) -> Bounds:
    """Return Wilson's score interval (Journal of the American Statistical Association 22, 1927).

    Args:
        share: Of `size` independent answers, which need be no whole number.
        size: More than 0.
        reach: How many standard errors each way.
    """
    square = reach**2 / size
    middle = (share + square / 2) / (1 + square)
    half = reach * math.sqrt(share * (1 - share) / size + square / (4 * size)) / (1 + square)
    return min(max(0.0, middle - half), share), max(min(1.0, middle + half), share)


def student(freedom: int) -> float:
    """Return the 97.5 % point of Student's t.

    Exact for one and two degrees of freedom; from three on by the expansion in powers of
    1/freedom (Abramowitz and Stegun, 26.7.5), 0.7 % short for three and 0.1 % for five.
    """
    if freedom == 1:
        return math.tan(math.pi * LEVEL / 2)
    if freedom == 2:
        return LEVEL * math.sqrt(2 / (1 - LEVEL**2))
    z = NORMAL
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
