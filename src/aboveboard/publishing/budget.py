"""The budget: how much one period may tell of an install, and all periods of a year together.

Counted in rho of zero-concentrated differential privacy (Bun and Steinke, "Concentrated
Differential Privacy: Simplifications, Extensions, and Lower Bounds", 2016), which simply adds up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from .periods import MONTH, WEEK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .periods import Period

YEAR = timedelta(days=365)
YEAR_RHO = 0.8
"""What any 365 days may spend: 53 weeks of 0.015. An epsilon under 7.5 at a delta of 10⁻⁶."""

DELTA = 1e-6


class BudgetError(ValueError):
    """A period would tell more than a year may; the text says when it may."""


@dataclass(frozen=True)
class Rate:
    """How often something is published, and what a period spends.

    Args:
        least: From how many active installs on.
        rho: What a period spends.
    """

    least: int
    every: str
    rho: float


RATES = (Rate(0, MONTH, 0.05), Rate(2_000, WEEK, 0.015), Rate(20_000, WEEK, 0.005))
"""By the number of active installs: the fewer there are, the more a rare, exact answer is worth."""


@dataclass(frozen=True)
class Spent:
    """A period that is out."""

    period: Period
    rho: float


def rate(published: float | None, before: Rate | None = None) -> Rate:
    """Return the rate for a project, by what it has published already.

    The true number of installs would do, and would tell: whoever knows all installs but one, at a
    threshold, would see by the rate if that one is there. What is out already tells nothing more.

    Args:
        published: The number of active installs as the last period has it, noise and all; None
            before there is one.
        before: The rate of that period. A lower one is taken only below half of its threshold,
            since a week has fewer active installs than its month.
    """
    found = RATES[0]
    if published is None:
        return found
    for each in RATES:
        is_kept = before is not None and each.least <= before.least
        if published >= each.least / (2 if is_kept else 1):
            found = each
    return found


def of_release(every: str, rho: float) -> Rate:
    """Return the rate that a period was published at, or the nearest."""
    return min(RATES, key=lambda each: (each.every != every, abs(each.rho - rho)))


def slowest(every: str) -> Rate:
    """Return the rate for so many installs as are enough to publish so often."""
    return next(each for each in RATES if each.every == every)


def check(spent: Iterable[Spent], period: Period, rho: float) -> None:
    """Say whether a period may spend `rho` beside what others have spent.

    An install that is there on a period's last day is exposed to it whole, so a period counts in
    all 365 days of which it has one. Of those that begin on the last day of a period, some have the
    most.

    Raises:
        BudgetError: some 365 days would have spent more than `YEAR_RHO`.
    """
    every = sorted([*spent, Spent(period, rho)], key=lambda each: each.period)
    for first in every:
        since, until = first.period.until, first.period.until + YEAR
        inside = [
            each for each in every if since <= each.period.until and each.period.since < until
        ]
        total = math.fsum(each.rho for each in inside)
        if total > YEAR_RHO * (1 + 1e-9) and any(each.period == period for each in inside):
            left = max(0.0, YEAR_RHO - (total - rho))
            raise BudgetError(
                f"{period.name} would spend {rho:g}, and the 365 days from {since} "
                f"on may spend {YEAR_RHO:g} and have {left:.3g} left: publish less often, or with "
                "a smaller --rho"
            )


def epsilon(rho: float, delta: float = DELTA) -> float:
    """Return an ε that rho implies at δ (Bun and Steinke 2016, proposition 1.3)."""
    return rho + 2 * math.sqrt(rho * math.log(1 / delta))


def advantage(rho: float) -> float:
    """Return the most by which any guess of who is in may be right more often than chance.

    The total variation distance that rho allows is at most the square root of rho / 2 (Pinsker's
    inequality), since it bounds the Kullback-Leibler divergence.
    """
    return min(1.0, math.sqrt(rho / 2))
