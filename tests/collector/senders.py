"""Senders that go on until they are answered, whatever is killed meanwhile."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable

from tests.collector.tool import Answer, Install, Server, new_id

MESSAGES = 20


class Sender(threading.Thread):
    """Sends one delivery after another, each until it was answered with 200, as clients do."""

    def __init__(self, server: Server, key: str, number: int) -> None:
        super().__init__()
        self.server = server
        self.key = key
        self.stop = threading.Event()
        self.next = number * 100_000_000
        self.acknowledged: list[int] = []
        self.deliveries = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.turn()

    def turn(self) -> None:
        told = self.numbers()
        self.deliver(told)
        self.acknowledged += told
        self.deliveries += 1

    def deliver(self, told: list[int]) -> None:
        raise NotImplementedError

    def numbers(self) -> list[int]:
        told = range(self.next, self.next + MESSAGES)
        self.next += MESSAGES
        return [*told]

    def insist(self, send: Callable[[], Answer], *statuses: int) -> Answer:
        """Send until the collector has it; between a kill and a start, nobody answers."""
        while True:
            try:
                answer = send()
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            if answer.status in (429, 503):
                time.sleep(0.1)
                continue
            assert answer.status in (statuses or (200,)), (answer.status, answer.body)
            return answer


class OfSegments(Sender):
    def deliver(self, told: list[int]) -> None:
        me, identity = Install(), new_id()
        segment = me.start() + b"".join(me.line("message_send", {"tokens": n}) for n in told)
        self.insist(lambda: self.server.send(self.key, segment, identity))


class OfBatches(Sender):
    def deliver(self, told: list[int]) -> None:
        body = batch(self.key, new_id(), told)
        self.insist(lambda: self.server.request("POST", "/batch/", body))


def batch(key: str, user_id: str, told: list[int]) -> bytes:
    events = [
        {
            "event": "message_send",
            "distinct_id": user_id,
            "uuid": new_id(),
            "properties": {"tokens": n},
        }
        for n in told
    ]
    return json.dumps({"batch": events, "api_key": key}).encode()


SETTLE = 900
"""Seconds: while a node is killed every second or two, hardly a move comes to its end."""
