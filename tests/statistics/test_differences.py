"""Differences between two sides, on which the same install is not two."""

from __future__ import annotations

import math
import random
from typing import ClassVar

import pytest

from aboveboard.statistics.differences import Difference, Side, change, correlation, difference
from aboveboard.statistics.intervals import intervals, student
from tests.insights.shares import estimated


def side(its: dict[int, float], of: dict[int, float]) -> Side:
    """Return a side of which each install has a bucket of its own."""
    found = estimated(its, of)
    (bounds,) = intervals([found])
    assert bounds is not None
    return Side(found, bounds, of, its)


def people(seed: int, number: int = 200, like: float = 0.3) -> tuple[Side, dict[int, float]]:
    chance = random.Random(seed)
    of = {install: float(1 + int(chance.lognormvariate(1, 1))) for install in range(number)}
    its = {each: of[each] * (chance.random() < like) for each in of}
    return side(its, of), of


class TestDifference:
    """By how much one share is greater than another."""

    def test_of_the_same_people_who_did_the_same_nothing_is_left_to_chance(self) -> None:
        one, _ = people(1)
        same = difference(one, one)
        width = one.bounds[1] - one.bounds[0]

        assert same.value == 0
        assert same.high - same.low < width / 2
        assert not same.sure

    def test_of_other_people_it_is_as_unsure_as_both_together(self) -> None:
        one, _ = people(1)
        other, _ = people(2)
        elsewhere = Side(
            other.estimate,
            other.bounds,
            {each + 1000: value for each, value in other.of.items()},
            {each + 1000: value for each, value in other.its.items()},
        )
        found = difference(one, elsewhere)
        low = ((one.estimate.share - one.bounds[0]) ** 2
               + (other.bounds[1] - other.estimate.share) ** 2) ** 0.5  # fmt: skip

        assert found.value - found.low == pytest.approx(low)

    def test_the_same_people_make_a_change_surer_than_others_would(self) -> None:
        one, of = people(1)
        moved = {each: max(value, of[each] * (each % 8 == 0)) for each, value in one.its.items()}
        now = side(moved, of)
        strangers = Side(now.estimate, now.bounds, {}, {})

        assert difference(now, one).sure
        assert not difference(strangers, one).sure

    def test_it_is_the_opposite_the_other_way_around(self) -> None:
        one, other = people(1)[0], people(2)[0]
        there, back = difference(one, other), difference(other, one)

        assert (there.value, there.low, there.high) == pytest.approx(
            (-back.value, -back.high, -back.low)
        )

    def test_without_residuals_nothing_goes_together(self) -> None:
        assert correlation({}, {1: 2.0}) == 0
        assert correlation({1: 2.0}, {1: 2.0}) == 1
        assert correlation({1: 2.0}, {1: -1.0}) == -1


class TestChange:
    """By what part a count has grown."""

    def test_of_the_same_counts_there_is_none(self) -> None:
        counts = {number: float(number % 5 + 1) for number in range(100)}

        assert change(counts, counts) == Difference(0, 0, 0)

    def test_half_as_many_of_other_people_is_a_fall_that_is_sure(self) -> None:
        found = change(dict.fromkeys(range(100), 1.0), dict.fromkeys(range(56, 256), 1.0))

        assert found is not None
        assert found.value == -0.5
        assert found.sure

    def test_what_one_person_does_is_no_change_of_all(self) -> None:
        before = dict.fromkeys(range(30), 1.0)
        found = change({**before, 3: 1000.0}, before)

        assert found is None or not found.sure

    @pytest.mark.parametrize("counts", [{}, {1: 0.0}, {1: 5.0}])
    def test_of_nothing_or_of_one_nothing_is_said(self, counts: dict[int, float]) -> None:
        assert change(counts, counts) is None


class TestByTheBook:
    """The formulas of the sources that the module names, written once more."""

    NOW: ClassVar[dict[int, float]] = {1: 3.0, 2: 5.0, 3: 2.0, 9: 1.0}
    THEN: ClassVar[dict[int, float]] = {1: 2.0, 2: 7.0, 4: 4.0, 9: 0.5}

    def test_a_residual_is_what_a_bucket_has_beyond_its_part(self) -> None:
        of = {1: 4.0, 2: 6.0, 3: 10.0}
        one = side({1: 4.0, 2: 1.0}, of)
        share = one.estimate.share

        assert share == pytest.approx(5 / 20)
        assert one.residuals() == pytest.approx(
            {1: 4 - share * 4, 2: 1 - share * 6, 3: -share * 10}
        )

    @pytest.mark.parametrize("scale", [1.0, 1e-3, 1e6])
    def test_a_correlation_is_of_any_size_of_numbers_and_of_the_buckets_of_both(
        self, scale: float
    ) -> None:
        one = {each: scale * value for each, value in self.NOW.items()}
        together = 3 * 2 + 5 * 7 + 1 * 0.5
        alone = (3**2 + 5**2 + 2**2 + 1) * (2**2 + 7**2 + 4**2 + 0.5**2)

        assert correlation(one, self.THEN) == pytest.approx(together / alone**0.5)
        assert correlation(one, one) == pytest.approx(1)
        assert correlation(one, {each: -value for each, value in one.items()}) == pytest.approx(-1)

    def test_a_difference_reaches_as_far_as_both_without_what_they_share(self) -> None:
        one, of = people(1)
        moved = {each: max(value, of[each] * (each % 8 == 0)) for each, value in one.its.items()}
        now = side(moved, of)
        r = correlation(now.residuals(), one.residuals())
        below = now.estimate.share - now.bounds[0]
        above = one.bounds[1] - one.estimate.share
        found = difference(now, one)

        assert 0.2 < r < 1
        assert found.value - found.low == pytest.approx(
            (below**2 - 2 * r * below * above + above**2) ** 0.5
        )

    def test_no_share_moves_by_more_than_all(self) -> None:
        of = dict.fromkeys(range(3), 1.0)
        rise = difference(side(of, of), Side(side({}, of).estimate, (0.0, 0.9), of, {}))

        assert (rise.value, rise.high) == (1, 1)
        assert rise.opposite.low == -1

    def test_a_change_has_the_interval_of_its_logarithm(self) -> None:
        total, before = 11.0, 13.5
        parts = (3 / total - 2 / before, 5 / total - 7 / before, 2 / total, -4 / before,
                 1 / total - 0.5 / before)  # fmt: skip
        deviation = (sum(part**2 for part in parts) * 256 / 255) ** 0.5
        fewest = min(total**2 / (9 + 25 + 4 + 1), before**2 / (4 + 49 + 16 + 0.25))
        factor = math.exp(student(math.floor(fewest) - 1) * deviation)
        found = change(self.NOW, self.THEN)

        assert found is not None
        assert found.value == pytest.approx(total / before - 1)
        assert found.low == pytest.approx(total / before / factor - 1)
        assert found.high == pytest.approx(total / before * factor - 1)

    def test_of_two_there_is_a_change_and_of_cents_too(self) -> None:
        found = change({1: 0.2, 2: 0.2}, {3: 0.3, 4: 0.3})

        assert found is not None
        assert found.value == pytest.approx(-1 / 3)
        assert found.low < found.value < found.high

    @pytest.mark.parametrize(("now", "then"), [({}, {1: 1.0, 2: 1.0}), ({1: 1.0, 2: 1.0}, {})])
    def test_from_nothing_or_to_nothing_no_part_is_said(
        self, now: dict[int, float], then: dict[int, float]
    ) -> None:
        assert change(now, then) is None
