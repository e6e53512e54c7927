"""Differences of two shares, and changes of two counts, of installs that may be the same.

The installs of this month are mostly those of the month before: an install that is in both is not
two. The SQL gives each side's sums by *bucket*, a hash of the install, so that an install is in the
same bucket on both sides whatever was asked (the random groups of Wolter, Introduction to Variance
Estimation, 2nd ed. 2007, chapter 2). From them comes how far the two sides go together.

- A difference of shares has the interval that is recovered from the two shares' own (Newcombe,
  Statistics in Medicine 17, 1998, 2635-2650, method 10; Zou, American Journal of Epidemiology
  168, 2008, for whatever intervals the two have), with the correlation of the buckets.
- A change of counts (sessions, dollars) is a ratio, whose logarithm has the variance of the
  buckets' parts of the two sums, each install being drawn.

`bench/differences.py` counts how often such intervals hold the truth; docs/statistics.md has the
table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .intervals import NORMAL, Bounds, Estimate, student, wilson

BUCKETS = 256
"""How many there are; the SQL's `shares.sql` has the same number."""

Sums = Mapping[int, float]
"""By bucket."""

Arrays = tuple[Sequence[int], Sequence[float]]
"""The same as ClickHouse's sumMap gives it: buckets, and a sum each."""


@dataclass(frozen=True)
class Side:
    """A share on one side of a difference.

    Args:
        estimate: The share, as its table has it.
        bounds: Its interval there.
        of: What it is a share of, by bucket.
        its: How much of that counts, by bucket.
    """

    estimate: Estimate
    bounds: Bounds
    of: Sums
    its: Sums

    def residuals(self) -> dict[int, float]:
        """Return how far each bucket is above or below its part of the share."""
        share = self.estimate.share
        return {bucket: self.its.get(bucket, 0.0) - share * of for bucket, of in self.of.items()}


@dataclass(frozen=True)
class Difference:
    """What a difference of shares is, or a change of counts as a part of what was: `0.17`."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether chance alone does not explain it: the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    @property
    def opposite(self) -> Difference:
        """The difference of the rests: of what crashed, where this is of what did not."""
        return Difference(-self.value, -self.high, -self.low)


def difference(now: Side, then: Side) -> Difference:
    """Return by how much the share now is greater than the one then."""
    together = correlation(now.residuals(), then.residuals())
    return _between((now.estimate.share, now.bounds), (then.estimate.share, then.bounds), together)


def of_values(one: float, other: float, installs: float) -> Difference:
    """Return by how much more installs have one value than another, of the same installs.

    How many have both is not asked: the correlation of the two shares is the least that there can
    be (Fréchet, 1951), as if nobody had both unless some must. Of installs that have one value each
    it is exact; where more have both, the interval is too wide, never too narrow.

    Args:
        one: The share of the installs that have the one.
        other: The share that have the other.
        installs: How many there are, more than 0.
    """
    spread = one * (1 - one) * other * (1 - other)
    both = max(0.0, one + other - 1)
    together = max(-1.0, (both - one * other) / math.sqrt(spread)) if spread > 0 else 0.0
    bounds = wilson(one, installs, NORMAL), wilson(other, installs, NORMAL)
    return _between((one, bounds[0]), (other, bounds[1]), together)


def _between(one: tuple[float, Bounds], other: tuple[float, Bounds], together: float) -> Difference:
    (a, (low_a, high_a)), (b, (low_b, high_b)) = one, other
    value = a - b
    return Difference(
        value,
        max(-1.0, value - _reach(a - low_a, high_b - b, together)),
        min(1.0, value + _reach(high_a - a, b - low_b, together)),
    )


def correlation(one: Sums, other: Sums) -> float:
    """Return the correlation of residuals by bucket; 0 where a side has none."""
    squares = math.fsum(v * v for v in one.values()) * math.fsum(v * v for v in other.values())
    if squares <= 0:
        return 0.0
    products = math.fsum(value * other.get(bucket, 0.0) for bucket, value in one.items())
    return max(-1.0, min(1.0, products / math.sqrt(squares)))


def _reach(one: float, other: float, together: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * together * one * other + other**2))


def change(now: Sums, then: Sums) -> Difference | None:
    """Return by what part a count has changed, as `0.17`; None where that cannot be said.

    Args:
        now: What is counted, by bucket.
        then: The same of the other side.
    """
    total, before = math.fsum(now.values()), math.fsum(then.values())
    if total <= 0 or before <= 0:
        return None
    # As many equal buckets as would be as concentrated: of ten installs of which one does nearly
    # everything, the variance is known as badly as of two.
    answers = math.floor(min(_clusters(now, total), _clusters(then, before)))
    if answers < 2:
        return None
    parts = (
        now.get(bucket, 0.0) / total - then.get(bucket, 0.0) / before for bucket in {*now, *then}
    )
    # Parts of different installs that share a bucket cancel: their sum is zero.
    variance = math.fsum(part * part for part in parts) * BUCKETS / (BUCKETS - 1)
    reach = student(answers - 1) * math.sqrt(variance)
    ratio, factor = total / before, math.exp(min(reach, 50.0))
    return Difference(ratio - 1, ratio / factor - 1, ratio * factor - 1)


def _clusters(counts: Sums, total: float) -> float:
    return total**2 / math.fsum(each * each for each in counts.values())


def sums(arrays: Arrays | None) -> dict[int, float]:
    """Return the sums by bucket that a query gives."""
    return dict(zip(*arrays, strict=True)) if arrays else {}
