"""Two periods beside each other."""

from __future__ import annotations

from collections.abc import Mapping

from aboveboard import insights
from aboveboard.insights import Filters
from aboveboard.insights.comparison import Comparison, compare
from tests.insights.conftest import TODAY, Data

ASKED = {"since": "2026-10-01", "until": "2026-10-15"}


def compared(data: Data, name: str, asked: Mapping[str, str] = ASKED) -> Comparison:
    insight = insights.get(name)
    assert insight is not None
    sides = Filters.from_query(asked, TODAY).sides()
    assert sides is not None
    return compare(insight, data.warehouse, data.project, sides)
