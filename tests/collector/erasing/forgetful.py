"""Installs that ask to be erased, and what is left of them."""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from aboveboard.collector.erasing.proof import id_of
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.erasures import Erasures
from tests.collector.tool import Answer, Install, Server, ask, new_id

RARE = "77.66.55"


class Forgetful(Install):
    """An install that knows its secret."""

    def __init__(self) -> None:
        self.secret = secrets.token_bytes(32)
        super().__init__(id_of(self.secret))

    def run(self, messages: int = 2) -> bytes:
        """Return another session of the install, with a word that no other has."""
        self.session = new_id()
        told = {"app_version": RARE, "os": "Linux", "arch": "x86_64", "python_version": "3.12.1"}
        messages_ = b"".join(self.line("message_send", {"tokens": n}) for n in range(messages))
        plugin = self.line("plugin", {"plugin_version": RARE})
        return self.line("session_start", told) + messages_ + plugin

    def request(self, **changes: object) -> bytes:
        told: dict[str, object] = {"user_id": self.user_id, "secret": self.secret.hex()}
        return json.dumps(told | changes).encode()


def erase(server: Server, key: str, body: bytes) -> Answer:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return server.request("POST", "/v1/erase", body, headers)


def are_gone(data: Path, number: int) -> bool:
    with closing(Erasures(data)) as requests:
        receipts = [receipt for _, receipt in requests.receipts("tool")]
    assert len(receipts) == number
    return all(receipt.gone is not None for receipt in receipts) and _is_cleared(data)


def kept(data: Path, table: str = "message_send") -> list[int]:
    rows = ask(data, f"SELECT user_id FROM {{project:Identifier}}.{table} ORDER BY ALL").rows
    return [int(str(user)) for (user,) in rows]


def _is_cleared(data: Path) -> bool:
    with closing(sqlite3.connect(data / storage.INBOX)) as connection:
        return bool(connection.execute("SELECT count(*) FROM erasure").fetchone() == (0,))
