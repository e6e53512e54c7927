"""Who was erased stays out, by a digest that tells nobody who it was."""

from __future__ import annotations

import uuid
from collections import Counter
from contextlib import closing
from pathlib import Path

from aboveboard.collector.allowlist import Accepted, AllowList, Columns, Unfit
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.inbox.memory import Memory
from aboveboard.collector.inbox.packing import pack, unpack_into
from aboveboard.collector.inbox.suppression import ERASED, Suppression
from aboveboard.collector.protocols.segment import SegmentReader
from tests.collector.tool import CATALOG, Install, new_id

READER = SegmentReader(AllowList(CATALOG))


def erase(directory: Path, *users: str, project: str = "tool") -> Suppression:
    """Note that installs were erased; return what looks them up, on a connection that stays."""
    connection = storage.connect(directory)
    suppression = Suppression(connection)
    connection.executemany(
        "INSERT INTO erased (project, digest, asked) VALUES (?, ?, 0)",
        [(project, suppression.digest(user)) for user in users],
    )
    return suppression


def test_an_install_is_known_however_its_id_is_spelled_and_only_where_it_was_erased(
    tmp_path: Path,
) -> None:
    me = new_id()
    here = erase(tmp_path / "one")
    elsewhere = erase(tmp_path / "two")
    with closing(here._connection), closing(elsewhere._connection):
        assert here.digest(me) == here.digest(me.upper()) == here.digest(me.replace("-", ""))
        assert len(here.digest(me)) == 16
        assert uuid.UUID(me).bytes not in here.digest(me)
        assert here.digest(me) != elsewhere.digest(me)
        assert here.digest(me) != here.digest(new_id())


def test_of_many_installs_those_that_were_erased_are_found_in_their_project(
    tmp_path: Path,
) -> None:
    users = [new_id() for _ in range(1001)]  # more than one statement takes
    gone = {users[0], users[499], users[500], users[1000]}
    suppression = erase(tmp_path)
    with closing(suppression._connection):
        assert not suppression.has_any()
        erase(tmp_path, *gone)._connection.close()
        assert suppression.has_any()
        assert suppression.erased("tool", users) == gone
        assert suppression.erased("other", users) == set()
        assert suppression.erased("tool", []) == set()


def both(mine: Install, others: Install) -> Accepted:
    """Return what came of two installs at once: one that ended, and one with two messages."""
    told = READER.read(mine.start() + mine.line("exit", seq=1) + mine.line("uninvited", seq=2))
    more = READER.read(others.segment(2))
    tables: dict[str, Columns] = {}
    for each in (told, more):
        unpack_into(tables, pack(each.tables))
    return Accepted(
        tables=tables,
        sessions=told.sessions | more.sessions,
        events=told.events + more.events,
        unfit=told.unfit,
    )


def test_of_an_install_that_was_erased_nothing_is_stored_and_how_much_came_is_counted(
    tmp_path: Path,
) -> None:
    mine, others = Install(), Install()
    with closing(Inbox(tmp_path)) as store:
        erase(tmp_path, mine.user_id)._connection.close()
        accepted = both(mine, others)
        accepted.unfit[Unfit(ERASED, "", "")] += 1  # what was left out before
        (receipt,) = store.commit([Delivery("tool", uuid.uuid4(), accepted)])
        dropped = {(each.what, each.event, each.times) for each in store.quarantine.dropped("tool")}
        taken = receipt.accepted
        assert (taken.events, taken.erased, taken.sessions) == (3, 2, {others.session})
        assert set(taken.tables) == {"sessions", "message_send"}
        assert {user for of in taken.tables.values() for user in of["user_id"]} == {others.user_id}
        assert [len(of["time"]) for of in taken.tables.values()] == [1, 2]
        assert dropped == {(ERASED, "", 3), ("event", "uninvited", 1)}
        assert taken.unfit[Unfit(ERASED, "", "")] == 3
        assert store.depth.events == 3


def test_a_delivery_that_is_completed_in_the_inbox_is_told_who_was_erased(tmp_path: Path) -> None:
    mine, other = new_id(), new_id()
    found: list[object] = []

    def settle(memory: Memory) -> Accepted:
        found.extend(memory.erased([mine, other]))
        return Accepted()

    with closing(Inbox(tmp_path)) as store:
        store.commit([Delivery("tool", uuid.uuid4(), Accepted(), settle)])
        assert found == []
        erase(tmp_path, mine)._connection.close()
        store.commit([Delivery("tool", uuid.uuid4(), Accepted(), settle)])
        assert found == [mine]


def test_what_is_of_nobody_erased_is_left_as_it_is(tmp_path: Path) -> None:
    suppression = erase(tmp_path, new_id())
    with closing(suppression._connection):
        accepted = both(Install(), Install())
        assert suppression.without("tool", accepted) is accepted
        nothing = Accepted(unfit=Counter({Unfit("event", "uninvited", ""): 1}))
        assert suppression.without("tool", nothing) is nothing
