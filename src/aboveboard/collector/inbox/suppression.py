"""Which installs were erased, so that nothing that comes for one of them later is stored.

An id is known by a digest, salted with what this data directory alone has: whoever has the id can
tell that it was erased here, and nobody can tell the id. The digest is the receipt of an erasure.
It is kept as long as events are: what such an install had recorded before is too old to be taken
when the digest goes (retention.py).
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

from aboveboard.collector.allowlist import Unfit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from aboveboard.collector.allowlist import Accepted

ERASED = "of an install that was erased"
"""What the quarantine counts such lines as."""

_AT_ONCE = 500
"""Digests in one statement."""


class Suppression:
    """Looks installs up, on its owner's connection.

    Args:
        connection: The inbox's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        (self._salt,) = connection.execute("SELECT salt FROM salt").fetchone()

    def digest(self, user_id: str) -> bytes:
        """Return what an install's UUID is known by, however it is spelled."""
        said = uuid.UUID(user_id).bytes
        return hashlib.blake2b(said, key=self._salt, digest_size=16).digest()

    def has_any(self) -> bool:
        """Return whether any install was erased."""
        return self._connection.execute("SELECT 1 FROM erased LIMIT 1").fetchone() is not None

    def erased(self, project: str, users: Collection[object]) -> set[object]:
        """Return those of the installs that were erased: a look-up each, not one an event."""
        digests = {self.digest(str(each)): each for each in users}
        named = list(digests)
        found = set()
        for start in range(0, len(named), _AT_ONCE):
            portion = named[start : start + _AT_ONCE]
            places = ", ".join("?" * len(portion))
            for (digest,) in self._connection.execute(
                f"SELECT digest FROM erased WHERE project = ? AND digest IN ({places})",  # noqa: S608
                (project, *portion),
            ):
                found.add(digest)
        return {user for user in users if self.digest(str(user)) in found}

    def without(self, project: str, accepted: Accepted) -> Accepted:
        """Return what was taken of a delivery but for rows of installs that were erased."""
        users = {user for columns in accepted.tables.values() for user in columns["user_id"]}
        erased = self.erased(project, users) if users else set()
        if not erased:
            return accepted
        tables = {}
        sessions: set[str] = set()
        gone = 0
        for table, columns in accepted.tables.items():
            stay = [user not in erased for user in columns["user_id"]]
            gone += len(stay) - sum(stay)
            if any(stay):
                tables[table] = {
                    name: list(compress(values, stay)) for name, values in columns.items()
                }
                sessions.update(map(str, tables[table]["session"]))
        unfit = accepted.unfit.copy()
        unfit[Unfit(ERASED, "", "")] += gone
        return replace(
            accepted,
            tables=tables,
            sessions=accepted.sessions & sessions,
            events=accepted.events - gone,
            erased=gone,
            unfit=unfit,
        )
