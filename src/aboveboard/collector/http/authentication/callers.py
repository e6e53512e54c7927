"""Whom a request comes from: its write key, what reads for that, and whom it counts for.

What another process has changed, such as a key that was revoked, holds for every request that comes
afterwards. To look for it takes SQLite, and lets another thread go first. So all requests that one
turn of the event loop answers share a look: they were there before it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from aboveboard.collector.limits.gate import Sender

if TYPE_CHECKING:
    from aboveboard.collector.service import Collector, Reader


class Caller(NamedTuple):
    key: str | None
    reader: Reader | None
    """None where the key is unknown, or there is none."""

    sender: Sender | None
    """The same."""


def called(key: str | None, reader: Reader | None) -> Caller:
    """Return whom a key and its project's reader stand for."""
    if key is None or reader is None:
        return Caller(key, None, None)
    return Caller(key, reader, Sender(key, reader.project.name, reader.project.limits))


class Callers:
    """For the event loop's thread."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._looked_up: dict[str | None, Caller] = {}

    def of(self, key: str | None) -> Caller:
        """Return whom a key stands for.

        Raises:
            UnreadableError, StorageError: as `Collector.reader` has it.
        """
        caller = self._looked_up.get(key)
        if caller is None:
            if not self._looked_up:
                # Who comes from now on is handled after this is called: the loop keeps the order.
                # So it is asked for before the look, during which others may come.
                asyncio.get_running_loop().call_soon(self._looked_up.clear)
            caller = called(key, self._collector.reader(key) if key else None)
            self._looked_up[key] = caller
        return caller
