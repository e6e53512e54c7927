"""A session counts once in every answer, whether its start came first, late or never."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aboveboard import insights
from aboveboard.catalog import event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import Event
from aboveboard.collector import sessions
from aboveboard.collector.http.batch import delivery
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.projects.project import Project
from aboveboard.collector.protocols import posthog
from aboveboard.collector.service import Collector, Reader
from aboveboard.dashboard import choices
from aboveboard.warehouse import MismatchError, database, schema
from tests.collector.tool import CATALOG, NOW, Install, new_id
from tests.conftest import LONG, examples

HOUR = 3600
TODAY = datetime.fromtimestamp(NOW, UTC).date()


class ExitCode(Event, name="exit"):
    """A run ended, as the tool tells it after a change of mind."""

    reason: int | None = event.count("Its code")


class KilledError(Exception):
    """The process is gone."""


@dataclass
class Mortal:
    """A collector that moves when it is told to, and dies where it is told to."""

    directory: Path
    dies_in: int | None = None
    """After how many steps of the mover."""

    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.collector = Collector(self.directory, _crash=self._step)

    def _step(self, _step: str) -> None:
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in < 0:
                self.dies_in = None
                raise KilledError

    def project(self) -> Project:
        return self.collector.add_project(f"tool{next(self.numbers)}", CATALOG)

    def deliver(self, project: Project, lines: list[bytes], *, in_posthogs_form: bool) -> None:
        reader = Reader(project)
        if in_posthogs_form:
            sent = json.dumps(
                {"api_key": "key", "batch": [json.loads(as_posthog(each)) for each in lines]}
            )
            batch = delivery(reader, posthog.parse(sent.encode()))
        else:
            batch = Delivery(
                project.name, uuid.uuid4(), reader.segments.read(b"".join(lines), "aboveboard")
            )
        self.collector.inbox.commit([batch])

    def move(self, dies_in: int | None = None) -> None:
        self.dies_in = dies_in
        try:
            self.collector.mover.move_all()
        except KilledError:
            self.collector.mover.move_all()
        finally:
            self.dies_in = None

    def rows(self, project: Project, table: str) -> list[tuple[object, ...]]:
        version = ", app_version" if table != "_unstarted FINAL" else ""
        return self.collector.warehouse.query(
            f"SELECT user_uuid, session_uuid, user_id, session, toUnixTimestamp(time){version} "
            f"FROM {{project:Identifier}}.{table}",
            {"project": database(project.name)},
        ).rows

    def ask(self, project: Project, name: str, asked: dict[str, str]) -> list[dict[str, object]]:
        insight = insights.get(name)
        assert insight is not None
        filters = insights.Filters.from_query(asked, TODAY)
        return [
            dict(row) for row in insight.run(self.collector.warehouse, project, filters).records()
        ]


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    # A module's, since a process can have one embedded warehouse open at a time.
    made = Mortal(tmp_path_factory.mktemp("data"))
    with closing(made.collector):
        yield made


def as_posthog(line: bytes) -> bytes:
    """Return a line as our own client sends it to a PostHog place."""
    told = json.loads(line)
    return json.dumps(
        {
            "event": told["event"],
            "distinct_id": told["user_id"],
            "uuid": new_id(),
            "timestamp": datetime.fromtimestamp(told["time"], UTC).isoformat(),
            "properties": {
                **told["properties"],
                "$lib": "aboveboard",
                "$session_id": told["session"],
                "seq": told["seq"],
            },
        }
    ).encode()


@dataclass
class Life:
    """One session, as its tool told it.

    Args:
        hours: How long ago each event happened, the start first.
        starts: Whether the start is among what is sent.
    """

    user_id: str
    hours: list[int]
    starts: bool
    version: str
    system: str
    session: str = field(default_factory=new_id)

    def lines(self) -> Iterator[bytes]:
        me = Install(self.user_id, self.session)
        for seq, ago in enumerate(self.hours):
            when = {"time": NOW - ago * HOUR, "seq": seq}
            if seq == 0:
                said = {"app_version": self.version, "os": self.system}
                if self.starts:
                    yield me.line("session_start", said, **when)
            else:
                kind = ("message_send", "command", "exception", "exit")[seq % 4]
                yield me.line(kind, {"command": "add"} if kind == "command" else {}, **when)

    @property
    def told(self) -> list[int]:
        """The hours of what is sent, in Unix seconds."""
        moments = [NOW - ago * HOUR for ago in self.hours]
        return [each - each % HOUR for each in (moments if self.starts else moments[1:])]

    @property
    def began(self) -> int:
        return self.told[0] if self.starts else min(self.told)

    @property
    def day(self) -> str:
        return datetime.fromtimestamp(self.began, UTC).date().isoformat()

    @property
    def keys(self) -> tuple[int, int]:
        return schema.key(self.user_id), schema.key(self.session)


@st.composite
def lives(draw: st.DrawFn) -> list[Life]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        user_id = new_id()
        for _ in range(draw(st.integers(1, 3))):
            hours = draw(st.lists(st.integers(0, 80), min_size=2, max_size=7))
            hours = [max(hours), *hours[1:]]
            if draw(st.booleans()):
                hours.sort(reverse=True)
            version, system = draw(st.sampled_from([("1.2.3", "Linux"), ("1.3.0", "Darwin")]))
            found.append(Life(user_id, hours, draw(st.booleans()), version, system))
    return found


LIVES = 200 if LONG else examples(8)
"""Each takes a second or more."""


@settings(max_examples=LIVES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lived=lives(), dice=st.randoms(use_true_random=False))
def test_however_its_events_arrive_a_session_counts_once_and_everywhere_alike(
    mortal: Mortal, lived: list[Life], dice: random.Random
) -> None:
    project = mortal.project()
    lines = [line for life in lived for line in life.lines()]
    if dice.random() < 0.7:
        dice.shuffle(lines)
    while lines:
        sent = [lines.pop(0) for _ in range(min(len(lines), dice.randrange(1, 9)))]
        mortal.deliver(project, sent, in_posthogs_form=dice.random() < 0.4)
        if dice.random() < 0.6:
            mortal.move(dice.randrange(7) if dice.random() < 0.5 else None)
    mortal.move()

    started = [life for life in lived if life.starts]
    assert sorted(mortal.rows(project, "_sessions"), key=repr) == sorted(
        (
            (
                uuid.UUID(life.user_id),
                uuid.UUID(life.session),
                *life.keys,
                life.began,
                life.version if life.starts else None,
            )
            for life in lived
        ),
        key=repr,
    )
    assert len(mortal.rows(project, "sessions")) == len(started)
    first = min(life.day for life in lived)
    asked = [
        {"since": "10d"},
        {"since": first, "until": first},
        {"since": "10d", "version": "1.2.3"},
        {"since": "10d", "os": "Darwin"},
    ]
    assert_answers(mortal, project, lived, dice.choice(asked))


def assert_answers(
    mortal: Mortal, project: Project, lived: list[Life], asked: dict[str, str]
) -> None:
    """Hold what the insights say against the same in a few lines of Python."""
    filters = insights.Filters.from_query(asked, TODAY)

    def fits(life: Life) -> bool:
        return (asked.get("version") in (None, life.version if life.starts else "")) and (
            asked.get("os") in (None, life.system if life.starts else "")
        )

    since, until = filters.since.isoformat(), filters.until.isoformat()
    begun = [life for life in lived if fits(life) and since <= life.day <= until]
    installs = len({life.user_id for life in begun})

    (totals,) = mortal.ask(project, "totals", asked)
    assert (totals["installs"], totals["sessions"]) == (installs, len(begun))

    days = {row["day"]: row["sessions"] for row in mortal.ask(project, "overview", asked)}
    by_day = Counter(life.day for life in begun)
    assert {day: n for day, n in days.items() if n} == dict(by_day)
    assert all(n is not None for day, n in days.items() if str(day) >= min(x.day for x in lived))

    events = {row["event"]: row for row in mortal.ask(project, "events", asked)}
    starts = [life for life in lived if life.starts and fits(life) and since <= life.day <= until]
    told = events.get("session_start", {"times": 0, "sessions": 0})
    assert (told["times"], told["sessions"]) == (len(starts), len(starts))
    if starts:
        assert told["session_share"] == pytest.approx(len(starts) / len(begun))
    for name in ("events", "commands", "errors"):
        for row in mortal.ask(project, name, asked):
            if row["of_installs"] is not None and row.get("installs"):
                assert row["of_installs"] == installs, name

    versions: dict[object, int] = defaultdict(int)
    for life in begun:
        versions[life.version if life.starts else None] += 1
    said = mortal.ask(project, "stability", asked)
    assert {row["version"]: row["sessions"] for row in said} == versions

    daily = mortal.ask(project, "event_days", {**asked, "event": "session_start"})
    assert sum(int(str(row["times"] or 0)) for row in daily) == len(starts)
    words = mortal.ask(project, "event_properties", {**asked, "event": "session_start"})
    assert sum(int(str(r["times"])) for r in words if r["property"] == "app_version") == len(starts)


def test_a_session_whose_start_was_lost_is_there_from_its_first_event_on(mortal: Mortal) -> None:
    project, me = mortal.project(), Install()
    mortal.deliver(project, [me.line("message_send", seq=7)], in_posthogs_form=False)
    mortal.move()
    ((*ids, hour, version),) = mortal.rows(project, "_sessions")
    assert ids == [
        uuid.UUID(me.user_id),
        uuid.UUID(me.session),
        schema.key(me.user_id),
        schema.key(me.session),
    ]
    assert (hour, version) == (NOW - NOW % HOUR, None)
    assert mortal.rows(project, "sessions") == []
    found = choices.find(mortal.collector.warehouse, project.name)
    assert found is not None
    assert (found.first, found.versions) == (TODAY, ())


def test_what_has_only_been_lost_is_no_event(mortal: Mortal) -> None:
    project, me = mortal.project(), Install()
    mortal.deliver(project, [me.line("message_send", seq=7)], in_posthogs_form=False)
    mortal.move()
    rows = {row["event"]: row for row in mortal.ask(project, "events", {})}
    assert "session_start" not in rows
    assert rows["message_send"]["session_share"] == 1.0


def test_two_installs_that_tell_one_session_have_one_each(mortal: Mortal) -> None:
    project, me = mortal.project(), Install()
    other = Install(new_id(), me.session)
    mortal.deliver(project, [me.start(), other.line("exit")], in_posthogs_form=False)
    mortal.move()
    assert {row[0] for row in mortal.rows(project, "_sessions")} == {
        uuid.UUID(me.user_id),
        uuid.UUID(other.user_id),
    }


def test_nobody_has_no_session() -> None:
    nobody = {"user_id": [schema.NOBODY] * 2, "session": [schema.NOBODY, new_id()], "time": [0, 0]}
    told = {"exception": nobody, "sessions": nobody}
    assert sessions.of(told) == ({}, set())  # type: ignore[arg-type]


def test_those_without_a_start_are_told_with_the_hour_of_their_first_event() -> None:
    me, other, one, two = (new_id() for _ in range(4))
    tables: dict[str, dict[str, list[object]]] = {
        "launched": {"user_id": [me, me], "session": [one, two], "time": [7200, 3600]},
        "exit": {"user_id": [me, other, me], "session": [one, one, one], "time": [3600, 0, 9000]},
        "crash": {"user_id": [me], "session": [schema.NOBODY], "time": [0]},
        "sessions": {"user_id": [me, me], "session": [two, new_id()], "time": [3600, 3600]},
    }
    begun = {(me, str(session)) for session in tables["sessions"]["session"]}
    assert sessions.of(tables) == ({(me, one): 3600, (other, one): 0}, begun)
    assert sessions.of({"exit": tables["exit"]}) == ({(me, one): 3600, (other, one): 0}, set())
    assert sessions.of({}) == ({}, set())


def test_many_sessions_are_asked_for_in_portions(
    mortal: Mortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aboveboard.warehouse.structure.unstarted.SESSIONS_MAX", 3)
    project, all_of_them = mortal.project(), [Install() for _ in range(10)]
    for name in ("exit", "session_start", "message_send"):
        lines = [me.line(name, seq=1) for me in all_of_them]
        mortal.deliver(project, lines, in_posthogs_form=False)
        mortal.move()
        assert len(mortal.rows(project, "_sessions")) == 10
    assert len(mortal.rows(project, "sessions")) == 10


def test_a_column_that_the_catalog_has_more_is_there_of_every_session(mortal: Mortal) -> None:
    project, me = mortal.project(), Install()
    mortal.deliver(project, [me.line("exit")], in_posthogs_form=False)
    mortal.move()
    names = mortal.collector.warehouse.query(
        "SELECT * FROM {project:Identifier}._sessions", {"project": database(project.name)}
    )
    (wanted,) = (each for each in schema.tables(CATALOG) if each.name == schema.SESSIONS)
    assert names.columns == [each.name for each in wanted.columns if each != schema.MOVE]
    assert dict(zip(names.columns, names.rows[0], strict=True))["source"] == ""


def test_a_catalog_that_is_refused_leaves_questions_their_sessions(mortal: Mortal) -> None:
    """As when a data directory from before the view is opened by a tool that changed its mind."""
    project, me = mortal.project(), Install()
    mortal.deliver(project, [me.line("exit")], in_posthogs_form=False)
    mortal.move()
    warehouse, name = mortal.collector.warehouse, database(project.name)
    for drop in (f"VIEW {name}._sessions", f"TABLE {name}._unstarted SYNC"):
        warehouse.query(f"DROP {drop}", bounded=False)
    with pytest.raises(MismatchError):
        warehouse.ensure(project.name, Catalog.of("tool", [ExitCode]))
    assert len(mortal.rows(project, "_sessions")) == 1
