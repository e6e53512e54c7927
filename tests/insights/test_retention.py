"""Retention and lifecycle equal what plain Python counts, over random histories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.warehouse import Warehouse, embedded
from tests.conftest import in_turn
from tests.insights.conftest import Data, Project
from tests.insights.histories import (
    DAY,
    History,
    events,
    grid,
    histories,
    lifecycle,
    monday,
    month,
    second,
)
from tests.insights.population import fill

FIRST, LAST = date(2026, 6, 3), date(2026, 9, 20)
TODAY = date(2026, 9, 18)
"""Before the last of them: who was active tomorrow is nobody's return yet."""

NUMBER = 10_000 if os.environ.get("ABOVEBOARD_LONG") else 1_500

PERIODS = [
    (date(2026, 6, 29), date(2026, 8, 30)),  # whole weeks, Monday to Sunday
    (date(2026, 7, 1), date(2026, 7, 31)),  # a whole month, of cut weeks
    (date(2026, 5, 1), date(2026, 9, 18)),  # from before the first data until today
    (date(2026, 8, 5), date(2026, 8, 5)),
]


@dataclass(frozen=True)
class World:
    data: Data
    lives: list[History]

    def ask(self, name: str, since: date, until: date, **query: str) -> list[dict[str, object]]:
        asked = {"since": str(since), "until": str(until), **query}
        return [dict(row) for row in self.data.ask(name, asked, today=TODAY).records()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory: Path = tmp_path_factory.mktemp("histories")
    warehouse = Warehouse(embedded(directory))
    project = Project("lives", shipped_catalog("aider"))
    lives = histories(NUMBER, 11, FIRST, TODAY)
    happened = events(lives, 12)
    fill(warehouse, project.name, project.catalog, happened)
    yield World(Data(warehouse, project, happened), lives)
    warehouse.close()


@pytest.mark.parametrize(("since", "until"), PERIODS)
def test_the_grid_has_who_was_new_in_each_week_and_came_back(
    world: World, since: date, until: date
) -> None:
    rows = world.ask("retention", since, until)

    assert rows
    assert {
        (date.fromisoformat(str(row["cohort"])), row["week"]): [
            row["of_installs"],
            row["installs"],
            row["later_installs"],
        ]
        for row in rows
    } == grid(world.lives, since, until)
    for row in rows:
        ends = date.fromisoformat(str(row["cohort"])) + (7 * int(str(row["week"])) + 6) * DAY
        assert row["complete"] is (ends < TODAY and ends <= until)
        assert row["back_share"] == pytest.approx(
            int(str(row["installs"])) / int(str(row["of_installs"]))
        )


@pytest.mark.parametrize(("since", "until"), PERIODS[:3])
def test_the_second_week_is_of_those_whose_second_week_is_over(
    world: World, since: date, until: date
) -> None:
    (row,) = world.ask("second_week", since, until)

    until = min(until, TODAY - DAY)
    assert (row["of_installs"], row["installs"]) == second(world.lives, since, until)


@pytest.mark.parametrize("grain", in_turn(["week", "month"], ["month"]))
@pytest.mark.parametrize(("since", "until"), PERIODS)
def test_every_active_install_is_new_or_returning_or_resurrected(
    world: World, since: date, until: date, grain: str
) -> None:
    rows = world.ask("lifecycle", since, until, by=grain)
    expected = lifecycle(world.lives, since, until, grain)
    begin = {"week": monday, "month": month}[grain]

    assert [str(row["day"]) for row in rows] == sorted(
        {str(begin(since + number * DAY)) for number in range((until - since).days + 1)}
    )
    for row in rows:
        counted = expected[date.fromisoformat(str(row["day"]))]
        told = [row[kind] for kind in ("new", "returning", "resurrected")]
        if told == [None] * 3:  # before the first data
            assert not counted
            continue
        assert told == [counted[kind] for kind in ("new", "returning", "resurrected")]
        assert row["gone"] == (counted["gone"] if row["complete"] else None)


def test_by_the_day_a_week_is_meant(world: World) -> None:
    since, until = PERIODS[0]

    assert world.ask("lifecycle", since, until) == world.ask("lifecycle", since, until, by="week")


def test_new_is_the_first_session_of_all_and_not_of_the_period(world: World) -> None:
    since, until = date(2026, 8, 3), date(2026, 8, 30)
    new = sum(int(str(row["new"])) for row in world.ask("lifecycle", since, until))

    assert new == sum(since <= life[0] <= until for life in world.lives)
    assert new < sum(any(since <= day <= until for day in life) for life in world.lives)
