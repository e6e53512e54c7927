"""Drawing: the release of a period, made of what the warehouse counts, with noise or exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard import __version__

from . import counting, release, suppression
from .release import FORMAT, Release

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from aboveboard.warehouse import Warehouse

    from .periods import Period
    from .release import Counted
    from .tables import PropertyTable


def contribution(tables: Sequence[PropertyTable]) -> int:
    """Return to how many numbers of a release one install adds 1, at most."""
    return 1 + sum(min(table.cap, len(table.keys)) for table in tables)


def noisy(
    warehouse: Warehouse,
    project: str,
    period: Period,
    tables: Sequence[PropertyTable],
    rho: float,
    today: date,
) -> Release:
    """Return a release with noise on every number, drawn now: keep it before anybody sees it.

    It spends `rho` at most.

    Raises:
        WarehouseError: the installs cannot be counted.
    """
    from . import noise  # OpenDP, which only this needs

    installs, counts = counting.all_counts(warehouse, project, period, tables)
    scale = noise.scale_of(contribution(tables), rho)
    drawn = iter(noise.add([installs, *(each for table in counts for each in table)], scale))
    number = next(drawn)
    made = [release.counted(table, [next(drawn) for _ in table.keys]) for table in tables]
    spent = noise.spent(contribution(tables), scale)
    return _release(project, period, made, number, today, rho=spent, scale=scale)


def exact(
    warehouse: Warehouse,
    project: str,
    period: Period,
    tables: Sequence[PropertyTable],
    k: int,
    today: date,
) -> Release:
    """Return a release of exact numbers, those under `k` withheld and others with them.

    Raises:
        WarehouseError: the installs cannot be counted.
        SuppressionError: fewer than `k` installs were active.
    """
    installs, counts = counting.all_counts(warehouse, project, period, tables)
    made = [
        release.counted(table, told)
        for table, told in zip(
            tables, suppression.withheld(installs, tables, counts, k), strict=True
        )
    ]
    return _release(project, period, made, installs, today, k=k)


def _release(
    project: str,
    period: Period,
    tables: list[Counted],
    installs: int,
    today: date,
    *,
    rho: float = 0.0,
    scale: float = 0.0,
    k: int = 0,
) -> Release:
    return Release(
        FORMAT,
        project,
        period.name,
        period.since.isoformat(),
        period.until.isoformat(),
        "exact" if k else "noise",
        rho,
        scale,
        k,
        installs,
        tables,
        today.isoformat(),
        __version__,
    )
