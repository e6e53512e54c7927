"""How many installs to ask, for an accuracy that is wanted.

The share of installs that do something is known to ± `points` with 95 % certainty from n installs
chosen by chance, where n = z² p (1 - p) / points² at p = 1/2, the worst (Cochran, Sampling
Techniques, 1977, 4.4), and with a correction if n is much of all installs (4.5). Who says yes is
not chosen by chance: of those who say no, no number of installs tells.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .errors import ContractError

Z = 1.959964
"""The two-sided 95 % point of the normal distribution."""


class Sampling(NamedTuple):
    """What it takes."""

    needed: int
    """Installs that send."""

    percent: float
    """The share of installs to ask, in percent: `sample_percent`. 100 at most."""

    points: float
    """The accuracy that is reached with it, in points. More than was wanted if 100 % do not do."""


def sampling(points: float, installs: int, yes: float) -> Sampling:
    """Return what share of installs to ask.

    Args:
        points: The accuracy wanted, ± in points of a percent: above 0, below 50.
        installs: How many installs there are.
        yes: Which share of those asked says yes, above 0, up to 1.

    Raises:
        ContractError: a number is none that can be.
    """
    if not 0 < points < 50:
        raise ContractError(f"an accuracy is above 0 and below 50 points, not {points:g}")
    if installs < 1:
        raise ContractError(f"a tool has at least one install, not {installs:,}")
    if not 0 < yes <= 1:
        raise ContractError("those who say yes are above 0 and up to 100 percent of those asked")
    infinite = (Z / 2 / (points / 100)) ** 2
    needed = math.ceil(infinite / (1 + (infinite - 1) / installs))
    percent = min(100.0, math.ceil(1000 * needed / (installs * yes)) / 10)
    answering = max(1.0, installs * yes * percent / 100)
    left = max(0.0, (installs - answering) / max(1, installs - 1))
    return Sampling(needed, percent, 100 * Z / 2 * math.sqrt(left / answering))
