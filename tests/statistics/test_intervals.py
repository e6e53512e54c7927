"""Intervals for the shares of a table."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.statistics.intervals import Bounds, Estimate, intervals, student, wilson
from tests.insights.shares import estimated

shares = st.floats(0, 1)
estimates = st.builds(
    Estimate,
    share=shares,
    error=st.floats(0, 0.5),
    size=st.floats(1, 1e12),
    clusters=st.floats(1.01, 1e6),
    answers=st.floats(0, 1e6),
    installs=st.integers(2, 10**9),
    alike=shares,
)
tables = st.lists(estimates, max_size=8)


def row_of(
    share: float,
    error: float,
    size: float,
    clusters: float,
    answers: float | None = None,
    alike: float = 0.0,
) -> Estimate:
    """Return a row of equal installs, all of which tell much unless `answers` says otherwise."""
    told = clusters if answers is None else answers
    return Estimate(share, error, size, clusters, told, round(clusters), alike)


def bounds(row: Estimate, *others: Estimate) -> Bounds:
    found = intervals([row, *others])[0]
    assert found is not None
    return found


def length(row: Estimate, *others: Estimate) -> float:
    low, high = bounds(row, *others)
    return high - low


class TestIntervals:
    @given(tables)
    def test_every_row_has_one_which_holds_its_share_and_stays_a_share(
        self, table: list[Estimate]
    ) -> None:
        for row, found in zip(table, intervals(table), strict=True):
            assert found is not None
            assert 0 <= found[0] <= row.share <= found[1] <= 1
            assert found[0] < found[1]

    @given(tables, st.randoms())
    def test_they_do_not_depend_on_the_order_of_the_rows(
        self, table: list[Estimate], dice: random.Random
    ) -> None:
        order = list(range(len(table)))
        dice.shuffle(order)
        found = intervals(table)
        assert intervals([table[each] for each in order]) == [found[each] for each in order]

    @given(tables, estimates)
    def test_a_row_without_two_installs_has_none_and_changes_no_other(
        self, table: list[Estimate], row: Estimate
    ) -> None:
        alone = Estimate(row.share, row.error, row.size, 1.0, 1.0, 1, 1.0)
        assert intervals([*table, alone]) == [*intervals(table), None]

    @pytest.mark.parametrize("clusters", [2.0, 10.0, 1000.0])
    @pytest.mark.parametrize("share", [0.0, 1.0])
    def test_where_all_answer_alike_an_install_is_one_answer(
        self, share: float, clusters: float
    ) -> None:
        found = bounds(row_of(share, 0.0, 1e6, clusters, answers=0.0))
        assert found == wilson(share, clusters, student(round(clusters) - 1))
        assert found[0] < found[1]

    def test_the_fewer_installs_answered_the_less_a_rows_own_variance_is_believed(self) -> None:
        many, some, few = (row_of(0.02, 0.001, 1e5, 500.0, answers) for answers in (400, 40, 4))
        assert length(many) < length(some) < length(few) < length(row_of(0.02, 0.0, 1e5, 500.0, 0))

    def test_the_more_alike_an_installs_answers_are_the_less_they_tell(self) -> None:
        """Though the variance is the same: it came out small since the busiest had none of it."""
        lengths = [
            length(row_of(0.1, 0.001, 1e5, 400.0, 200.0, alike)) for alike in (0.0, 0.5, 1.0)
        ]
        assert lengths == sorted(lengths)
        assert lengths[2] > 3 * lengths[0]

    def test_where_a_few_installs_send_nearly_everything_little_is_known(self) -> None:
        """Of a thousand installs as of the fifteen that they are as concentrated as."""
        fifteen = Estimate(0.4, 0.1, 1e5, 15.0, 15.0, 15, 1.0)
        assert bounds(replace(fifteen, installs=1000)) == bounds(fifteen)
        four = replace(fifteen, clusters=4.0, installs=1000)
        assert bounds(four) == bounds(replace(four, installs=10)), "never fewer than nine degrees"

    def test_a_rare_row_does_not_trust_what_its_few_installs_say(self) -> None:
        """A variance that came out too small, as it does where a share came out too small."""
        rare, other = row_of(0.01, 0.0005, 1e4, 200.0), row_of(0.03, 0.012, 1e4, 200.0)
        assert length(rare, other) > 1.5 * length(rare)

    def test_a_common_row_is_not_told_by_rare_ones_that_it_is_certain(self) -> None:
        common, rare = row_of(0.5, 0.04, 1e4, 200.0), row_of(0.001, 0.00001, 1e4, 200.0)
        assert length(common, rare) >= length(common)

    def test_a_row_with_fewer_sessions_of_its_own_is_less_certain(self) -> None:
        busy, quiet = (row_of(0.1, 0.01, size, size / 50) for size in (50_000.0, 500.0))
        assert length(quiet, busy) > 3 * length(busy, quiet)

    def test_where_much_is_known_it_is_two_standard_errors_each_way(self) -> None:
        found = bounds(row_of(0.4, 0.001, 1e6, 1e6))
        assert found == pytest.approx((0.4 - 0.00196, 0.4 + 0.00196), abs=1e-5)

    def test_the_noise_of_a_subtraction_is_no_variance(self) -> None:
        exactly, nearly = (row_of(1.0, error, 1e6, 30.0) for error in (0.0, 1e-9))
        assert intervals([exactly]) == intervals([nearly])


class TestAsTheDocumentationHasThem:
    """docs/statistics.md, once more and plainly, for tables of ordinary numbers."""

    @given(
        st.lists(
            st.builds(
                Estimate,
                share=st.floats(0.001, 0.999),
                error=st.floats(0.001, 0.2),
                size=st.floats(10, 1e6),
                clusters=st.floats(2, 1e3),
                answers=st.floats(0.1, 1e3),
                installs=st.integers(2, 10**6),
                alike=shares,
            ),
            min_size=1,
            max_size=6,
        )
    )
    def test_the_effective_size_is_the_least_of_what_is_known(self, table: list[Estimate]) -> None:
        for row, found in zip(table, intervals(table), strict=True):
            alike = min(row.error**2 * row.clusters / (row.share * (1 - row.share)), row.clusters)
            told = row.alike + (1 - row.alike) * row.clusters / row.size
            believed = max(alike, (row.answers * told + 10) / (row.answers + 10))
            sizes = [row.clusters / believed]
            for pool in (table, [each for each in table if (each.share <= 0.05) is row.rare]):
                spread = sum(each.share * (1 - each.share) for each in pool)
                sizes.append(
                    row.clusters * spread / sum(each.error**2 * each.clusters for each in pool)
                )
                sizes.append(row.size * spread / sum(each.error**2 * each.size for each in pool))
            freedom = min(row.installs - 1, max(9, round(row.clusters) - 1))
            expected = wilson(row.share, max(1.0, min(sizes)), student(freedom))
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)

    def test_two_installs_are_enough(self) -> None:
        two = Estimate(0.5, 0.2, 10.0, 2.0, 1.0, 2, 1.0)
        assert intervals([two])[0] is not None
        rare = Estimate(0.01, 0.001, 1e3, 100.0, 50.0, 100, 0.0)
        assert intervals([rare, two])[0] != intervals([rare])[0], "it tells of the others too"


class TestWilson:
    @pytest.mark.parametrize(
        # R: prop.test(x, n, correct = FALSE)$conf.int is Wilson's.
        ("some", "of", "low", "high"),
        [
            (0, 10, 0.0, 0.2775),
            (1, 10, 0.0179, 0.4042),
            (5, 10, 0.2366, 0.7634),
            (81, 263, 0.2553, 0.3662),
        ],
    )
    def test_it_is_the_one_of_the_textbook(
        self, some: int, of: int, low: float, high: float
    ) -> None:
        assert wilson(some / of, of, 1.959964) == pytest.approx((low, high), abs=5e-5)

    @given(st.floats(0.01, 0.99), st.floats(1, 1e9), st.floats(0.1, 10))
    def test_its_bounds_are_the_shares_that_the_estimate_is_just_within_reach_of(
        self, share: float, size: float, reach: float
    ) -> None:
        for true in wilson(share, size, reach):
            away = reach * math.sqrt(true * (1 - true) / size)
            assert abs(share - true) == pytest.approx(away, rel=1e-6, abs=1e-9)


class TestStudent:
    def test_from_five_on_it_is_nearly_exact(self) -> None:
        # R: qt(0.975, c(5, 8, 12, 20))
        for freedom, point in ((5, 2.570582), (8, 2.306004), (12, 2.178813), (20, 2.085963)):
            assert student(freedom) == pytest.approx(point, rel=1.2e-3)

    @pytest.mark.parametrize(
        # Any statistical table has these: t at 97.5 %.
        ("freedom", "point"),
        [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)],
    )
    def test_it_is_within_one_percent_of_the_tables(self, freedom: int, point: float) -> None:
        assert student(freedom) == pytest.approx(point, rel=0.01)


class TestInTheLongRun:
    @pytest.mark.parametrize("share", [0.5, 0.03])
    def test_they_hold_the_truth_as_often_as_they_say(self, share: float) -> None:
        """400 samples of 60 people, a few of whom send most of the messages."""
        dice = random.Random(11)

        def person() -> tuple[int, int]:
            messages = max(1, round(dice.lognormvariate(2.5, 1.2)))
            liking = dice.betavariate(0.6 * share, 0.6 * (1 - share))
            return messages, sum(dice.random() < liking for _ in range(messages))

        people = [person() for _ in range(20_000)]
        truth = sum(its for _, its in people) / sum(of for of, _ in people)
        held = 0
        for _ in range(400):
            sample = dict(enumerate(dice.choices(people, k=60)))
            of = {number: all_ for number, (all_, _) in sample.items()}
            its = {number: some for number, (_, some) in sample.items()}
            found = bounds(estimated(its, of))
            held += found[0] <= truth <= found[1]
        # 95 % of 400 is 380; three standard errors of that count are 13.
        assert held >= 367
