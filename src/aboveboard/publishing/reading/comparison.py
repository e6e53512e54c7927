"""Which of two values more installs have, by what is published, and whether that is certain.

Two errors stand between the published numbers and an answer. The noise is known: two numbers have
it, each with the same standard deviation, so their difference has √2 times that. Sampling is what
other installs, alike but not the same, would have said: the interval of the difference of two
shares of the same installs (`statistics/differences.py`). Both are independent, so that their
reaches add up as squares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aboveboard.publishing.estimates import REACH, are_enough
from aboveboard.statistics import differences

if TYPE_CHECKING:
    from aboveboard.statistics.differences import Difference

    from .documents import Document, PublishedTable

Verdict = Literal["certain", "among_those_counted", "cannot_be_told"]


@dataclass(frozen=True)
class Value:
    """One of the two.

    Args:
        installs: As published; None where it is withheld.
        share: Of the active installs; None where there is none, or too few are active for one.
    """

    key: str
    installs: int | None
    share: float | None


@dataclass(frozen=True)
class Answer:
    """What is known of two values of a table.

    Args:
        one: The one that was named first.
        difference: Of their shares, the first less the other, with both errors; None where a
            number is withheld or too few installs are active.
        noise: Half of the 95 % interval of the noise in the difference, in installs.
    """

    table: PublishedTable
    one: Value
    other: Value
    difference: Difference | None
    noise: float

    @property
    def verdict(self) -> Verdict:
        """How much is certain: beyond those who were counted, among them alone, or nothing."""
        if self.difference is None:
            return "cannot_be_told"
        if self.difference.sure:
            return "certain"
        one, other = (max(0, value.installs or 0) for value in (self.one, self.other))
        return "among_those_counted" if abs(one - other) > self.noise else "cannot_be_told"

    @property
    def more(self) -> Value | None:
        """The value that more installs have; None where that cannot be told."""
        if self.verdict == "cannot_be_told" or self.difference is None:
            return None
        return self.one if self.difference.value > 0 else self.other


def compare(document: Document, table: PublishedTable, one: str, other: str) -> Answer:
    """Return which of two values of a table more installs have.

    Args:
        document: The period.
        table: One of its tables.
        one: A value that the table has.
        other: Another one.
    """
    installs, noise = document.installs, REACH * document.scale
    enough = are_enough(installs, noise)
    values = [
        Value(
            key,
            count,
            None if count is None or not enough else min(1.0, max(0.0, count / installs)),
        )
        for key, count in ((one, table.counts[one]), (other, table.counts[other]))
    ]
    difference = None
    if values[0].share is not None and values[1].share is not None:
        difference = _difference(values[0].share, values[1].share, installs, noise)
    return Answer(table, values[0], values[1], difference, noise * math.sqrt(2))


def _difference(one: float, other: float, installs: int, noise: float) -> Difference:
    # A number that noise made negative is 0 in its share: no difference is greater for it.
    sampling = differences.of_values(one, other, installs)
    value = sampling.value
    # The number of installs has noise, too, by which the difference is divided.
    of_noise = noise * math.sqrt(2 + value**2) / installs
    return differences.Difference(
        value,
        max(-1.0, value - math.hypot(value - sampling.low, of_noise)),
        min(1.0, value + math.hypot(sampling.high - value, of_noise)),
    )
