"""What a cell says of a share."""

from __future__ import annotations

import pytest

from aboveboard.insights import Column
from aboveboard.rendering import cells

SHARE = Column("of messages", "share", of="installs")


def record(largest: float | None) -> dict[str, str | int | float | bool | None]:
    return {
        "it": 0.4,
        "it_low": 0.2,
        "it_high": 0.6,
        "it_too_few": False,
        "it_robust": 0.123,
        "it_largest": largest,
        "installs": 9,
    }


@pytest.mark.parametrize("largest", [None, 0.1, 0.2499, 1.0])
def test_that_comes_of_many_installs_or_of_a_single_one_has_no_note(largest: float | None) -> None:
    cell = cells.share("it", SHARE, record(largest), 1.0)
    assert cell.note is None
    assert "ten" not in cell.title


def test_of_which_one_install_makes_much_says_so_and_what_it_is_without_its_weight() -> None:
    cell = cells.share("it", SHARE, record(0.431), 1.0)
    assert cell.note == "one install is 43% of this"
    assert cell.title.endswith("from 9 installs; 12.30% if no install counts as more than ten")
