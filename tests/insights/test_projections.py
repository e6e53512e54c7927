"""Every insight answers alike with the counts that are kept beside rows, and without them."""

from __future__ import annotations

import os

import pytest

from aboveboard import insights
from aboveboard.warehouse import Which
from tests.collector.tool import until
from tests.insights.conftest import TODAY, Data
from tests.insights.population import AIDERS, fill, population

pytestmark = pytest.mark.thorough  # test_insight.py holds the counts against plain Python

PERIOD = {"since": "2026-09-05", "until": "2026-10-20"}
USERS = {
    *("models", "model_days", "model_formats", "totals", "overview"),
    *("error_by", "error_sides", "event_by", "event_properties"),
}
"""Those that are to read the counts, whatever is filtered by."""

FILTERS: tuple[dict[str, str], ...] = ({}, {"version": "0.86.0"})
if os.environ.get("ABOVEBOARD_LONG"):
    FILTERS += (
        {"os": "Linux"},
        {"where": "message_send.main_model:gpt-5"},
        {"by": "week"},
        {"version": "0.86.0", "os": "Darwin", "by": "month"},
    )
ROWS = "\nSETTINGS optimize_use_projections = 0"


@pytest.fixture(scope="module", autouse=True)
def changed(data: Data) -> None:
    """Erase who sent most, add what comes late, insert all of a move again, and erase a day."""
    name = data.project.name
    senders = [each.user_id for each in data.happened if each.event == "message_send"]
    most = max(set(senders), key=senders.count)
    for which in (Which((str(most),)), Which(since=1_791_000_000, until=1_791_086_400)):
        erasing = data.warehouse.erasing(name)
        erasing.prepare()
        until(erasing.is_done)
        erasing.begin(which, erasing.tables())
        until(erasing.is_done)
        erasing.end(erasing.tables())
    late = population(10, 70, seed=99)
    for _ in "twice":
        fill(data.warehouse, name, data.project.catalog, late)
    theirs = [each for each in data.happened if each.user_id == most]
    fill(data.warehouse, name, data.project.catalog, theirs)  # an import of what was erased


@pytest.mark.parametrize(
    "name",
    [each.name for each in AIDERS],
)
def test_sums_and_rows_have_the_same_answer(data: Data, name: str) -> None:
    insight = insights.get(name)
    assert insight is not None
    event = {"event": "message_send"} if insight.of_event else {}
    for filters in FILTERS:
        asked = insights.Filters.from_query({**PERIOD, **filters, **event}, TODAY)
        sql, bound = insight.statement(data.project, asked)
        explained = str(data.warehouse.query(f"EXPLAIN {sql}", bound).rows)
        if name in USERS:
            assert "(by_session" in explained, asked
        with_sums, from_rows = (
            insight._table(data.warehouse.query(f"{sql}{ending}", bound), None)
            for ending in ("", ROWS)
        )
        assert with_sums.rows
        assert with_sums == from_rows, asked
