"""Exact numbers: what is withheld, against those who know everything but the numbers themselves."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

import pytest

from aboveboard.publishing import suppression
from aboveboard.publishing.tables import OTHER, PropertyTable

Told = tuple[int | None, ...]


def table(keys: int, cap: int = 1, *, whole: bool = True) -> PropertyTable:
    names = [f"k{each}" for each in range(keys - whole)] + [OTHER] * whole
    return PropertyTable("t", "T", "", "_sessions" if whole else "said", "c", tuple(names), cap)


def every(of: PropertyTable, installs: int) -> Iterator[tuple[int, ...]]:
    """Yield all numbers that so many installs can have in a table."""
    for counts in itertools.product(range(installs + 1), repeat=len(of.keys)):
        total = sum(counts)
        if total == installs if of.has_other else total <= installs * of.cap:
            yield counts


@pytest.mark.parametrize(
    "k", [5, *(pytest.param(each, marks=pytest.mark.thorough) for each in (6, 10))]
)
@pytest.mark.parametrize(
    ("of", "most"),
    [
        (table(2), 40),
        (table(3), 20),
        pytest.param(table(3), 34, marks=pytest.mark.thorough),
        (table(2, whole=False), 30),
        (table(2, 2, whole=False), 24),
        (table(3, whole=False), 14),
        pytest.param(table(4), 24, marks=pytest.mark.thorough),
        pytest.param(table(3, 2, whole=False), 18, marks=pytest.mark.thorough),
    ],
)
def test_who_knows_the_rule_and_tries_all_numbers_knows_none_to_within_half_of_k(
    of: PropertyTable, most: int, k: int
) -> None:
    """Every population that would have been told so: that is all that anybody can know."""
    for installs in range(k, most):
        found: dict[Told, list[tuple[int, ...]]] = defaultdict(list)
        for counts in every(of, installs):
            (listed,) = suppression.withheld(installs, [of], [counts], k)
            told = tuple(listed)
            assert all(each is None or each >= k for each in told)
            assert all(each in (None, count) for each, count in zip(told, counts, strict=True))
            found[told].append(counts)
        for seen, could in found.items():
            for place, each in enumerate(seen):
                if each is None:
                    values = [counts[place] for counts in could]
                    assert max(values) - min(values) >= k / 2, (installs, seen, could[:5])


def test_what_everybody_may_know_is_told() -> None:
    (told,) = suppression.withheld(1_000, [table(5)], [[600, 300, 60, 6, 34]], 10)
    assert told == [600, 300, 60, None, None]


def test_fewer_than_k_installs_tell_nothing() -> None:
    with pytest.raises(suppression.SuppressionError, match="fewer than 10 installs were active"):
        suppression.withheld(9, [table(2)], [[5, 4]], 10)
