"""The first page compares whole days with whole days, and lines stop where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.dashboard import choices
from aboveboard.dashboard.pages import overview
from aboveboard.dashboard.pages.overview import Overview
from aboveboard.dashboard.view import View
from aboveboard.insights import Filters, Table
from aboveboard.rendering import charts
from aboveboard.warehouse import Warehouse, embedded
from tests.conftest import in_turn
from tests.insights.population import FEW, Happening, fill

TODAY = date(2026, 3, 12)
BEGAN = date(2026, 3, 1)


@dataclass(frozen=True)
class Project:
    name: str
    catalog: Catalog
    keys: tuple[str, ...] = ()
    retention: int = 400


@dataclass(frozen=True)
class Steady:
    """A project in which every whole day has ten sessions, and today, so far, one."""

    warehouse: Warehouse
    project: Project

    def look(self, **query: str) -> Overview:
        filters = Filters.from_query(query, TODAY)
        seen = View(
            "/",
            self.warehouse,
            [self.project],
            self.project,
            filters,
            query,
            choices=choices.find(self.warehouse, self.project.name),
        )
        return overview.look(seen)

    def sessions(self, **query: str) -> tuple[str | None, str]:
        card = next(card for card in self.look(**query).cards if card.measure == "sessions")
        return card.change.text if card.change else None, card.told


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steady]:
    directory: Path = tmp_path_factory.mktemp("steady")
    warehouse = Warehouse(embedded(directory))
    project = Project("steady", FEW)
    happened = []
    for number in range((TODAY - BEGAN).days + 1):
        day = datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(days=number)
        for _ in range(1 if day.date() == TODAY else 10):
            properties: dict[str, object] = {"app_version": "1.0", "os": "Linux"}
            happened.append(Happening("session_start", uuid4(), uuid4(), day, properties))
    fill(warehouse, project.name, project.catalog, happened)
    yield Steady(warehouse, project)
    warehouse.close()


def test_a_day_that_is_not_over_makes_no_change(steady: Steady) -> None:
    change, told = steady.sessions(since="4d")

    assert change == "0%"
    assert told.startswith("0% against 6–8 Mar 2026 (95% interval")  # noqa: RUF001
    assert told.endswith(": within chance")


def test_a_period_that_is_over_is_compared_as_a_whole(steady: Steady) -> None:
    change, told = steady.sessions(since="2026-03-09", until="2026-03-11")

    assert change == "0%"
    assert told.startswith("0% against 6–8 Mar 2026 (95% interval")  # noqa: RUF001


def test_today_alone_is_compared_with_nothing(steady: Steady) -> None:
    assert steady.sessions(since="1d") == (None, "Nothing is compared before the day is over.")


@pytest.mark.parametrize("since", in_turn(["7d", "30d", "2026-03-06"], ["7d"]))
def test_a_time_before_the_first_whole_day_of_data_is_compared_with_nothing(
    steady: Steady, since: str
) -> None:
    change, told = steady.sessions(since=since)

    assert change is None
    assert told.startswith("There is no data for all of the ")


def test_lines_begin_with_the_data_and_today_hangs_on_by_dashes(steady: Steady) -> None:
    card = next(card for card in steady.look(since="30d").cards if card.measure == "sessions")
    whole = [tuple(map(float, point.split(","))) for point in card.spark.whole.split()]
    going = [tuple(map(float, point.split(","))) for point in card.spark.going.split()]

    assert len(whole) == 11
    assert whole[0][0] == pytest.approx(100 * 18 / 29, abs=0.01)
    assert {y for _, y in whole} == {2.0}
    assert going[0] == whole[-1]
    assert going[1:] == [(100.0, 20.0)]


def test_a_line_over_whole_days_has_no_dashes(steady: Steady) -> None:
    cards = steady.look(since="2026-03-02", until="2026-03-08").cards

    assert {card.spark.going for card in cards} == {""}


def test_of_a_single_day_there_is_no_line() -> None:
    days = Table(("day", "times", "complete"), (("2026-03-01", 3, True),))

    assert overview.sparkline(days, "times") == overview.Spark()


@pytest.mark.parametrize("name", in_turn(["overview", "event_days"], ["overview"]))
@pytest.mark.parametrize(
    ("told", "dots"),
    [((None, None, 3), 1), ((3, None, None), 1), ((None, 3, 3), 0), ((3, 3, 3), 0)],
)
def test_a_single_day_with_data_is_a_dot_in_the_chart(
    name: str, told: tuple[int | None, ...], dots: int
) -> None:
    """A line needs two days, and a team's first day would be an empty chart."""
    rows = tuple((f"2026-03-0{day}", number, day < 3) for day, number in enumerate(told, 1))
    insight = insights.get(name)
    assert insight is not None
    days = Table(("day", "sessions", "complete"), rows)

    drawn = charts.svg(charts.parts(insight, days, "sessions"), "light", "sessions")

    points = re.findall(r'<path [^>]*aria-roledescription="point"[^>]*>', drawn)
    assert sum(' opacity="1"' in point for point in points) == dots
