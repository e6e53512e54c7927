"""Funnels equal what plain Python counts, over random histories with ties, repeats and edges."""

from __future__ import annotations

import os
import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from multidict import MultiDict

from aboveboard import Event, insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.insights import FilterError, Filters
from aboveboard.warehouse import Warehouse, embedded
from aboveboard.warehouse.schema import NOBODY, key
from tests.conftest import in_turn
from tests.insights.conftest import Data, Project

NUMBER = 10_000 if os.environ.get("ABOVEBOARD_LONG") else 400
SINCE, UNTIL, TODAY = date(2026, 3, 10), date(2026, 3, 20), date(2026, 5, 1)
FOLLOWED = timedelta(days=7)


class Opened(Event):
    """Opened."""


class Read(Event):
    """Read."""


class Closed(Event):
    """Closed."""


CATALOG = Catalog.of("tool", [Opened, Read, Closed])
NAMES = ("opened", "read", "closed")

FUNNELS: tuple[tuple[str, ...], ...] = (
    ("session_start", "opened", "read"),
    ("opened", "read", "closed"),
    ("closed", "read", "opened"),
    ("read", "read", "read", "read"),
    ("opened", "read", "opened", "read", "opened", "closed", "opened", "closed"),
)


@dataclass(frozen=True)
class Happened:
    """One event, as it is kept: its hour, and its place in its session, which another may share."""

    install: str
    session: str
    event: str
    hour: datetime
    seq: int


def histories(number: int, seed: int) -> list[Happened]:
    """Return what so many installs did: some in one hour, at one place, or across the period."""
    chance = random.Random(seed)
    found = []
    for each in range(number):
        install = NOBODY if each == 0 else str(uuid.UUID(int=chance.getrandbits(128), version=4))
        for _ in range(chance.choice((1, 1, 2, 4))):
            session = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            day = chance.choice((SINCE, SINCE - timedelta(1), UNTIL, UNTIL + timedelta(1), None))
            day = day or SINCE + timedelta(chance.randrange(11))
            begins = datetime(day.year, day.month, day.day, chance.choice((0, 9, 23)), tzinfo=UTC)
            found.append(Happened(install, session, "session_start", begins, 0))
            hour, seq = begins, 0
            for _ in range(chance.randrange(9)):
                # A clock may be set back, a session stay open for longer than it is followed.
                hour += timedelta(hours=chance.choice((0, 0, 0, 1, -1, 24, 24 * 8)))
                seq += chance.choice((0, 1, 1, 3))
                found.append(Happened(install, session, chance.choice(NAMES), hour, seq))
    return found


def level(steps: Sequence[str], events: Sequence[tuple[str, tuple[int, ...]]]) -> int:
    """Return how many steps are taken, each by an event behind that of the step before.

    Every choice is tried: nothing is taken for granted of which event to take.
    """
    if not steps:
        return 0
    behind = [place for event, place in events if event == steps[0]]
    return max(
        (
            1 + level(steps[1:], [(event, later) for event, later in events if later > place])
            for place in sorted(set(behind))
        ),
        default=0,
    )


