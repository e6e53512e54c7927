"""What shares and their intervals must be, told plainly: by leaving out one install at a time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import pytest

from aboveboard.statistics.intervals import Estimate, intervals

Install = TypeVar("Install", bound=Hashable)


def hold(
    rows: Sequence[Mapping[str, object]],
    name: str,
    counts: Iterable[tuple[Mapping[Install, float], Mapping[Install, float]]],
) -> None:
    """Hold a table's shares against what each install had, and of how much, row by row."""
    expected = [estimated(its, of) for its, of in counts]
    for row, each, bounds in zip(rows, expected, intervals(expected), strict=True):
        assert row[name] == pytest.approx(each.share)
        found = (row[f"{name}_low"], row[f"{name}_high"])
        assert found == ((None, None) if bounds is None else pytest.approx(bounds, rel=1e-6))


def hold_robust(
    rows: Sequence[Mapping[str, object]],
    name: str,
    counts: Iterable[tuple[Mapping[Install, float], Mapping[Install, float]]],
) -> None:
    """Hold what is said of one install's weight against what each install had, row by row."""
    for row, (its, of) in zip(rows, counts, strict=True):
        typical = math.exp(math.fsum(math.log(each) for each in of.values() if each) / len(of))
        weight = {one: min(1, 10 * typical / had) for one, had in of.items()}
        robust = sum(weight[one] * did for one, did in its.items() if one in of)
        robust /= sum(weight[one] * had for one, had in of.items())
        assert row[f"{name}_robust"] == pytest.approx(robust, rel=1e-5)
        total = sum(its.values())
        largest = max(its.values()) / total if total else None
        assert row[f"{name}_largest"] == (largest and pytest.approx(largest, rel=1e-5))


def estimated(its: Mapping[Install, float], of: Mapping[Install, float]) -> Estimate:
    """Return the estimate of `sum(its) / sum(of)`, both by install, by the delete-one jackknife."""
    above, below, n = sum(its.values()), sum(of.values()), len(of)
    share = above / below
    without = [(above - its.get(one, 0)) / (below - of[one]) for one in of] if n > 1 else []
    error = math.sqrt((n - 1) / n * math.fsum((each - share) ** 2 for each in without))
    rest = {one: of[one] - its.get(one, 0) for one in of}
    answers = min(clusters(its.values()), clusters(rest.values()))
    rates = math.fsum(of[one] * (its.get(one, 0) / of[one]) ** 2 for one in of) / below
    alike = (rates - share**2) / (share * (1 - share)) if 0 < share < 1 else 1.0
    return Estimate(
        share, error, below, clusters(of.values()), answers, n, max(0.0, min(1.0, alike))
    )


def clusters(counts: Iterable[float]) -> float:
    """Return how many equal ones would be as concentrated."""
    listed = list(counts)
    squares = sum(each**2 for each in listed)
    return sum(listed) ** 2 / squares if squares else 0.0


def tally(installs: Iterable[UUID]) -> dict[UUID, float]:
    counts: dict[UUID, float] = defaultdict(float)
    for install in installs:
        counts[install] += 1
    return counts


def ones(installs: Iterable[UUID]) -> dict[UUID, float]:
    return dict.fromkeys(installs, 1)
