"""Every insight has the same answer on each form of a warehouse, with every filter."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import product

import pytest

from aboveboard import insights
from aboveboard.insights.sampling import Sampling
from aboveboard.warehouse import Warehouse
from tests.clickhouse.node import Node
from tests.insights.conftest import TODAY
from tests.insights.forms import PROJECT
from tests.insights.forms import forms as forms
from tests.insights.population import AIDERS

PERIOD = {"since": "2026-01-01", "until": "2026-11-21"}
FILTERS: tuple[dict[str, str], ...] = (
    {**PERIOD, "os": "Linux"},
    PERIOD,
    {**PERIOD, "version": "0.86.2"},
    {**PERIOD, "version": "0.86.2", "os": "Darwin"},
)
EVENTS: tuple[str, ...] = ("message_send", "exception", "session_start")
if not os.environ.get("ABOVEBOARD_LONG"):
    FILTERS, EVENTS = FILTERS[:1], EVENTS[:1]


@pytest.mark.thorough
def test_both_shards_have_installs_and_none_has_all(
    forms: list[Warehouse], shards: list[Node]
) -> None:
    ((everyone,),) = forms[0].query("SELECT uniqExact(user_id) FROM project_aider._sessions").rows
    asked = "SELECT uniqExact(user_id) FROM shard_aider._sessions SETTINGS limit = 0"
    parts = [int(each.ask(asked)) for each in shards]
    assert min(parts) > 10
    assert sum(parts) == everyone


@pytest.mark.thorough
@pytest.mark.parametrize("name", [each.name for each in AIDERS])
def test_an_insight_answers_alike_on_every_form(forms: list[Warehouse], name: str) -> None:
    insight = insights.get(name)
    assert insight is not None
    for filters in FILTERS:
        for event in EVENTS if insight.of_event else (None,):
            asked = {**filters, **({"event": event} if event else {})}
            read = insights.Filters.from_query(asked, TODAY)
            answers = [insight.run(each, PROJECT, read).as_json() for each in forms]
            assert '"rows":[[' in answers[0] or "version" in filters
            assert answers[1:] == answers[:1] * 2, asked


@pytest.mark.thorough
@pytest.mark.parametrize("name", [each.name for each in AIDERS if each.sampled])
def test_an_estimate_is_the_same_on_every_form(forms: list[Warehouse], name: str) -> None:
    insight = insights.get(name)
    assert insight is not None
    frequent = replace(insight, sampled_least={}, rare=False)
    of_all_that_had_it = replace(insight, sampled_least=dict.fromkeys(insight.sampled_least, 10**9))
    questions = [frequent, of_all_that_had_it] if insight.sampled_least else [frequent]
    for question, filters in product(questions, FILTERS):
        asked = filters | ({"event": EVENTS[0]} if insight.of_event else {})
        read = insights.Filters.from_query(asked, TODAY)
        sampled = replace(read, sampling=Sampling(2, 7))
        answers = [question.run(each, PROJECT, sampled).as_json() for each in forms]
        assert answers[0].endswith(',"one_in":2}')
        assert '"rows":[[' in answers[0] or "version" in filters
        assert answers[1:] == answers[:1] * 2, filters
