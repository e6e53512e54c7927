from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard.publishing import budget, periods
from aboveboard.publishing.budget import RATES, Spent
from tests.conftest import examples

MONDAY = date(2026, 1, 5)


@pytest.mark.parametrize("rate", RATES)
def test_each_rate_goes_on_for_years(rate: budget.Rate) -> None:
    spent: list[Spent] = []
    day = date(2023, 12, 31)
    while day < date(2027, 2, 1):
        period = periods.week(day) if rate.every == periods.WEEK else periods.month(day)
        budget.check(spent, period, rate.rho)
        spent.append(Spent(period, rate.rho))
        day = period.until + timedelta(days=1)


def test_beyond_a_year_a_period_is_refused_in_a_line_that_says_when() -> None:
    spent = [Spent(periods.week(MONDAY + timedelta(weeks=each)), 0.1) for each in range(8)]
    with pytest.raises(budget.BudgetError, match=r"365 days from 2026-01-11 on may spend 0\.8"):
        budget.check(spent, periods.week(MONDAY + timedelta(weeks=51)), 0.015)
    budget.check(spent, periods.week(MONDAY + timedelta(weeks=53)), 0.015)
    with pytest.raises(budget.BudgetError):  # an earlier week counts with those after it
        budget.check(spent, periods.week(MONDAY - timedelta(weeks=1)), 0.015)


def test_a_month_counts_with_its_last_day() -> None:
    spent = [Spent(periods.of_name("2026-01"), budget.YEAR_RHO)]
    with pytest.raises(budget.BudgetError):
        budget.check(spent, periods.of_name("2027-01"), 0.01)
    budget.check(spent, periods.of_name("2027-02"), 0.01)


@settings(max_examples=examples(40))
@given(
    st.lists(st.tuples(st.integers(0, 150), st.sampled_from([0.005, 0.015, 0.1, 0.4])), max_size=60)
)
def test_no_365_days_ever_spend_more(asked: list[tuple[int, float]]) -> None:
    spent: dict[periods.Period, float] = {}
    for week, rho in asked:
        period = periods.week(MONDAY + timedelta(weeks=week))
        if period in spent:
            continue
        try:
            budget.check([Spent(*each) for each in spent.items()], period, rho)
        except budget.BudgetError:
            continue
        spent[period] = rho
    for day in range(1100):
        first = MONDAY + timedelta(days=day)
        last = first + budget.YEAR - timedelta(days=1)
        inside = [rho for each, rho in spent.items() if first <= each.until and each.since <= last]
        assert sum(inside) <= budget.YEAR_RHO + 1e-9


def test_the_rate_follows_what_is_published_and_does_not_flutter() -> None:
    months, weeks, large = RATES
    assert budget.rate(None) == months
    assert budget.rate(1_999, months) == months
    assert budget.rate(2_000, months) == weeks
    assert budget.rate(1_200, weeks) == weeks, "a week has fewer active installs than its month"
    assert budget.rate(999, weeks) == months
    assert budget.rate(25_000, months) == large
    assert budget.rate(-40, months) == months
    assert [budget.of_release(each.every, each.rho) for each in RATES] == list(RATES)


def test_a_year_is_what_the_statistics_say() -> None:
    assert budget.epsilon(budget.YEAR_RHO) == pytest.approx(7.45, abs=0.01)
    assert budget.advantage(0.05) == pytest.approx(0.158, abs=0.001)
