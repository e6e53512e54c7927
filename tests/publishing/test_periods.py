from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard.publishing import periods
from tests.conftest import examples

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 1))


@settings(max_examples=examples(40))
@given(DAYS, st.sampled_from([periods.WEEK, periods.MONTH]))
def test_the_last_settled_period_is_over_and_the_next_one_is_not(today: date, every: str) -> None:
    found = periods.settled(every, today)
    assert periods.of_name(found.name) == found
    assert found.every == every
    assert periods.is_settled(found, today)
    of = periods.week if every == periods.WEEK else periods.month
    assert not periods.is_settled(of(found.until + timedelta(days=1)), today)


@settings(max_examples=examples(40))
@given(st.text(max_size=12) | st.from_regex(r"[0-9]{4}-W?[0-9]{2}", fullmatch=True))
def test_a_name_is_a_period_or_is_refused(text: str) -> None:
    try:
        found = periods.of_name(text)
    except periods.PeriodError:
        return
    assert found.name == text
    assert found.until - found.since in [timedelta(days=each) for each in (6, 27, 28, 29, 30)]


@pytest.mark.parametrize("text", ["2026-W54", "2026-13", "0000-01", "2026-W44 ", "2026", "٢٠٢٦-10"])
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(periods.PeriodError, match="is no period: write a week as"):
        periods.of_name(text)
