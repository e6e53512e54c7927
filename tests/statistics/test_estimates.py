"""A row's estimate, from the sums that the SQL gives."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.statistics.estimates import estimate
from tests.insights.shares import estimated

installs = st.lists(
    st.integers(1, 10**6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))),
    min_size=1,
    max_size=30,
)


def sums(counts: list[tuple[int, int]]) -> list[float]:
    """Return the sums of (some, of) by install, as the SQL has them."""
    total = sum(of for _, of in counts)
    weights = [1 / (1 - of / total) if of < total else math.inf for _, of in counts]
    weighed = [(w, its, of) for w, (its, of) in zip(weights, counts, strict=True)]
    return [
        float(len(counts)),
        float(total),
        float(sum(of**2 for _, of in counts)),
        float(sum(its for its, _ in counts)),
        float(sum(its**2 for its, _ in counts)),
        float(sum(its * of for its, of in counts)),
        sum((w * its) ** 2 for w, its, _ in weighed),
        sum(w**2 * its * of for w, its, of in weighed),
        sum((w * of) ** 2 for w, _, of in weighed),
        *[0.0] * 3,  # what `robust` and `largest` read
        sum(its**2 / of for its, of in counts),
    ]


@given(installs)
def test_it_is_that_of_leaving_out_one_install_at_a_time(counts: list[tuple[int, int]]) -> None:
    found = estimate(sums(counts))
    expected = estimated(
        {number: its for number, (its, _) in enumerate(counts)},
        {number: of for number, (_, of) in enumerate(counts)},
    )
    assert found is not None
    assert (found.share, found.size) == (expected.share, expected.size)
    assert found.installs == len(counts)
    assert found.error == pytest.approx(expected.error, rel=1e-3, abs=1e-6)
    assert found.clusters == pytest.approx(expected.clusters, rel=1e-6)
    assert found.answers == pytest.approx(expected.answers, rel=1e-6)
    assert found.alike == pytest.approx(expected.alike, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "alike"),
    [
        ([(5, 5), (0, 5), (0, 90)], 1.0),  # each always says the same
        ([(2, 10), (20, 100), (4, 20)], 0.0),  # all are alike
        ([(0, 3), (0, 4)], 1.0),  # nobody had it: that tells nothing of how alike they are
        ([(6, 10), (2, 10)], 1 / 6),  # (0.36 + 0.04) / 2 - 0.16 = 0.04, of 0.24
    ],
)
def test_how_alike_an_installs_answers_are(counts: list[tuple[int, int]], alike: float) -> None:
    found = estimate(sums(counts))
    assert found is not None
    assert found.alike == pytest.approx(alike, abs=1e-7)


@pytest.mark.parametrize("told", [[], [0.0] * 13, [math.nan] * 13, [3.0, 0.0, *[0.0] * 11]])
def test_a_share_of_nothing_is_none(told: list[float]) -> None:
    assert estimate(told) is None


def test_an_install_that_has_everything_leaves_no_variance() -> None:
    found = estimate(sums([(5, 9)]))
    assert found is not None
    assert (found.error, found.installs) == (0.0, 1)
