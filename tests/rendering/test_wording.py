"""Numbers as people read them: short, and never saying more or less than is there."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.rendering import cells, wording


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (12345, "12,345"),
        (99_999, "99,999"),
        (100_000, "100K"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (1_234_567, "1.23M"),
        (12_345_678, "12.3M"),
        (167_489_981, "167M"),
        (2_100_000_000, "2.10B"),
        (3_000_000_000_000, "3.00T"),
    ],
)
def test_a_count_is_in_full_while_that_is_short_then_three_digits_and_a_unit(
    number: int, text: str
) -> None:
    assert wording.human(number) == text


@given(st.integers(100_000, 10**15))
def test_a_short_count_is_within_half_a_percent_of_the_exact_one(number: int) -> None:
    text = wording.human(number)
    size = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}[text[-1]]

    assert float(text[:-1]) * size == pytest.approx(number, rel=0.0051)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (0.004, "<$0.01"),
        (0.42, "$0.42"),
        (678.871589, "$678.87"),
        (1234.5, "$1,234"),
        (1234567.8, "$1.23M"),
    ],
)
def test_an_amount_has_cents_while_they_matter(amount: float, text: str) -> None:
    assert wording.dollars(amount) == text


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0, "seconds", "0 s"),
        (0.0001, "seconds", "<1 ms"),
        (0.969, "seconds", "969 ms"),
        (1.708, "seconds", "1.71 s"),
        (119.4, "seconds", "119 s"),
        (1234, "seconds", "21 min"),
        (86400, "seconds", "24 h"),
        (0, "bytes", "0 bytes"),
        (999, "bytes", "999 bytes"),
        (999.6, "bytes", "1.00 kB"),
        (2_140_000, "bytes", "2.14 MB"),
        (0.42, "dollars", "$0.42"),
        (1234, "", "1,234"),
    ],
)
def test_an_amount_is_in_the_unit_in_which_it_is_short(number: float, unit: str, text: str) -> None:
    assert wording.amount(number, unit) == text


def test_a_mean_has_the_decimals_that_tell() -> None:
    assert [wording.average(number) for number in (1, 3.571, 35.71, 1234.5)] == [
        "1.00", "3.57", "35.7", "1,234",
    ]  # fmt: skip


def test_the_exact_value_has_all_its_digits() -> None:
    assert wording.exact(167489981, "count") == "167,489,981"
    assert wording.exact(678.871589, "dollars") == "$678.871589"
    assert wording.exact(5.0, "dollars") == "$5"
    assert wording.exact(1234.5, "seconds") == "1,234.5 seconds"
    assert wording.exact(98165.0, "") == "98,165"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.0%"),
        (0.32168, "32.2%"),
        (1.0, "100%"),
        (0.0012, "0.1%"),
        (0.0006229, "0.06%"),
        (0.0000001, "<0.001%"),
    ],
)
def test_a_share_never_looks_like_nothing_when_it_is_something(value: float, text: str) -> None:
    assert wording.share(value) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.2683, 0.3801, f"27{wording.TO}38"),
        (0.0378, 0.0486, f"3.8{wording.TO}4.9"),
        (0.0001, 0.0012, f"0.01{wording.TO}0.12"),
    ],
)
def test_an_interval_has_as_many_decimals_as_its_length_needs(
    low: float, high: float, text: str
) -> None:
    assert wording.interval(low, high) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (112, 100, "+12%"),
        (97, 100, f"{wording.MINUS}3%"),
        (100, 100, "±0%"),
        (0, 10, f"{wording.MINUS}100%"),
        (5, 0, None),
    ],
)
def test_a_change_is_told_where_there_was_something_before(
    now: float, before: float, text: str | None
) -> None:
    assert wording.change(now, before) == text


@pytest.mark.parametrize(
    ("since", "until", "text"),
    [
        (date(2026, 9, 1), date(2026, 9, 30), f"1{wording.TO}30 Sep 2026"),
        (date(2026, 10, 24), date(2026, 11, 22), f"24 Oct {wording.TO} 22 Nov 2026"),
        (date(2025, 12, 24), date(2026, 1, 3), f"24 Dec 2025 {wording.TO} 3 Jan 2026"),
        (date(2026, 9, 1), date(2026, 9, 1), "1 Sep 2026"),
    ],
)
def test_a_period_is_said_in_the_fewest_words(since: date, until: date, text: str) -> None:
    assert wording.period(since, until) == text


@pytest.mark.parametrize(
    ("ends", "top", "text"),
    [
        ([0.43, 0.1, None], 0.5, "50%"),
        ([0.6], 0.6, "60%"),
        ([0.601], 0.8, "80%"),
        ([0.0033], 0.004, "0.4%"),
        ([1.0], 1.0, "100%"),
        ([0.97], 1.0, "100%"),
        ([], 1.0, "100%"),
        ([0.0, None], 1.0, "100%"),
    ],
)
def test_a_scale_ends_at_a_round_share(ends: list[float | None], top: float, text: str) -> None:
    assert cells.scale(ends) == pytest.approx(top)
    assert wording.scale(cells.scale(ends)) == text


@given(st.lists(st.floats(1e-9, 1), min_size=1))
def test_no_bar_is_longer_than_its_scale_and_the_longest_is_half_of_it(ends: list[float]) -> None:
    top = cells.scale(ends)

    assert max(ends) <= top * (1 + 1e-6)
    assert max(ends) >= top * 0.49
