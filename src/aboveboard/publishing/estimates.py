"""What a release's numbers tell, made of those numbers alone: shares, and how wrong they may be.

Two errors stand apart. That of the noise is ours: it was added, and its size is known exactly. That
of sampling is the world's: these installs said yes, and others, alike but not the same, might have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from aboveboard.statistics.intervals import wilson

if TYPE_CHECKING:
    from .release import Counted, Release

REACH = NormalDist().inv_cdf(0.975)
"""Standard errors each way of a 95 % interval."""


@dataclass(frozen=True)
class Row:
    """A key of a table.

    Args:
        installs: As published; None where it is withheld.
        noise: Half of the 95 % interval of the noise, in installs.
        is_told: Whether it can be told from nobody: with as many keys as the table has, less than
            one table in twenty shows a key that nobody had.
        share: Of the active installs; None where too few are active for one.
        share_noise: Half of the 95 % interval that the noise gives the share.
        sample_low: Bounds of the 95 % interval of sampling alone.
        sample_high: The same.
    """

    key: str
    installs: int | None
    noise: float
    is_told: bool
    share: float | None = None
    share_noise: float | None = None
    sample_low: float | None = None
    sample_high: float | None = None

    @property
    def low(self) -> float | None:
        """The lower bound of both errors together."""
        if self.share is None or self.share_noise is None or self.sample_low is None:
            return None
        return max(0.0, self.share - math.hypot(self.share_noise, self.share - self.sample_low))

    @property
    def high(self) -> float | None:
        """The upper bound of both errors together."""
        if self.share is None or self.share_noise is None or self.sample_high is None:
            return None
        return min(1.0, self.share + math.hypot(self.share_noise, self.sample_high - self.share))


def installs(release: Release) -> Row:
    """Return the number of active installs."""
    noise = REACH * release.scale
    return Row("installs", release.installs, noise, release.installs > noise)


def are_enough(installs: int, noise: float) -> bool:
    """Say whether so many active installs, with that half of the interval, can have shares."""
    return installs > max(2 * noise, 1)


def rows(release: Release, table: Counted) -> list[Row]:
    """Return a table's rows, in the order of its keys."""
    noise = REACH * release.scale
    bar = release.scale * NormalDist().inv_cdf(1 - 0.05 / max(2, len(table.keys)))
    found = []
    for key, count in zip(table.keys, table.counts, strict=True):
        if count is None or not are_enough(release.installs, noise):
            found.append(Row(key, count, noise, count is not None and count > bar))
            continue
        share = min(1.0, max(0.0, count / release.installs))
        low, high = wilson(share, release.installs, REACH)
        found.append(
            Row(
                key,
                count,
                noise,
                count > bar,
                share,
                noise * math.sqrt(1 + share**2) / release.installs,
                low,
                high,
            )
        )
    return found


def ranked(found: list[Row]) -> list[Row]:
    """Return the rows that can be told from nobody, the greatest first."""
    told = [row for row in found if row.is_told and row.installs is not None]
    return sorted(told, key=lambda row: (-(row.installs or 0), row.key))
