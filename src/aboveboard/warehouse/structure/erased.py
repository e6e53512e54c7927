"""Which installs were erased, told by one collector of a warehouse to the others.

An id is known by a digest: who has the id can tell that it was erased, and nobody can tell the id,
which is random. An inbox has a salt of its own for this (collector/inbox/suppression.py); what
several collectors compare cannot have one.

A row stays as long as the project's events do: `time` is what `Tables` has rows go by. It stays
also if the project is removed at one collector, since another one may have rows that wait.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from aboveboard.warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Collection

    from aboveboard.warehouse.engine.statements import Ask, Command, Insert

TABLE = "_erased"
"""No event's table is called so: those begin as an event's name does, with a letter."""


def create(database: str, *, is_replicated: bool = False) -> str:
    """Return the DDL of the table."""
    of = schema.engine("ReplacingMergeTree", is_replicated=is_replicated)
    return (
        f"CREATE TABLE IF NOT EXISTS {schema.name(database, TABLE)} "
        "(digest UUID, time DateTime('UTC') DEFAULT toStartOfHour(now('UTC'))) "
        f"ENGINE = {of} ORDER BY digest {schema.DURABLE}"
    )


def digest(install: str) -> str:
    """Return what an install's UUID is known by, however it is spelled; itself as a UUID."""
    said = uuid.UUID(install).bytes
    return str(uuid.UUID(bytes=hashlib.blake2b(said, digest_size=16, person=b"erased").digest()))


class Erased:
    """One project's.

    Args:
        database: Where the table is.
        command: Carries out a statement with settings.
        ask: Answers a question, on the node that `command` is carried out on.
        insert: Inserts rows, given as columns, into a table of the database.
        is_replicated: Whether rows have replicas.
    """

    def __init__(
        self,
        database: str,
        command: Command,
        ask: Ask,
        insert: Insert,
        *,
        is_replicated: bool = False,
    ) -> None:
        self._of = schema.name(database, TABLE)
        self._command = command
        self._is_replicated = is_replicated
        self._ask = ask
        self._insert = insert

    def tell(self, installs: Collection[str]) -> None:
        """Tell that installs are erased. The same again changes nothing.

        Raises:
            WarehouseError: it is not told; the same call may be repeated.
        """
        if installs:
            self._insert(TABLE, {"digest": sorted(map(digest, installs))})

    def are_any(self) -> bool:
        """Return whether any install was erased.

        Raises:
            WarehouseError: it cannot be known now.
        """
        if self._is_replicated:
            # What was told to another replica is told: its rows may be gone from this one too.
            self._command(f"SYSTEM SYNC REPLICA {self._of} LIGHTWEIGHT", {})
        return self._ask(f"SELECT count() FROM {self._of}") != [(0,)]

    def among(self, installs: Collection[str]) -> set[str]:
        """Return those of the installs that were erased.

        Raises:
            WarehouseError: it cannot be known now.
        """
        if not self.are_any():
            return set()
        known = {digest(each): each for each in installs}
        return {
            known[str(told)]
            for (told,) in self._ask(f"SELECT DISTINCT digest FROM {self._of}")
            if str(told) in known
        }
