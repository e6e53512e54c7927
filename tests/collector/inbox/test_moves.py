"""What the mover is given: each row once, in its order, within bounds, a project at a time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.allowlist import AllowList, Columns
from aboveboard.collector.inbox import moves, storage
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.inbox.moves import Move, Moves
from aboveboard.collector.inbox.packing import pack, unpack_into
from aboveboard.collector.protocols.segment import SegmentReader
from tests.collector.tool import CATALOG, Install

READER = SegmentReader(AllowList(CATALOG))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Inbox]:
    with closing(Inbox(tmp_path)) as opened:
        yield opened


@pytest.fixture
def given(store: Inbox, tmp_path: Path) -> Iterator[Moves]:
    with closing(Moves(tmp_path, store.depth)) as opened:
        yield opened


def deliver(store: Inbox, messages: int, project: str = "tool") -> bytes:
    """Have a delivery stored, of one event more than it has messages; return how it waits."""
    accepted = READER.read(Install().segment(messages))
    store.commit([Delivery(project, uuid.uuid4(), accepted)])
    return pack(accepted.tables)


def carried(given: Moves, most: int = 10) -> list[tuple[str, int, bool]]:
    """Carry all that waits; return of each move the project, its rows, and whether it took all."""
    found: list[tuple[str, int, bool]] = []
    while (move := given.begin()) is not None and len(found) < most:
        found.append((move.project, len(list(given.bodies(move))), move.all))
        given.end(move)
    return found


def test_a_move_that_has_not_ended_is_given_again_with_the_same_rows_and_no_others(
    store: Inbox, given: Moves, tmp_path: Path
) -> None:
    before = [deliver(store, messages) for messages in (3, 1, 2)]
    move = given.begin()
    assert move is not None
    assert (move.project, move.again, move.all) == ("tool", False, True)
    later = deliver(store, 4)
    deliver(store, 1, "other")
    with closing(Moves(tmp_path, store.depth)) as after_a_kill:
        again = after_a_kill.begin()
        assert again == Move(move.id, "tool", move.first, move.last, again=True)
        assert list(after_a_kill.bodies(again)) == before
        after_a_kill.end(again)
    assert (store.depth.events, store.depth.bytes("tool")) == (5 + 2, len(later))
    rest = given.begin(only="tool")
    assert rest is not None
    assert not rest.again
    assert list(given.bodies(rest)) == [later]
    assert rest.id != move.id
    assert rest.number == int(uuid.UUID(rest.id)) >> 64


def test_who_has_waited_longest_is_next_and_who_is_left_alone_holds_up_nobody(
    store: Inbox, given: Moves
) -> None:
    for project in ("late", "early", "late"):
        deliver(store, 1, project)
    first = given.begin()
    assert first is not None
    assert first.project == "late"
    assert given.begin(only="nobody") is None
    assert given.begin({"late", "early"}) is None
    second = given.begin({"late"})
    assert second is not None
    assert second.project == "early"
    for of, skip in ((first, {"early"}), (second, {"late"})):  # both are under way
        found = given.begin(skip)
        assert found is not None
        assert (found.id, found.again) == (of.id, True)
        assert given.begin(only=of.project) == found
    given.end(first)  # the rows of the other lie between its own
    assert (store.depth.bytes("late"), store.depth.events) == (0, 2)
    assert given.begin() == Move(second.id, "early", 2, 2, again=True)


@pytest.mark.parametrize(
    ("bound", "most", "expected"),
    [
        ("ROWS_MAX", 2, [(2, False), (2, False), (1, True)]),
        ("ROWS_MAX", 5, [(5, False)]),  # it cannot know whether more waits
        ("ROWS_MAX", 6, [(5, True)]),
        ("EVENTS_MAX", 3, [(1, False), (1, False), (1, False), (1, False), (1, True)]),
        ("EVENTS_MAX", 4, [(2, False), (1, False), (2, True)]),
        ("EVENTS_MAX", 14, [(5, True)]),
        ("EVENTS_MAX", 13, [(4, False), (1, True)]),
    ],
)
def test_a_move_takes_as_much_as_its_bounds_allow_and_at_least_one_row(
    store: Inbox, given: Moves, monkeypatch: pytest.MonkeyPatch, bound: str, most: int,
    expected: list[tuple[int, bool]],
) -> None:  # fmt: skip
    monkeypatch.setattr(moves, bound, most)
    for messages in (1, 1, 5, 1, 1):  # with the session's start two events, and six
        deliver(store, messages)
    assert [(rows, takes_all) for _, rows, takes_all in carried(given)] == expected


def test_a_move_takes_as_many_bytes_as_may_be_and_not_one_more(
    store: Inbox, given: Moves, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = (len(deliver(store, messages)) for messages in (1, 9, 1))
    monkeypatch.setattr(moves, "BYTES_MAX", one + two)
    assert carried(given) == [("tool", 2, False), ("tool", 1, True)]
    for messages in (1, 9, 1):
        deliver(store, messages)
    monkeypatch.setattr(moves, "BYTES_MAX", one + two + three - 1)
    assert carried(given) == [("tool", 2, False), ("tool", 1, True)]


def test_what_is_remembered_is_looked_through_once_an_hour_by_what_each_project_keeps(
    store: Inbox, given: Moves, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def left() -> list[str]:
        return [each for (each,) in connection.execute("SELECT project FROM delivery")]

    with closing(storage.connect(tmp_path)) as connection:

        def add(*projects: str) -> None:
            dated = int(time.time()) - 20 * 86_400
            connection.executemany(
                "INSERT INTO delivery VALUES (?, randomblob(16), ?)",
                [(project, dated) for project in projects],
            )

        add("long", "short")
        given.prune({"long": 400, "short": 10})
        assert left() == ["long"]
        add("short")
        given.prune({"short": 10})
        assert left() == ["long", "short"]
        later = time.monotonic() + moves.PRUNE_EVERY
        monkeypatch.setattr(time, "monotonic", lambda: later)
        given.prune({"short": 10})
        assert left() == ["long"]


def test_what_a_move_carries_is_what_was_delivered(store: Inbox, given: Moves) -> None:
    deliver(store, 2)
    deliver(store, 3)
    move = given.begin()
    assert move is not None
    merged: dict[str, Columns] = {}
    for body in given.bodies(move):
        unpack_into(merged, body)
    assert len(merged["message_send"]["time"]) == 5


def test_a_file_that_cannot_be_read_is_told_in_one_line(given: Moves, store: Inbox) -> None:
    deliver(store, 1)
    move = given.begin()
    assert move is not None
    given._connection.execute("DROP TABLE waiting")
    for step in (given.begin, lambda: given.end(move), lambda: list(given.bodies(move))):
        given._connection.execute("DELETE FROM move")
        with pytest.raises(storage.StorageError, match=r"cannot use .*inbox\.sqlite \(no such"):
            step()
    given._connection.execute("DROP TABLE delivery")
    with pytest.raises(storage.StorageError, match=r"cannot use .*inbox\.sqlite \(no such"):
        given.prune({})
