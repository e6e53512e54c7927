"""Estimates of shares from the sums that the SQL gives a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .intervals import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = 8
"""In which order floats happened to be added up hardly ever shows in so few digits."""

TYPICAL_MAX = 10
"""How many typical installs one counts as at most in a robust share; the SQL says the same."""

ONE_IS_MUCH = 0.25
"""From which part of a row on it is said that one install makes so much of it."""


def estimate(sums: Sequence[float]) -> Estimate | None:
    """Return a row's share as it is estimated from installs; None where it is a share of nothing.

    Args:
        sums: Over the installs, where x is what an install has and y how much of it counts: their
            number, Σx, Σx², Σy, Σy², Σxy, Σ(wy)², Σw²xy and Σ(wx)², with w = 1 / (1 - x / Σx);
            then what `robust` and `largest` read, and Σ(y²/x). Empty for a row that stands for
            nothing.

    The error is the delete-one jackknife's: leaving out an install moves the share by
    (y - px) / (Σx - x).
    """
    if not sums or not sums[1] > 0:
        return None
    n, x, xx, y, yy, xy, wyy, wxy, wxx, _, _, _, rates = sums
    share = y / x
    variance = (wyy - 2 * share * wxy + share**2 * wxx) * (1 - 1 / n) / x**2
    # Where one install has everything, leaving it out leaves nothing: that is no variance.
    error = math.sqrt(max(0.0, variance)) if math.isfinite(variance) else 0.0
    rest = xx - 2 * xy + yy
    return Estimate(
        share,
        rounded(error),
        x,
        rounded(_clusters(x, xx)),
        rounded(min(_clusters(y, yy), _clusters(x - y, rest))),
        round(n),
        rounded(_alike(share, rates / x)),
    )


def robust(sums: Sequence[float]) -> float | None:
    """Return a row's share if no install counts as more than ten typical ones.

    The typical install has the geometric mean of x. What a busier one did keeps its proportions,
    and counts as if it had done ten times that (docs/statistics.md).

    Args:
        sums: As `estimate` has them, and behind those Σvx and Σvy, v = min(1, c / x), and the
            largest y.
    """
    if len(sums) < 12 or not sums[9] > 0:
        return None
    return float(f"{sums[10] / sums[9]:.6g}")


def largest(sums: Sequence[float]) -> float | None:
    """Return which part of what a share counts comes of one install, the one with most of it."""
    if len(sums) < 12 or not sums[3] > 0:
        return None
    return float(f"{sums[11] / sums[3]:.6g}")


def _alike(share: float, together: float) -> float:
    """Return the intraclass correlation; 1 where all answers are the same, which tells nothing.

    Args:
        share: The chance that an answer counts.
        together: The chance that two answers of one install both count: Σ(y²/x) / Σx.
    """
    spread = share * (1 - share)
    return max(0.0, min(1.0, (together - share**2) / spread)) if spread > 0 else 1.0


def _clusters(total: float, squares: float) -> float:
    return total**2 / squares if squares > 0 else 0.0


def rounded(value: float) -> float:
    """Return a value in so many digits that it is the same on one machine and on many shards."""
    return float(f"{value:.{DIGITS}g}")
