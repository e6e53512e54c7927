"""The consent table, row by row, without a file or a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.client.decision import consent
from aboveboard.client.decision.consent import (
    CONSENTED,
    DISABLED,
    NOT_ASKED,
    UNREADABLE,
    Facts,
    decide,
)

TERMS = {"launched": {}, "message_send": {"cost": "amount", "main_model": "model"}}
LESS = {"launched": {}, "message_send": {"cost": "amount"}}


def facts(**changes: Any) -> Facts:
    """The facts of a fresh install with a person at a terminal, but for `changes`."""
    return Facts(**{"standing": NOT_ASKED, "terms": TERMS, "can_ask": True, **changes})


ROWS = [
    # facts, row, on, asks
    ({"do_not_track": True, "standing": CONSENTED, "wanted": True}, 1, False, False),
    ({"standing": DISABLED, "wanted": True}, 2, False, False),
    ({"standing": DISABLED}, 2, False, False),
    ({"standing": UNREADABLE, "wanted": True}, 3, False, False),
    ({"standing": CONSENTED, "wanted": False}, 4, False, False),
    ({"wanted": False, "in_sample": True}, 4, False, False),
    ({"standing": CONSENTED, "agreed": TERMS}, 5, True, False),
    ({"standing": CONSENTED, "agreed": TERMS, "can_ask": False}, 5, True, False),
    ({"standing": CONSENTED, "agreed": None}, 10, False, False),
    ({"standing": CONSENTED, "agreed": None, "wanted": True}, 8, False, True),
    ({"standing": CONSENTED, "agreed": LESS}, 6, True, False),
    ({"standing": CONSENTED, "agreed": LESS, "in_sample": True}, 6, True, True),
    ({"standing": CONSENTED, "agreed": LESS, "wanted": True}, 6, True, True),
    ({"standing": CONSENTED, "agreed": LESS, "wanted": True, "can_ask": False}, 6, True, False),
    ({"standing": CONSENTED, "agreed": LESS, "declined": TERMS, "wanted": True}, 6, True, False),
    ({"can_ask": False, "wanted": True}, 7, False, False),
    ({"can_ask": False, "in_sample": True}, 7, False, False),
    ({"wanted": True}, 8, False, True),
    ({"in_sample": True}, 9, False, True),
    ({}, 10, False, False),
    ({"wanted": True, "can_save": False}, 10, False, False),
    ({"in_sample": True, "can_save": False}, 10, False, False),
]


@pytest.mark.parametrize(("changes", "row", "on", "asks"), ROWS)
def test_the_first_row_that_fits_decides(
    changes: dict[str, Any], row: int, on: bool, asks: bool
) -> None:
    decision = decide(facts(**changes))
    assert (decision.row, decision.on, decision.ask) == (row, on, asks)


@pytest.mark.parametrize(
    ("agreed", "covered"), [(TERMS, TERMS), (LESS, LESS), ({**TERMS, "more": {}}, TERMS)]
)
def test_a_yes_covers_what_was_agreed_to_of_what_there_is(
    agreed: dict[str, Any], covered: dict[str, Any]
) -> None:
    assert decide(facts(standing=CONSENTED, agreed=agreed)).covered == covered


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"standing": DISABLED}, "permanently disabled here"),
        ({"standing": UNREADABLE}, "cannot be read"),
        ({"standing": CONSENTED, "refused": True}, "you said no to sending to this place"),
    ],
)
def test_who_wants_analytics_is_told_why_they_are_off_and_nobody_else(
    changes: dict[str, Any], words: str
) -> None:
    told = facts(**changes, wanted=True)
    told.refused = changes.get("refused", False)
    assert words in str(decide(told).notice)
    silent = facts(**changes)
    silent.refused = changes.get("refused", False)
    assert decide(silent).notice is None


@pytest.mark.parametrize(
    ("earlier", "later", "both"),
    [
        ("exception a b", "exception b c", "exception a b c"),
        ("count steps:0 steps:10", "count steps:0 steps:5", "count steps:0 steps:10 steps:5"),
        ("count", "count steps:0", "count"),
        ("count steps:0", "count", "count"),
        ("count", "amount seconds", "amount seconds"),
        ("flag until:2027-01-01", "flag until:2028-01-01", "flag until:2028-01-01"),
        ("flag until:2028-01-01", "flag until:2027-01-01", "flag until:2028-01-01"),
        ("flag until:2027-01-01", "flag", "flag"),
    ],
)
def test_two_yeses_to_one_property_cover_both(earlier: str, later: str, both: str) -> None:
    merged = consent.merge({"ran": {"it": earlier}}, {"ran": {"it": later}, "new": {"one": "flag"}})
    assert merged == {"ran": {"it": both}, "new": {"one": "flag"}}


@pytest.mark.parametrize(
    # aider's own rule: int(uuid[:6], 16) <= int(0xFFFFFF * percent / 100)
    ("first", "percent", "is_in"),
    [
        ("000000", 0, False),
        ("000000", 0.5, True),
        ("028f5c", 1, True),
        ("028f5d", 1, False),
        ("ffffff", 100, True),
        ("ffffff", 250, True),
        ("ffffff", 99.9, False),
    ],
)
def test_the_subset_is_aiders(first: str, percent: float, is_in: bool) -> None:
    assert consent.in_sample(first + "00-0000-4000-8000-000000000000", percent) is is_in


def test_every_row_of_the_table_is_tried_here() -> None:
    assert {row for _, row, _, _ in ROWS} == set(range(1, 11))


ANY_FACTS = st.fixed_dictionaries(
    {
        "standing": st.sampled_from([NOT_ASKED, CONSENTED, DISABLED, UNREADABLE]),
        "agreed": st.sampled_from([None, {}, LESS, TERMS]),
        "declined": st.sampled_from([None, LESS, TERMS]),
        "wanted": st.sampled_from([None, True, False]),
        "do_not_track": st.booleans(),
        "can_ask": st.booleans(),
        "can_save": st.booleans(),
        "in_sample": st.booleans(),
    }
)


class TestWhatNeverHappens:
    """Over all facts there are."""

    @given(ANY_FACTS)
    def test_nothing_is_on_without_a_standing_yes_that_covers_it(
        self, changes: dict[str, Any]
    ) -> None:
        given_facts = facts(**changes)
        decision = decide(given_facts)
        if decision.on:
            assert given_facts.standing == CONSENTED
            assert given_facts.wanted is not False
            assert not given_facts.do_not_track
            if given_facts.agreed is not None:
                assert consent.overlap(given_facts.agreed, decision.covered) == decision.covered
        else:
            assert decision.covered == {}

    @given(ANY_FACTS)
    def test_nobody_is_asked_who_is_not_there_or_said_no(self, changes: dict[str, Any]) -> None:
        given_facts = facts(**changes)
        if decide(given_facts).ask:
            assert given_facts.can_ask
            assert given_facts.can_save
            assert given_facts.wanted is not False
            assert given_facts.standing in (NOT_ASKED, CONSENTED)

    @given(ANY_FACTS)
    def test_a_notice_is_for_the_one_who_gave_the_flag(self, changes: dict[str, Any]) -> None:
        given_facts = facts(**changes)
        if decide(given_facts).notice:
            assert given_facts.wanted is True


class TestGrowth:
    """What a consent covers when the catalog has changed."""

    def test_another_kind_of_the_same_property_is_not_covered(self) -> None:
        changed = {"message_send": {"cost": "count"}}
        assert consent.overlap(LESS, changed) == {"message_send": {}}
        assert consent.growth(LESS, changed) == changed

    STEPS, FINER = "count steps:0/10/100", "count steps:0/1/2/5"

    @pytest.mark.parametrize(
        ("agreed", "wanted", "covers"),
        [
            ("count", STEPS, True),  # less is told than was agreed to
            (STEPS, "count", False),
            (STEPS, STEPS, True),
            (STEPS, FINER, False),
            ("amount seconds", "amount seconds steps:0/1", True),
            ("amount seconds steps:0/1", "amount seconds", False),
            ("amount dollars", "amount seconds steps:0/1", False),
        ],
    )
    def test_a_number_in_steps_is_less_than_the_number(
        self, agreed: str, wanted: str, covers: bool
    ) -> None:
        then, now = {"e": {"p": agreed}}, {"e": {"p": wanted}}
        assert (consent.growth(then, now) == {}) is covers
        # Whoever is asked about both at once, or in turn, has agreed to both.
        for first, second in ((then, now), (now, then)):
            both = consent.merge(first, second)
            if agreed.split()[:2][0] == wanted.split()[0] and "dollars" not in agreed:
                assert consent.growth(both, then) == {}
                assert consent.growth(both, now) == {}

    @pytest.mark.parametrize(
        ("agreed", "wanted", "covered"),
        [
            ("flag", "flag until:2027-01-01", "flag until:2027-01-01"),
            ("flag until:2028-01-01", "flag until:2027-01-01", "flag until:2027-01-01"),
            ("flag until:2027-01-01", "flag until:2027-01-01", "flag until:2027-01-01"),
        ],
    )
    def test_an_earlier_end_asks_for_nothing(self, agreed: str, wanted: str, covered: str) -> None:
        then, now = {"e": {"p": agreed}}, {"e": {"p": wanted}}
        assert consent.overlap(then, now) == {"e": {"p": covered}}
        assert decide(facts(standing=CONSENTED, agreed=then, terms=now)).row == 5

    @pytest.mark.parametrize("wanted", ["flag", "flag until:2028-01-01"])
    def test_a_later_end_is_asked_about_and_the_old_yes_holds_until_its_day(
        self, wanted: str
    ) -> None:
        then, now = {"e": {"p": "flag until:2027-01-01"}}, {"e": {"p": wanted}}
        decision = decide(facts(standing=CONSENTED, agreed=then, terms=now, wanted=True))
        assert (decision.row, decision.on, decision.ask) == (6, True, True)
        assert decision.covered == then

    @pytest.mark.parametrize(("day", "asks"), [("2027-05-31", True), ("2027-06-01", False)])
    def test_nobody_is_asked_about_what_has_expired(self, day: str, asks: bool) -> None:
        terms = {"e": {"p": "flag", "q": "flag until:2027-06-01"}}
        agreed = {"e": {"p": "flag"}}
        given = facts(standing=CONSENTED, agreed=agreed, terms=terms, wanted=True, day=day)
        assert decide(given).ask is asks

    def test_an_event_that_is_gone_asks_for_nothing(self) -> None:
        assert consent.growth(TERMS, LESS) == {}
        assert decide(facts(standing=CONSENTED, agreed=TERMS, terms=LESS)).row == 5


class TestSample:
    """The random subset."""

    @pytest.mark.parametrize(
        ("user_id", "percent", "in_it"),
        [
            ("000000aa", 10, True),
            ("199999aa", 10, True),
            ("19999aaa", 10, False),
            ("ffffffff", 100, True),
            ("00000000", 0, False),
        ],
    )
    def test_is_aiders_rule(self, user_id: str, percent: float, in_it: bool) -> None:
        assert consent.in_sample(user_id, percent) is in_it