def counted(happened: Sequence[Happened], steps: Sequence[str], within: str) -> list[list[int]]:
    """Return, for each step, how many sessions or installs took it, and how many installs."""
    begun = {
        each.session
        for each in happened
        if each.event == "session_start" and SINCE <= each.hour.date() <= UNTIL
    }
    of: dict[tuple[str, str], list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    for each in happened:
        if each.install == NOBODY:
            continue
        place: tuple[int, ...]
        if within == "session":
            is_told = each.session in begun and SINCE <= each.hour.date() <= UNTIL + FOLLOWED
            run, place = each.session, (each.seq,)
        else:
            is_told = SINCE <= each.hour.date() <= UNTIL
            run, place = "", (int(each.hour.timestamp()), key(each.session), each.seq)
        if is_told:
            of[each.install, run].append((each.event, place))
    levels = {who: level(steps, events) for who, events in of.items()}
    return [
        [
            sum(reached >= number for reached in levels.values()),
            len({who for (who, _), reached in levels.items() if reached >= number}),
        ]
        for number in range(1, len(steps) + 1)
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Data, list[Happened]]]:
    directory: Path = tmp_path_factory.mktemp("funnels")
    warehouse = Warehouse(embedded(directory))
    project = Project("tool", CATALOG)
    warehouse.ensure("tool", CATALOG)
    happened = histories(NUMBER, 5)
    for name in ("session_start", *NAMES):
        rows = [each for each in happened if each.event == name]
        random.Random(name).shuffle(rows)
        columns: dict[str, list[object]] = {
            "user_id": [each.install for each in rows],
            "session": [each.session for each in rows],
            "seq": [each.seq for each in rows],
            "time": [int(each.hour.timestamp()) for each in rows],
        }
        if name == "session_start":
            columns |= {"os": ["Linux" for _ in rows]}
            columns |= {"source": ["import" for _ in rows]}
        warehouse.insert("tool", "sessions" if name == "session_start" else name, columns, name)
    yield Data(warehouse, project, []), happened
    warehouse.close()


@pytest.mark.parametrize("within", ["session", "period"])
@pytest.mark.parametrize("steps", in_turn(FUNNELS, FUNNELS[:2]), ids=",".join)
def test_as_many_go_on_as_plain_python_counts(
    world: tuple[Data, list[Happened]], steps: tuple[str, ...], within: str
) -> None:
    data, happened = world
    asked = {"since": str(SINCE), "until": str(UNTIL), "steps": ",".join(steps), "within": within}
    rows = data.ask("funnel", asked, today=TODAY).records()

    assert [row["event"] for row in rows] == list(steps)
    expected = counted(happened, steps, within)
    assert [[row["times"], row["installs"]] for row in rows] == expected
    if within == "session":
        assert data.ask("funnel", {**asked, "os": "Linux"}, today=TODAY).records() == rows
    first, before = expected[0][0], expected[0]
    for number, row in enumerate(rows):
        assert row["share"] == pytest.approx(expected[number][0] / first)
        assert row["of_installs"] == expected[0][1]
        if number == 0 or not before[0]:
            assert row["before_share"] is None
        else:
            assert row["before_share"] == pytest.approx(expected[number][0] / before[0])
            assert row["before_installs"] == before[1]
        before = expected[number]


def test_where_nobody_took_the_first_step_every_step_is_there_with_none(
    world: tuple[Data, list[Happened]],
) -> None:
    data, _ = world
    asked = {"since": "2020-01-01", "until": "2020-01-02", "steps": "opened,read"}
    rows = data.ask("funnel", asked, today=TODAY).records()

    assert [(row["event"], row["times"], row["share"]) for row in rows] == [
        ("opened", 0, None),
        ("read", 0, None),
    ]


def test_a_form_s_steps_are_the_same_as_one_list() -> None:
    query = MultiDict([("steps", "opened"), ("steps", ""), ("steps", "read")])
    filters = Filters.from_query(query, TODAY)

    assert filters.steps == ("opened", "read")
    assert filters.asked == (("steps", "opened,read"),)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"steps": "opened"}, "steps=opened are 1 events: use from 2 to 8, with commas"),
        ({"steps": ",".join(["opened"] * 9)}, "are 9 events: use from 2 to 8"),
        ({"steps": "opened,shut"}, "shut is no event of this catalog: /catalog lists what is"),
        ({"within": "day"}, "within=day is not known: use one of session, period"),
    ],
)
def test_steps_that_cannot_be_taken_are_refused_in_a_line(query: dict[str, str], says: str) -> None:
    funnel = insights.get("funnel")
    assert funnel is not None
    with pytest.raises(FilterError) as refused:
        funnel.statement(Project("tool", CATALOG), Filters.from_query(query, TODAY))

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
