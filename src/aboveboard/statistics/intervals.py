"""95 % intervals for shares, from a standard error and the number of installs behind it.

The SQL gives a share and its standard error, both from sums an install. Here the error becomes an
interval: on the logit scale, so that it stays between 0 and 1 and is longer towards the middle, as
a share's uncertainty is, and with Student's t, since the error itself is an estimate.
docs/insights.md tells where each part comes from and how often such intervals hold the truth.
"""

from __future__ import annotations

import math

LEVEL = 0.95

_NORMAL = 1.959963984540054
"""The normal distribution's 97.5 % point."""


def interval(share: float, error: float, installs: int) -> tuple[float, float] | None:
    """Return the bounds of a share, or None where the data cannot say.

    They cannot where there are fewer than two installs, and where every install gives the same
    answer (a share of 0 or 1): a standard error of 0 would claim to be certain.
    """
    usable = math.isfinite(share) and math.isfinite(error) and 0 < share < 1 and error > 0
    if installs < 2 or not usable:
        return None
    odds = math.log(share) - math.log1p(-share)
    reach = student(installs - 1) * error / (share * (1 - share))
    return min(_share(odds - reach), share), max(_share(odds + reach), share)


def student(freedom: int) -> float:
    """Return the 97.5 % point of Student's t.

    Exact for one and two degrees of freedom; from three on by the expansion in powers of
    1/freedom (Abramowitz and Stegun, 26.7.5), 0.7 % short for three and 0.1 % for five.
    """
    if freedom == 1:
        return math.tan(math.pi * LEVEL / 2)
    if freedom == 2:
        return LEVEL * math.sqrt(2 / (1 - LEVEL**2))
    z = _NORMAL
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds > -_FAR else 0.0


_FAR = 700.0
"""Odds whose exponential a float just holds."""
