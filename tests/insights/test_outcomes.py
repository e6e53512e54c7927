"""How commands end, as a few lines of Python count it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.dashboard import navigation
from aboveboard.integrations.outcomes import outcome_event
from tests.conftest import in_turn
from tests.insights.compared import compared
from tests.insights.conftest import Data, Project
from tests.insights.plain import PERIOD, choose, group
from tests.insights.population import Happening, fill
from tests.insights.shares import hold, tally

COMMANDS = ("build", "deploy", "test", None)
ENDS = (("ok", "0"), ("ok", "0"), ("usage", "2"), ("failed", "1"), ("failed", "3-127"),
        ("interrupted", "128-255"))  # fmt: skip


def runs(installs: int = 30, seed: int = 5) -> list[Happening]:
    """Return what happened to so many people, half of it in the period."""
    rng = random.Random(seed)
    happened = []
    for _ in range(installs):
        user_id, busy = UUID(int=rng.getrandbits(128), version=4), rng.choice((1, 3, 9))
        for _ in range(busy):
            session = UUID(int=rng.getrandbits(128), version=4)
            time = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(60 * 24))
            start: dict[str, object] = {"app_version": rng.choice(("1.0", "1.1")), "os": "Linux"}
            happened.append(Happening("session_start", user_id, session, time, start))
            for _ in range(rng.randrange(4)):
                outcome, code = rng.choice(ENDS)
                command = rng.choice(COMMANDS)
                if command == "test":
                    outcome, code = "ok", "0"
                told: dict[str, object] = {"command": command, "outcome": outcome}
                told |= {"exit_code": code, "duration": rng.choice((0.1, 0.5, 2.0, None))}
                happened.append(Happening("command_outcome", user_id, session, time, told))
    return happened


@pytest.fixture(scope="module")
def maker(data: Data) -> Data:
    project = Project("maker", Catalog.of("maker", [outcome_event(COMMANDS[:3])]))
    happened = runs()
    fill(data.warehouse, project.name, project.catalog, happened)
    return Data(data.warehouse, project, happened)


@pytest.mark.parametrize("filters", in_turn([{}, {"version": "1.1"}], [{"version": "1.1"}]))
def test_each_command_is_told_with_how_often_and_how_it_fails(
    maker: Data, filters: dict[str, str]
) -> None:
    ended = [each for each in choose(maker.happened, filters) if each.event == "command_outcome"]
    by_command = group(ended, lambda each: each.properties["command"])

    insight = insights.get("outcomes")
    assert insight is not None
    rows = maker.ask("outcomes", {**PERIOD, **filters}).records()

    assert {row["command"] for row in rows} == set(by_command)
    shares = []
    for row in rows:
        its = by_command[row["command"]]
        of = Counter(each.properties["outcome"] for each in its)
        assert row["runs"] == len(its)
        for outcome in ("ok", "failed", "usage", "interrupted"):
            assert row[outcome] == of[outcome]
        failed = [each for each in its if each.properties["outcome"] == "failed"]
        shares.append((tally(each.user_id for each in failed), tally(each.user_id for each in its)))
        codes = Counter(str(each.properties["exit_code"]) for each in failed)
        most = max((number, code) for code, number in codes.items())[1] if codes else None
        assert row["failed_code"] == most
        took = sorted(float(str(t)) for each in its if (t := each.properties["duration"]))
        assert row["duration"] == took[len(took) // 2]
        assert row["duration_most"] == took[int(len(took) * 0.9)]
    hold(rows, "failed_share", shares)
    assert {*insight.columns} <= {*rows[0]}


def test_is_compared_with_the_days_before(maker: Data) -> None:
    rows = compared(maker, "outcomes", PERIOD).rows
    assert rows
    assert any(each.by is not None for row in rows.values() for each in row.values())


def test_stands_in_the_navigation_of_who_records_it_and_of_nobody_else() -> None:
    theirs = navigation.offered(Catalog.of("maker", [outcome_event(COMMANDS[:3])]))
    assert "/insights/outcomes" in {each.path for each in theirs}
    others = navigation.offered(Catalog.of("other", []))
    assert "/insights/outcomes" not in {each.path for each in others}
