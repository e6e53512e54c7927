"""The interval around a share: from the SQL's sums, from first principles, and in the long run."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.insights import interval
from aboveboard.statistics.intervals import student
from tests.insights.conftest import Data
from tests.insights.test_insight import kind_of

Install = TypeVar("Install", bound=Hashable)

PERIOD = {"since": "2026-09-20", "until": "2026-10-19"}


class TestInterval:
    @given(
        st.floats(0, 1, exclude_min=True, exclude_max=True, allow_subnormal=False),
        st.floats(0, 1, exclude_min=True, allow_subnormal=False),
        st.integers(2, 10**9),
    )
    def test_it_holds_the_share_and_stays_a_share(
        self, share: float, error: float, installs: int
    ) -> None:
        low, high = bounds(interval(share, error, installs))

        assert 0 <= low <= share <= high <= 1

    @given(
        st.floats(0.01, 0.99),
        st.floats(0.001, 0.2),
        st.integers(2, 1000),
        st.integers(1, 1000),
    )
    def test_more_installs_or_a_smaller_error_never_make_it_longer(
        self, share: float, error: float, installs: int, more: int
    ) -> None:
        low, high = bounds(interval(share, error, installs))

        for other in (
            interval(share, error, installs + more),
            interval(share, error / 2, installs),
        ):
            other_low, other_high = bounds(other)
            assert low <= other_low
            assert other_high <= high

    def test_where_it_is_narrow_it_is_two_standard_errors_each_way(self) -> None:
        low, high = bounds(interval(0.4, 0.001, 100_000))

        assert (low, high) == pytest.approx((0.4 - 0.00196, 0.4 + 0.00196), abs=1e-5)

    @pytest.mark.parametrize(
        ("share", "error", "installs"),
        [
            (0.4, 0.1, 1),
            (0.4, 0.1, 0),
            (0.0, 0.1, 9),
            (1.0, 0.0, 9),
            (0.4, 0.0, 9),
            (math.nan, 0.1, 9),
            (0.4, math.nan, 9),
            (0.4, math.inf, 9),
        ],
    )
    def test_nothing_is_claimed_where_the_data_cannot_say(
        self, share: float, error: float, installs: int
    ) -> None:
        assert interval(share, error, installs) is None

    @pytest.mark.parametrize(
        # Any statistical table has these: t at 97.5 %.
        ("freedom", "point"),
        [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)],
    )
    def test_student_s_t_is_within_one_percent_of_the_tables(
        self, freedom: int, point: float
    ) -> None:
        assert student(freedom) == pytest.approx(point, rel=0.01)


class TestFromTheData:
    """The SQL's standard errors are those of leaving out one install at a time, done plainly."""

    def test_the_share_of_messages_and_of_tokens(self, data: Data) -> None:
        answers = [
            event
            for event in data.happened
            if event.event == "message_send"
            and PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]
        ]
        for column, weight in (
            ("message", lambda _event: 1),
            ("token", lambda event: event.properties["total_tokens"]),
        ):
            of: dict[UUID, float] = defaultdict(float)
            its: dict[Hashable, dict[UUID, float]] = defaultdict(lambda: defaultdict(float))
            for event in answers:
                of[event.user_id] += weight(event)
                its[event.properties["main_model"]][event.user_id] += weight(event)
            for row in data.ask("models", PERIOD).records():
                expected = leave_one_out(its[row["model"]], of)
                assert row[f"{column}_share_low"] == pytest.approx(expected[0], rel=1e-6)
                assert row[f"{column}_share_high"] == pytest.approx(expected[1], rel=1e-6)

    def test_the_share_of_installs(self, data: Data) -> None:
        began = {
            event.user_id
            for event in data.happened
            if event.event == "session_start"
            and PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]
        }
        rows = data.ask("commands", PERIOD).records()
        assert len(rows) > 10
        for row in rows:
            users = {
                event.user_id
                for event in data.happened
                if event.properties.get("command") == row["name"]
                and PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]
            }
            if row["kind"] == "command" and users != began:
                expected = leave_one_out(dict.fromkeys(users, 1), dict.fromkeys(began, 1))
                assert (row["install_share_low"], row["install_share_high"]) == pytest.approx(
                    expected, rel=1e-6
                )

    def test_the_share_of_sessions_overall_and_of_a_version(self, data: Data) -> None:
        began = {
            event.session: event
            for event in data.happened
            if event.event == "session_start"
            and PERIOD["since"] <= event.time.date().isoformat() <= PERIOD["until"]
        }
        ended = {e.session for e in data.happened if e.properties.get("reason") == "Control-C"}
        failed = {e.session for e in data.happened if kind_of(e) == "provider failure"}
        fragile = {s for s, e in began.items() if e.properties["app_version"] == "0.86.0"}
        stability = {row["version"]: row for row in data.ask("stability", PERIOD).records()}
        errors = {row["name"]: row for row in data.ask("errors", PERIOD).records()}

        for row, name, of, its in (
            (errors["Control-C"], "session_share", set(began), ended),
            (stability["0.86.0"], "provider_share", fragile, failed),
        ):
            all_of, some_of = (
                tally(began[session].user_id for session in sessions) for sessions in (of, of & its)
            )
            expected = leave_one_out(some_of, all_of)
            assert row[f"{name}_low"] == pytest.approx(expected[0], rel=1e-6)
            assert row[f"{name}_high"] == pytest.approx(expected[1], rel=1e-6)


class TestInTheLongRun:
    def test_it_holds_the_truth_about_as_often_as_it_says(self) -> None:
        """500 samples of 60 people, among whom a few send most of the messages."""
        rng = random.Random(11)

        def person() -> tuple[float, float]:
            messages = max(1, round(rng.lognormvariate(2.5, 0.8)))
            liking = rng.betavariate(0.24, 0.36)
            return messages, sum(rng.random() < liking for _ in range(messages))

        people = [person() for _ in range(20_000)]
        truth = sum(its for _, its in people) / sum(of for of, _ in people)

        held = 0
        for _ in range(500):
            sample = dict(enumerate(rng.choices(people, k=60)))
            of = {number: messages for number, (messages, _) in sample.items()}
            its = {number: some for number, (_, some) in sample.items()}
            low, high = leave_one_out(its, of)
            held += low <= truth <= high

        # 95 % of 500 is 475; four standard errors of that count are 20 below, and as many above.
        assert 455 <= held <= 495


def leave_one_out(its: Mapping[Install, float], of: Mapping[Install, float]) -> tuple[float, float]:
    """Return the interval of `sum(its) / sum(of)`, both by install, by the delete-one jackknife."""
    above, below, n = sum(its.values()), sum(of.values()), len(of)
    share = above / below
    without = [(above - its.get(one, 0)) / (below - of[one]) for one in of]
    error = math.sqrt((n - 1) / n * sum((each - share) ** 2 for each in without))
    return bounds(interval(share, error, n))


def tally(installs: Iterable[UUID]) -> dict[UUID, float]:
    counts: dict[UUID, float] = defaultdict(float)
    for install in installs:
        counts[install] += 1
    return counts


def bounds(found: tuple[float, float] | None) -> tuple[float, float]:
    assert found is not None
    return found
