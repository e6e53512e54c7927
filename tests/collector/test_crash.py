from __future__ import annotations

import http.client
import random
import threading
import time
from pathlib import Path

from tests.collector.tool import Install, Server, add_project, ask, new_id

MESSAGES = 20
KILLS = 5


class Sender(threading.Thread):
    """Sends segment after segment, each until it was answered with 200, as the client does."""

    def __init__(self, server: Server, key: str, number: int) -> None:
        super().__init__()
        self.server = server
        self.key = key
        self.number = number
        self.stop = threading.Event()
        self.acknowledged: list[int] = []
        self.repeated = 0

    def run(self) -> None:
        message = self.number * 1_000_000
        while not self.stop.is_set():
            me, identity = Install(), new_id()
            told = range(message, message + MESSAGES)
            segment = me.start() + b"".join(me.line("message_send", {"tokens": n}) for n in told)
            message += MESSAGES
            while True:
                try:
                    answer = self.server.send(self.key, segment, identity)
                except (OSError, http.client.HTTPException):
                    time.sleep(0.02)
                    continue
                assert answer.status == 200
                self.repeated += answer.json()["duplicate"] is True
                self.acknowledged += told
                break


def test_a_collector_that_is_killed_again_and_again_has_every_acknowledged_event_once(
    tmp_path: Path,
) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    senders = [Sender(server, key, number) for number in range(4)]
    for sender in senders:
        sender.start()
    dice = random.Random(7)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.3, 1.2))
        server.kill()
        server.start()
    for sender in senders:
        sender.stop.set()
    for sender in senders:
        sender.join()
    code, said = server.stop()
    assert (code, said) == (0, "")
    acknowledged = sorted(n for sender in senders for n in sender.acknowledged)
    assert len(acknowledged) > 100
    kept = ask(tmp_path, "SELECT tokens FROM {project:Identifier}.message_send ORDER BY tokens")
    assert [row[0] for row in kept.rows] == acknowledged
    sessions = ask(
        tmp_path, "SELECT count(), uniqExact(session) FROM {project:Identifier}.sessions"
    )
    assert sessions.rows == [(len(acknowledged) / MESSAGES,) * 2]
