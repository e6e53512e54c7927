"""The rule of the National Center for Health Statistics, at each of its limits."""

from __future__ import annotations

import pytest

from aboveboard.statistics.intervals import Interval
from aboveboard.statistics.presentation import too_few


@pytest.mark.parametrize(
    ("share", "low", "high", "size", "few"),
    [
        (0.5, 0.40, 0.60, 29.9, True),  # too few answers, however narrow
        (0.5, 0.40, 0.60, 30, False),
        (0.5, 0.35, 0.65, 100, True),  # 30 points
        (0.5, 0.36, 0.65, 100, False),
        (0.1, 0.05, 0.18, 100, False),  # 130 % of its share
        (0.1, 0.05, 0.19, 100, True),
        (0.001, 0.0, 0.05, 100, False),  # narrow, though fifty times its share
        (0.0, 0.0, 0.06, 100, True),
    ],
)
def test_a_share_is_said_from_so_much_on(
    share: float, low: float, high: float, size: float, few: bool
) -> None:
    assert too_few(share, Interval(low, high, size)) is few


def test_a_share_of_one_install_is_not_said() -> None:
    assert too_few(0.5, None)
