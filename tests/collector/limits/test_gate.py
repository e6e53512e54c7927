"""Who is let in, by a clock that the tests set."""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import suppress

import pytest

from aboveboard.collector.allowlist import Accepted
from aboveboard.collector.limits.gate import Gate, OverLimitError, Sender
from aboveboard.collector.limits.limits import BY_NAME, Limits
from aboveboard.warehouse import schema
from tests.collector.tool import new_id

OFF: dict[str, int | None] = dict.fromkeys(BY_NAME)


class Door:
    """A gate, a clock, and a sender whose project has the limits that a test is about."""

    def __init__(self, **changed: int | None) -> None:
        self.now = 1000.0
        self.gate = Gate(lambda: self.now)
        self.gate.knows = True
        limits = Limits(OFF | {name.replace("_", "-"): each for name, each in changed.items()})
        self.sender = Sender("key", "tool", limits)

    def wait(self, user: str) -> int:
        """Return how long an install would have to wait; 0 if it is let in."""
        try:
            self.gate.check_key(self.sender)
            self.gate.check_installs(self.sender, {user})
        except OverLimitError as error:
            return error.wait
        return 0

    def send(self, user: str, events: int = 1, sessions: int = 1) -> int:
        """Bring a delivery, as often as it takes; return how long that took."""
        waited = 0
        while wait := self.wait(user):
            self.now += wait
            waited += wait
        named = [new_id() for _ in range(sessions)] * (events // sessions)
        columns: dict[str, list[object]] = {"user_id": [user for _ in named], "session": [*named]}
        accepted = Accepted({"message_send": columns}, set(named), events)
        self.count(accepted)
        return waited

    def count(self, accepted: Accepted) -> None:
        anything = self.sender._replace(limits=Limits(OFF))
        installs = self.gate.check_installs(anything, accepted.installs())
        self.gate.count(self.sender, accepted, installs)


class TestARate:
    def test_is_what_is_let_in_over_a_long_time(self) -> None:
        door, user = Door(install_events_minute=600), new_id()
        waited = sum(door.send(user, 50) for _ in range(1000))
        assert waited == pytest.approx(1000 * 50 / 10 - 60, rel=0.05)

    def test_lets_as_much_come_at_once_as_it_has_in_its_time(self) -> None:
        door, user = Door(install_events_minute=600), new_id()
        assert [door.send(user, 100) for _ in range(6)] == [0] * 6
        assert door.wait(user) == 1

    def test_takes_what_is_larger_than_itself_and_then_waits_for_it(self) -> None:
        door, user = Door(install_events_minute=60), new_id()
        assert door.send(user, 600) == 0
        assert door.wait(user) == 541

    def test_tells_a_time_after_which_there_is_room(self) -> None:
        door, user = Door(install_sessions_day=7), new_id()
        for _ in range(50):
            wait = door.wait(user)
            door.now += wait
            assert door.wait(user) == 0
            door.send(user)

    def test_of_one_install_is_no_others(self) -> None:
        door, user = Door(install_events_minute=10, install_sessions_day=10), new_id()
        door.send(user, 1000)
        assert door.wait(user)
        assert not door.wait(new_id())

    def test_of_one_key_is_no_others(self) -> None:
        door, user = Door(key_events_minute=10), new_id()
        door.send(user, 1000)
        assert door.wait(new_id())
        door.sender = door.sender._replace(key="another")
        assert not door.wait(user)

    def test_counts_a_session_once_however_many_events_it_has(self) -> None:
        door, user = Door(install_sessions_minute=10, key_sessions_minute=10), new_id()
        for _ in range(9):
            door.send(user, events=100)
        assert not door.wait(user)
        door.send(user, events=4, sessions=4)
        assert door.wait(user)

    def test_counts_each_install_of_a_delivery_by_its_own(self) -> None:
        door, much, little = (
            Door(install_events_minute=10, install_sessions_minute=10),
            new_id(),
            new_id(),
        )
        columns: dict[str, list[object]] = {"user_id": [*[much] * 20, little]}
        columns["session"] = [new_id() for _ in columns["user_id"]]
        accepted = Accepted({"exit": columns}, set(map(str, columns["session"])), 21)
        door.count(accepted)
        assert door.wait(much) == pytest.approx(66)
        assert not door.wait(little)


class TestNewInstalls:
    def test_are_let_in_up_to_the_limit(self) -> None:
        door = Door(key_installs_day=5)
        assert [door.send(new_id()) for _ in range(5)] == [0] * 5
        assert door.wait(new_id())

    def test_that_are_too_many_keep_no_known_one_out(self) -> None:
        door, known = Door(key_installs_day=5, key_installs_minute=3), new_id()
        door.send(known)
        for _ in range(10):
            door.send(new_id())
        assert door.wait(new_id())
        assert not door.wait(known)

    def test_are_not_those_that_the_warehouse_has(self) -> None:
        door, users = Door(key_installs_day=1), [new_id() for _ in range(100)]
        door.gate.remember("tool", map(schema.key, users))
        assert [door.send(each) for each in users] == [0] * 100

    def test_are_refused_only_once_it_is_known_who_is_not(self) -> None:
        door = Door(key_installs_day=1)
        door.gate.knows = False
        assert [door.send(new_id()) for _ in range(100)] == [0] * 100
        door.gate.knows = True
        assert not door.wait(new_id())


def test_nobody_has_no_limit_but_the_keys() -> None:
    door = Door(install_events_minute=1, key_installs_day=1)
    assert [door.send(schema.NOBODY, 100) for _ in range(10)] == [0] * 10


def test_a_delivery_that_all_was_refused_of_counts_for_its_key() -> None:
    door = Door(key_events_minute=10)
    door.count(Accepted(rejected=[(1, "not a line of JSON")] * 11))
    assert door.wait(new_id())


def test_what_is_refused_is_counted_by_its_limit() -> None:
    door, user = Door(install_events_minute=1), new_id()
    door.send(user, 100)
    for _ in range(3):
        door.wait(user)
    assert door.gate.refused == {("tool", "install-events-minute"): 3}


def test_memory_stays_as_it_is_whatever_ids_are_sent() -> None:
    door = Door(install_events_day=10, install_sessions_minute=10, key_installs_day=10**9)
    door.send(new_id())
    tracemalloc.start()
    try:
        for _ in range(4_000):
            with suppress(OverLimitError):
                door.send(new_id())
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 50_000


@pytest.mark.thorough
def test_a_flood_of_made_up_installs_makes_none_of_the_real_ones_wait() -> None:
    """With the defaults, and all that they let in within a minute."""
    door = Door(**{name.replace("-", "_"): each.default for name, each in BY_NAME.items()})
    for _ in range(25_000):
        door.send(new_id(), events=400)
    assert door.send(new_id()) <= 1  # it is new as well
    known = [new_id() for _ in range(1000)]
    door.gate.remember("tool", map(schema.key, known))
    assert not any(map(door.wait, known))
