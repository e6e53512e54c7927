"""Two values against each other: what is called certain is wrong once in twenty times at most."""

from __future__ import annotations

import random

import pytest

from aboveboard.publishing.reading import comparison
from aboveboard.publishing.reading.documents import Document, PublishedTable
from aboveboard.statistics import differences

Draw = tuple[int, int]


def drawn(chance: random.Random, installs: int, only_a: float, only_b: float, both: float) -> Draw:
    """Return how many of made-up installs had each of two values."""
    kinds = chance.choices(
        ("a", "b", "both", "none"),
        (only_a, only_b, both, 1 - only_a - only_b - both),
        k=installs,
    )
    had_both = kinds.count("both")
    return kinds.count("a") + had_both, kinds.count("b") + had_both


def answer(installs: int, counts: tuple[int | None, int | None], scale: float) -> comparison.Answer:
    table = PublishedTable("t", "t", 3, dict(zip("ab", counts, strict=True)), is_whole=True)
    document = Document("p", "2026-10", installs, scale, None, [table])
    return comparison.compare(document, table, "a", "b")


@pytest.mark.parametrize(
    ("installs", "each", "both", "scale"),
    [
        (60, 0.3, 0.0, 0.0),
        (200, 0.03, 0.0, 0.0),
        (200, 0.4, 0.0, 12.6),
        (200, 0.2, 0.4, 12.6),
        (600, 0.05, 0.0, 12.6),
    ],
)
def test_of_two_that_are_used_alike_hardly_one_is_called_certain(
    installs: int, each: float, both: float, scale: float
) -> None:
    chance = random.Random(18)
    wrong, draws = 0, 1500
    for _ in range(draws):
        a, b = drawn(chance, installs, each, each, both)
        noisy = [round(number + chance.gauss(0, scale)) for number in (installs, a, b)]
        wrong += answer(noisy[0], (noisy[1], noisy[2]), scale).verdict == "certain"
    assert wrong / draws <= 0.062, "5 %, and what 1,500 draws may be off"


def test_a_difference_that_is_there_is_found_and_the_right_way_round() -> None:
    chance = random.Random(18)
    right = 0
    for _ in range(300):
        a, b = drawn(chance, 2000, 0.25, 0.35, 0.1)
        noisy = [round(number + chance.gauss(0, 12.6)) for number in (2000, a, b)]
        found = answer(noisy[0], (noisy[1], noisy[2]), 12.6)
        assert found.more is None or found.more.key == "b"
        right += found.verdict == "certain"
    assert right > 290


@pytest.mark.parametrize(("one", "other"), [(0.3, 0.15), (0.1, 0.0), (0.25, 0.01), (1.0, 0.0)])
def test_the_interval_holds_the_true_difference(one: float, other: float) -> None:
    chance = random.Random(7)
    held, draws = 0, 1500
    for _ in range(draws):
        a, b = drawn(chance, 300, one, other, 0.0)
        noisy = [round(number + chance.gauss(0, 12.6)) for number in (300, a, b)]
        difference = answer(noisy[0], (noisy[1], noisy[2]), 12.6).difference
        assert difference is not None
        held += difference.low <= one - other <= difference.high
    assert held / draws >= 0.938


def test_what_noise_alone_explains_cannot_be_told() -> None:
    assert answer(1000, (120, 90), 12.5).verdict == "cannot_be_told"
    assert answer(1000, (120, 90), 0.0).verdict == "certain"
    assert answer(1000, (99, 90), 0.0).verdict == "among_those_counted"
    assert answer(1000, (90, 90), 0.0).verdict == "cannot_be_told"
    assert answer(1000, (-8, 5), 12.5).verdict == "cannot_be_told"


@pytest.mark.parametrize(
    ("installs", "counts", "scale"),
    [(40, (30, 2), 12.5), (-3, (30, 2), 12.5), (900, (None, 400), 0.0), (0, (0, 0), 0.0)],
)
def test_what_is_withheld_or_of_too_few_cannot_be_told(
    installs: int, counts: tuple[int | None, int | None], scale: float
) -> None:
    found = answer(installs, counts, scale)
    assert (found.difference, found.more, found.verdict) == (None, None, "cannot_be_told")


def test_shares_that_must_overlap_are_not_taken_for_opposites() -> None:
    apart = differences.of_values(0.5, 0.5, 100)
    overlapping = differences.of_values(0.95, 0.95, 100)
    assert apart.high - apart.low > 2 * (overlapping.high - overlapping.low)
    for one, other in ((1.0, 1.0), (0.0, 0.0), (1.0, 0.0)):
        found = differences.of_values(one, other, 50)
        assert found.low <= one - other <= found.high
