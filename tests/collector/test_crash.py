"""A collector that is killed under load, by both protocols, while installs ask to be erased.

In the middle the project begins to keep less, so that what is older goes, killed in it too.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.inbox.storage import INBOX
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse.schema import key as key_of
from tests.collector.erasing.forgetful import Forgetful, are_gone, erase
from tests.collector.projects.age import has_older
from tests.collector.senders import OfBatches, OfSegments, Sender, batch
from tests.collector.tool import Install, Server, add_project, ask, new_id, until
from tests.conftest import in_turn
from tests.warehouse.kept import files_with

KILLS = int(os.environ.get("ABOVEBOARD_KILLS", 1000 if os.environ.get("ABOVEBOARD_LONG") else 4))
ASKS_EVERY = 0.1


class Leaver(Sender):
    """Installs by both protocols that ask to be erased, and from which more comes afterwards."""

    def __init__(self, server: Server, key: str, number: int) -> None:
        super().__init__(server, key, number)
        self.left: list[Forgetful] = []

    def turn(self) -> None:
        me = Forgetful()
        identity, run = new_id(), me.run()
        sent = batch(self.key, me.user_id, self.numbers())
        self.insist(lambda: self.server.send(self.key, run, identity))
        self.insist(lambda: self.server.request("POST", "/batch/", sent))
        self.insist(lambda: erase(self.server, self.key, me.request()), 200, 202)
        self.left.append(me)
        later, late = new_id(), me.run()
        for again, segment in ((identity, run), (later, late)):
            self.insist(lambda s=segment, i=again: self.server.send(self.key, s, i))  # type: ignore[misc]
        self.insist(lambda: self.server.request("POST", "/batch/", sent))
        self.stop.wait(ASKS_EVERY)


class Elder(Sender):
    """Sends what is too old once the project keeps less, which it does from the middle on."""

    def deliver(self, told: list[int]) -> None:
        me, identity = Install(), new_id()
        moment = int(time.time()) - 40 * 86_400
        lines = b"".join(me.line("message_send", {"tokens": n}, time=moment) for n in told)
        self.insist(lambda: self.server.send(self.key, lines, identity))
        self.stop.wait(ASKS_EVERY)


def keep_less(server: Server, elder: Elder) -> None:
    """Have the project keep 30 days, when all that is older is in the warehouse."""
    elder.stop.set()
    elder.join(60)
    with closing(sqlite3.connect(server.data / INBOX)) as inbox:
        ((last,),) = inbox.execute("SELECT max(number) FROM waiting")
        waits = "SELECT count(*) FROM waiting WHERE number <= ?"
        until(lambda: inbox.execute(waits, (last,)).fetchone() == (0,), seconds=60)
    with closing(Projects(server.data)) as projects:
        projects.keep_for("tool", 30)


@pytest.mark.parametrize("kills", in_turn([2, KILLS], [2]))
def test_a_collector_that_is_killed_again_and_again_has_what_it_took_once_and_erased_never_back(
    tmp_path: Path, kills: int
) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    keepers: list[Sender] = [OfSegments(server, key, number) for number in (1, 2)]
    keepers += [OfBatches(server, key, number) for number in (3, 4)]
    leaver = Leaver(server, key, 900)
    elder = Elder(server, key, 500)
    everyone = [*keepers, leaver, elder]
    for sender in everyone:
        sender.start()
    dice = random.Random(7)
    try:
        for number in range(kills):
            if number == kills // 2:
                keep_less(server, elder)
            time.sleep(dice.uniform(0.1, 1.2))
            server.kill()
            server.start()
    finally:
        for sender in everyone:
            sender.stop.set()
        for sender in everyone:
            sender.join(60)
    left = leaver.left
    until(lambda: are_gone(tmp_path, len(left)), seconds=120)
    until(lambda: not has_older(server, 35), seconds=60)
    server.settle()
    assert server.stop() == (0, "")
    acknowledged = sorted(n for sender in keepers for n in sender.acknowledged)
    deliveries = sum(sender.deliveries for sender in keepers)
    assert min(sender.deliveries for sender in keepers) > 1
    assert len(left) > 1
    assert elder.deliveries > 1
    print(
        f"{kills} kills: {len(acknowledged)} events of {deliveries} installs, each once; "
        f"{len(left)} installs erased, none back; "
        f"{len(elder.acknowledged)} events went when their time was over"
    )
    kept = ask(tmp_path, "SELECT tokens FROM {project:Identifier}.message_send ORDER BY tokens")
    assert [row[0] for row in kept.rows] == acknowledged
    sessions = ask(
        tmp_path, "SELECT count(), uniqExact(session) FROM {project:Identifier}.sessions"
    )
    assert sessions.rows == [(deliveries, deliveries)]
    ids = [me.user_id for me in left]
    ids_as_bytes = [uuid.UUID(each).bytes for each in ids]
    keys = [key_of(each).to_bytes(8, "little") for each in ids]
    assert files_with(tmp_path, *map(str.encode, ids), *ids_as_bytes, *keys) == []
