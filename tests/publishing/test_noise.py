from __future__ import annotations

import statistics

import pytest

from aboveboard.publishing import noise
from tests.house import MODULES


@pytest.mark.parametrize(("rho", "scale"), [(0.015, 22.4), (0.05, 12.2), (0.005, 38.7)])
def test_a_period_of_five_tables_has_the_noise_that_was_simulated(rho: float, scale: float) -> None:
    """Caps of 1, 1, 2, 3, 8, and the number of installs: 15 or 16."""
    assert noise.scale_of(15, rho) == pytest.approx(scale, abs=0.1)


@pytest.mark.parametrize("contribution", [1, 2, 3, 7, 16, 117])
@pytest.mark.parametrize("rho", [1e-5, 0.005, 0.05, 0.8])
def test_no_rounding_spends_more_than_was_asked_for(contribution: int, rho: float) -> None:
    scale = noise.scale_of(contribution, rho)
    assert rho * (1 - 1e-6) < noise.spent(contribution, scale) <= rho


def test_every_number_has_noise_of_its_own_and_zero_has_it_too() -> None:
    drawn = noise.add([0] * 4_000, 10.0)
    assert all(type(each) is int for each in drawn)
    assert len(set(drawn)) > 30
    assert abs(statistics.fmean(drawn)) < 1
    assert 9 < statistics.stdev(drawn) < 11
    assert noise.add([0] * 50, 10.0) != noise.add([0] * 50, 10.0)


def test_only_this_module_imports_opendp() -> None:
    using = [name for name, path in MODULES.items() if "opendp" in path.read_text()]
    assert using == ["aboveboard.publishing.noise"]
