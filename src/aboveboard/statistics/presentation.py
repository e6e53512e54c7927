"""Which shares are known well enough to be said, and which are too few to say.

The rule is that of the National Center for Health Statistics of the United States for proportions
(Parker and others, "National Center for Health Statistics Data Presentation Standards for
Proportions", Vital and Health Statistics 2(175), 2017): a share is not presented if its effective
sample size is under 30, or if its 95 % interval is at least 30 points wide, or if the interval is
more than 5 points wide and wider than 130 % of the share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .intervals import Interval

ANSWERS = 30.0
"""The least effective sample size."""

NARROW, WIDE = 0.05, 0.30
"""Intervals up to the first width are narrow whatever the share; from the second on they tell too
little of any share."""

RELATIVE = 1.30
"""How wide an interval between the two may be, against its share."""


def too_few(share: float, interval: Interval | None) -> bool:
    """Say whether too little is known of a share to say it; so it is where there is no interval."""
    if interval is None or interval.size < ANSWERS:
        return True
    width = interval.high - interval.low
    if width <= NARROW:
        return False
    return width >= WIDE or width > RELATIVE * share
