"""The sentences at the head of pages say how sure they are, and when there is too little to say."""

from __future__ import annotations

import pytest

from aboveboard.insights.comparison import Compared
from aboveboard.rendering import changes, sentences
from aboveboard.statistics.differences import Difference


def test_a_change_that_is_sure_has_its_interval() -> None:
    compared = Compared(274, 234, Difference(0.17, 0.09, 0.26))

    said = sentences.of_count("active installs", 274, compared)

    assert said == "Active installs are up 17% (+9 to +26%)."


def test_a_change_within_chance_is_no_change() -> None:
    compared = Compared(100, 104, Difference(-0.04, -0.12, 0.05))

    said = sentences.of_count("active installs", 100, compared)

    assert said == "Active installs have not surely changed (\N{MINUS SIGN}12 to +5%)."


def test_what_is_no_change_in_the_digits_shown_goes_neither_up_nor_down() -> None:
    tiny = Compared(1000, 999, Difference(0.001, 0.0004, 0.0016))
    same = Compared(0.5, 0.5, Difference(0.0, -0.01, 0.01))

    for change in (changes.of_count(tiny, "then"), changes.of_share(same, "then")):
        assert change is not None
        assert (change.arrow, change.direction) == (changes.EVEN, "even")
    assert "are as many as before" in sentences.of_count("active installs", 1000, tiny)
    assert changes.moved(Difference(-0.00001, -0.00002, -0.000005)) == "as before"
    assert changes.moved(Difference(-0.04, -0.06, -0.02)) == "down 4.0 pt, surely"


def test_without_a_time_before_there_is_the_number() -> None:
    assert sentences.of_count("active installs", 12, None) == "12 active installs."


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "One install: no shares yet."),
        (29, "29 installs: too few to say much."),
        (30, None),
        (0, None),
    ],
)
def test_too_few_installs_are_said_to_be_too_few(number: int, said: str | None) -> None:
    assert sentences.of_installs(number) == said


@pytest.mark.parametrize(
    ("few", "ahead", "said"),
    [
        (
            False,
            Difference(0.1, 0.02, 0.18),
            "a leads in messages with 40.0%, surely: 10 pt before b.",
        ),
        (
            False,
            Difference(0.1, -0.02, 0.2),
            "a leads in messages, not surely: b may be ahead.",
        ),
        (False, None, "a leads in messages, not surely: b may be ahead."),
        (
            True,
            Difference(0.1, 0.02, 0.18),
            "Too few to say who leads in messages; a has most of what there is.",
        ),
    ],
)
def test_who_leads_is_sure_only_if_the_difference_leaves_out_zero(
    few: bool, ahead: Difference | None, said: str
) -> None:
    assert sentences.of_leader(["a", "b"], "messages", 0.4, few, ahead) == said


def test_crashes_are_said_with_the_interval_unless_they_changed_surely() -> None:
    within = sentences.of_crashes(
        0.971, 0.95, 0.98, Compared(0.971, 0.98, Difference(-0.009, -0.02, 0.003))
    )
    better = sentences.of_crashes(
        0.99, 0.98, 0.995, Compared(0.99, 0.95, Difference(0.04, 0.02, 0.06))
    )

    assert within == "97.1% of sessions are crash-free (95\N{EN DASH}98%), with no sure change."
    assert better == "Crash-free sessions rose by 4.0 pt to 99.0%."


@pytest.mark.parametrize(
    ("by", "arrow", "text", "sure"),
    [
        (Difference(0.041, 0.01, 0.07), changes.UP, "4.1 pt", True),
        (Difference(-0.2, -0.3, 0.01), changes.DOWN, "20 pt", False),
        (Difference(0, 0, 0), changes.EVEN, "0.00 pt", False),
    ],
)
def test_a_change_has_an_arrow_and_a_word(
    by: Difference, arrow: str, text: str, sure: bool
) -> None:
    change = changes.of_difference(by, "1.0")

    assert (change.arrow, change.text, change.sure) == (arrow, text, sure)
    assert change.word == ("sure" if sure else "unsure")
    assert "against 1.0 (95% interval" in change.told
    assert change.told.endswith("within chance") is not sure
