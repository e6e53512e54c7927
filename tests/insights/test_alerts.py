"""Alerts say what is beyond chance, once, and nothing of what is not."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from aboveboard.insights import Filters
from aboveboard.insights.alerts import Alert, beyond, find, rising
from aboveboard.statistics.differences import Difference
from tests.insights.conftest import Data, Project
from tests.insights.population import FEW, Happening, fill

TODAY = date(2026, 3, 15)


def life(
    seed: int,
    *,
    before: int = 100,
    now: int = 100,
    crashes: float = 0.0,
    model: float = 0.5,
) -> list[Happening]:
    """Return two weeks: 1.0 in the first, 1.1 in the second, each of so many installs.

    Args:
        seed: Of what is left to chance.
        before: Installs of the first week.
        now: Of the second, of the same people as far as there are any.
        crashes: In what part of the sessions of 1.1 there is a crash that 1.0 does not have.
        model: Which part of the second week's messages are of gpt-5; it was a half.
    """
    rng = random.Random(seed)
    people = [UUID(int=rng.getrandbits(128), version=4) for _ in range(max(before, now))]
    happened = []
    for week, count in enumerate((before, now)):
        for person in people[:count]:
            for _ in range(3):
                day = TODAY - timedelta(days=14 - 7 * week - rng.randrange(7))
                at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
                session = UUID(int=rng.getrandbits(128), version=4)

                def happens(
                    event: str,
                    person: UUID = person,
                    session: UUID = session,
                    at: datetime = at,
                    **told: object,
                ) -> Happening:
                    return Happening(event, person, session, at, told)

                version = "1.1" if week else "1.0"
                happened.append(happens("session_start", app_version=version, os="Linux"))
                for _ in range(4):
                    share = model if week else 0.5
                    name = "gpt-5" if rng.random() < share else "o3"
                    happened.append(happens("message_send", main_model=name))
                if week and rng.random() < crashes:
                    frames = ["aider.main:main:9", "aider.io:read:7"]
                    happened.append(
                        happens("exception", error_type="KeyError", error_frames=frames)
                    )
    return happened


def alerts(data: Data, name: str, happened: list[Happening], **resolved: str) -> list[Alert]:
    world = Project(name, FEW)
    fill(data.warehouse, name, world.catalog, happened)
    return find(data.warehouse, world, Filters.from_query({}, TODAY), resolved)


def test_where_nothing_happens_nothing_is_told(data: Data) -> None:
    assert alerts(data, "calm", life(1)) == []


def test_a_release_that_crashes_is_told_and_so_is_what_is_new_in_it(data: Data) -> None:
    found = alerts(data, "crashing", life(2, crashes=0.15))
    assert {each.kind for each in found} == {"error", "crashes"}
    (error,) = [each for each in found if each.kind == "error"]
    assert error.title == "KeyError in aider.io:read is new in 1.1"
    assert error.path.startswith("/errors/v1:")
    (release,) = [each for each in found if each.kind == "crashes"]
    assert release.title == "1.1 crashes more than 1.0"
    assert "100.0 % were" in release.text
    assert len({each.key for each in found}) == len(found)


@pytest.mark.thorough
def test_installs_that_stay_away_are_told(data: Data) -> None:
    found = alerts(data, "leaving", life(3, now=55))
    (fallen,) = [each for each in found if each.kind == "installs"]
    assert fallen.title == "Active installs fell by 45%"


@pytest.mark.thorough
def test_a_share_that_moved_beyond_chance_is_told(data: Data) -> None:
    found = alerts(data, "moving", life(4, model=0.75))
    assert {each.kind for each in found} == {"share"}
    assert {each.title.split(" to ")[0] for each in found} == {"gpt-5 is up", "o3 is down"}


def test_of_many_rows_a_difference_must_be_the_surer() -> None:
    barely = Difference(0.05, 0.001, 0.1)
    assert beyond(barely, 1)
    assert not beyond(barely, 20)
    assert beyond(Difference(-0.2, -0.25, -0.15), 20)
    assert not beyond(barely, 0)


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ((), False),
        ((500,), False),
        ((10, 99), False),
        ((10, 100), True),
        ((300, 300, 300, 500), False),
        ((300, 300, 300, 900), True),
        ((0, 0, 0, 100), True),
    ],
)
def test_refused_lines_are_told_where_they_are_many_times_the_usual(
    refused: tuple[int, ...], told: bool
) -> None:
    assert bool(list(rising(refused, TODAY))) is told
