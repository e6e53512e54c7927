"""Releases that are made for these tests."""

from __future__ import annotations

from aboveboard.publishing import periods
from aboveboard.publishing.release import Counted, Release


def release(
    period: str = "2026-10", *, installs: int = 900, kind: str = "noise", rho: float = 0.05
) -> Release:
    days = periods.of_name(period)
    exact = kind == "exact"
    os = Counted(
        "os",
        "Systems",
        "The system",
        1,
        ["Linux", "Darwin", "Windows", "other"],
        [500, 300, None, None] if exact else [500, 300, 40, -7],
    )
    odd = Counted(
        "say.word", "say: word", "A word", 2, ['a "b"\\', "<i>c</i>", "d,e"], [200, 100, -3]
    )
    return Release(
        1,
        "tool",
        period,
        days.since.isoformat(),
        days.until.isoformat(),
        "exact" if exact else "noise",
        0.0 if exact else rho,
        0.0 if exact else 12.5,
        10 if exact else 0,
        installs,
        [os] if exact else [os, odd],
        "2026-11-05",
        "0.1.0",
    )
