"""How late sessions come in: measured of what is sent, and of nothing else."""

from __future__ import annotations

import math
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard.collector.allowlist import Accepted
from aboveboard.collector.inbox import retention, storage
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.inbox.tallies.lateness import MEASURED_DAYS, SESSIONS_LEAST
from tests.collector.tool import NOW
from tests.conftest import examples

HOUR, DAY = 3600, 86_400
NOON = NOW - NOW % DAY + DAY // 2


def begun(*moments: int) -> Accepted:
    """Return what was read of sessions that began then."""
    return Accepted({"sessions": {"time": list(moments)}})


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with closing(Inbox(tmp_path)) as opened:
        yield opened


def come(inbox: Inbox, ages: Sequence[int], now: int = NOON, project: str = "tool") -> None:
    """Take at noon of today sessions that began so many hours ago."""
    with (
        closing(storage.connect(inbox._directory, storage.INBOX)) as other,
        storage.transaction(other) as connection,
    ):
        inbox.lateness.add(connection, [(project, begun(now - age * HOUR)) for age in ages], now)


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.integers(0, 400), min_size=SESSIONS_LEAST, max_size=150))
def test_a_day_is_whole_once_nineteen_in_twenty_of_its_sessions_are_in(ages: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name, closing(Inbox(Path(name))) as inbox:
        come(inbox, ages)
        # At noon, what began in the last twelve hours comes on its own day; of the day before, the
        # first session that counts as late is twelve hours late, wherever in its day it began.
        late = [max(0, 12 + 24 * math.ceil((age - 12) / 24 - 1)) for age in ages]
        counted = sorted(hours for hours in late if hours <= 7 * 24)
        told = inbox.lateness.of("tool")
    if len(counted) < SESSIONS_LEAST:
        assert told == timedelta(0)
    else:
        assert told == timedelta(hours=counted[math.ceil(0.95 * len(counted)) - 1])


def test_few_say_nothing_and_projects_are_measured_apart(inbox: Inbox) -> None:
    come(inbox, [14] * (SESSIONS_LEAST - 1))
    assert inbox.lateness.of("tool") == timedelta(0)
    come(inbox, [14])
    assert inbox.lateness.of("tool") == timedelta(hours=12)
    assert inbox.lateness.of("other") == timedelta(0)
    inbox.lateness.forget("other")
    assert inbox.lateness.of("tool") == timedelta(hours=12)
    inbox.lateness.forget("tool")
    assert inbox.lateness.of("tool") == timedelta(0)


def test_a_session_is_counted_on_the_day_on_which_it_came_up_to_a_week_late(inbox: Inbox) -> None:
    week = NOON - DAY // 2  # of what began at the end of a day just a week before
    come(inbox, [7 * 24 + 1, 8 * 24 + 1], week)
    with closing(storage.connect(inbox._directory, storage.INBOX)) as connection:
        rows = connection.execute("SELECT taken, hours, sessions FROM lateness").fetchall()
    assert rows == [(week, 7 * 24, 1)]
    come(inbox, [1], NOON)
    with closing(storage.connect(inbox._directory, storage.INBOX)) as connection:
        days = connection.execute("SELECT DISTINCT taken FROM lateness").fetchall()
    assert days == [(week,)]


def test_what_is_stored_twice_or_of_a_log_is_no_measure(inbox: Inbox) -> None:
    late = begun(*[NOW - 2 * DAY] * SESSIONS_LEAST)
    once = Delivery("tool", uuid.uuid4(), begun(*[NOW - 2 * DAY] * (SESSIONS_LEAST - 1)))
    inbox.commit([Delivery("tool", uuid.uuid4(), late, is_live=False), once])
    inbox.commit([once])
    assert inbox.lateness.of("tool") == timedelta(0)
    inbox.commit([Delivery("tool", uuid.uuid4(), begun(NOW - 2 * DAY))])
    assert timedelta(days=1) <= inbox.lateness.of("tool") <= timedelta(days=2)


def test_what_was_measured_goes_with_its_quarter_and_with_its_project(inbox: Inbox) -> None:
    come(inbox, [14] * SESSIONS_LEAST)
    with closing(storage.connect(inbox._directory, storage.INBOX)) as connection:
        count = "SELECT count(*) FROM lateness"
        retention.prune(connection, NOON + (MEASURED_DAYS - 1) * DAY)
        assert connection.execute(count).fetchone() == (1,)
        retention.prune(connection, NOON + (MEASURED_DAYS + 1) * DAY)
        assert connection.execute(count).fetchone() == (0,)
        come(inbox, [14])
        inbox.forget("tool")
        assert connection.execute(count).fetchone() == (0,)
