"""Events of nobody are events: no install, no session, and in no share or interval."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.dashboard import choices
from aboveboard.insights.table import Value
from aboveboard.warehouse import Warehouse, embedded, schema
from tests.conftest import in_turn
from tests.insights.conftest import TODAY, Data, Project
from tests.insights.population import AIDERS, Happening, fill, population

PERIOD = {"since": "2026-10-01", "until": "2026-10-31"}
WHEN = datetime(2026, 10, 7, 9, tzinfo=UTC)
NOBODY = UUID(schema.NOBODY)
CRASHES = 33
TIMES = {"times", "uses", "messages", "tokens", "cost"}
"""Columns that count events, whoever had them."""


def nobodys() -> Iterator[Happening]:
    """Yield crashes whose senders are not known, and the log of a session that was off."""
    for _ in range(CRASHES):
        told: dict[str, object] = {
            "error_type": "KeyError",
            "error_frames": ["aider.io:read_text:7"],
        }
        yield Happening("exception", NOBODY, NOBODY, WHEN, told)
    session = uuid4()
    yield Happening("session_start", NOBODY, session, WHEN, {"app_version": "9.9", "os": "Linux"})
    for _ in range(50):
        model = {"main_model": "gpt-5", "total_tokens": 7, "cost": 0.5, "edit_format": "diff"}
        yield Happening("message_send", NOBODY, session, WHEN, model)
        yield Happening("command", NOBODY, session, WHEN, {"command": "add"})
    yield Happening("exit", NOBODY, session, WHEN, {"reason": "/exit"})


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Data, Project]]:
    """Return a population, and the project in which nobody has been beside it."""
    directory: Path = tmp_path_factory.mktemp("warehouse")
    warehouse = Warehouse(embedded(directory))
    catalog = shipped_catalog("aider")
    without, beside = Project("without", catalog), Project("beside", catalog)
    happened = population(installs=20)
    fill(warehouse, "without", catalog, happened)
    fill(warehouse, "beside", catalog, [*happened, *nobodys()])
    yield Data(warehouse, without, happened), beside
    warehouse.close()


EVENTS = ("message_send", "exception", "session_start", "command")
QUICK = ("totals", "overview", "models", "commands", "errors", "events", "event_properties")
QUESTIONS = in_turn(
    [(each.name, event) for each in AIDERS for event in EVENTS[: 9 if each.of_event else 1]],
    [(name, EVENTS[0]) for name in QUICK],
)


@pytest.mark.parametrize("asked_of", QUESTIONS, ids="-".join)
def test_no_answer_has_nobody_as_an_install_or_in_a_share(
    both: tuple[Data, Project], asked_of: tuple[str, str]
) -> None:
    data, beside = both
    name, event = asked_of
    asked = PERIOD | {"event": event}

    def rows(project: Project) -> list[dict[str, Value]]:
        return data.ask(name, asked, project, TODAY).records()

    without = rows(data.project)
    groups = {row.get("group") for row in without}

    def said(answer: list[dict[str, Value]]) -> list[str]:
        words = [
            {column: value for column, value in row.items() if column not in TIMES}
            for row in answer
            if row.get("group") in groups  # a failure that nobody alone met is told, as often
            and (row.get("installs") != 0 or "day" in row)
        ]
        return sorted(map(repr, words))

    assert said(rows(beside)) == said(without)


def test_crashes_of_nobody_count_as_often_as_they_happened(both: tuple[Data, Project]) -> None:
    data, beside = both
    (row,) = [
        row
        for row in data.ask("errors", PERIOD, beside, TODAY).records()
        if row["name"] == "KeyError" and row["place"] == "aider.io:read_text:7"
    ]
    assert (row["times"], row["sessions"], row["installs"]) == (CRASHES, 0, 0)
    assert row["session_share"] is None  # nobody knows in which sessions

    def times(project: Project, event: str) -> object:
        rows = data.ask("events", PERIOD, project, TODAY).records()
        return next((row["times"] for row in rows if row["event"] == event), 0)

    for event, more in (("exception", CRASHES), ("message_send", 50), ("session_start", 1)):
        assert times(beside, event) == int(str(times(data.project, event))) + more


def test_where_a_version_is_asked_for_nobody_has_any(both: tuple[Data, Project]) -> None:
    data, beside = both
    asked = PERIOD | {"version": "0.86.1"}
    for name in ("errors", "events", "totals", "commands"):
        assert data.ask(name, asked, beside, TODAY) == data.ask(name, asked, data.project, TODAY)


def test_what_only_nobody_had_can_not_be_chosen(both: tuple[Data, Project]) -> None:
    data, beside = both
    found = choices.find(data.warehouse, beside.name)
    assert found is not None
    assert found.versions
    assert "9.9" not in found.versions
