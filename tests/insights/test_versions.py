"""Versions stand in the order in which they came out, wherever they stand."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog.kinds import Version
from aboveboard.insights.versions import age

IN_ORDER = (
    "nonsense", "0.9", "0.10", "1.0.dev1", "1.0a1", "1.0b1", "1.0rc1.dev2", "1.0rc1", "1.0rc2",
    "1.0rc10", "1.0", "1.0+local", "1.0.post1.dev1", "1.0.post1", "1.0.1rc0", "1.0.1", "1.10",
    "10.0",
)  # fmt: skip


def test_a_candidate_comes_before_its_release_and_ten_after_nine() -> None:
    shuffled = [None, *IN_ORDER]
    random.Random(3).shuffle(shuffled)

    assert sorted(shuffled, key=age) == [None, *IN_ORDER]


def test_a_candidate_without_a_number_is_the_first() -> None:
    assert age("1.0b9") < age("1.0rc") < age("1.0rc1") < age("1.0")


@given(st.lists(st.from_regex(r"v?[0-9]{1,3}(\.[0-9]{1,3}){0,2}((a|b|rc)[0-9]?)?", fullmatch=True)))
def test_every_version_that_can_be_kept_has_a_place_of_its_own(texts: list[str]) -> None:
    accepted = [Version().accept(text) for text in texts]
    kept = {version for version in accepted if isinstance(version, str)}

    assert len({age(version) for version in kept}) == len(kept)
    assert all(age(version)[0] == 2 for version in kept)
