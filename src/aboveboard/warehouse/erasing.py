"""Erasing: the rows of some installs are written away, and the files that had them are removed.

A mutation writes the parts of a table anew without the rows. ClickHouse keeps the parts from before
for minutes, since it has not flushed the new ones to the disk. Here it flushes them, those
that merges make meanwhile too (`_FLUSHED`), so the old ones can go within seconds (`_HURRIED`).

A mutation's text stays in the table's directory, so it never says whose rows are to go: it names
`KEYS`, a table in memory. A process that is killed has an empty one at its next start: the mutation
goes on and removes nothing more, and whoever asked for it asks again.

Names in these statements are `schema.quote`d, and numbers are numbers: nothing else is pasted.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import schema
from .errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .engine.statements import Ask

KEYS = "_erasing"
"""The table of the keys whose rows are being erased; no event's table is called so."""

LOOKED_FOR = "_looked_for"
"""The same for questions, which are asked while rows are being erased."""

KEYS_MAX = 5_000
"""Keys in one statement; a query's text has at most 256 KiB."""

_HALF = "00000000-0000-0000-"
"""What a UUID begins with that was made of a key, where no more than the key was kept."""

_ALL = "SETTINGS limit = 0, offset = 0"
"""A mutation is not carried out with the settings of its statement, but with a server's own."""

_FLUSHED = {"min_rows_to_fsync_after_merge": 1, "min_compressed_bytes_to_fsync_after_merge": 1}
_HURRIED = {
    "old_parts_lifetime": 0,
    "cleanup_delay_period": 1,
    "max_cleanup_delay_period": 2,
    "cleanup_delay_period_random_add": 0,
}


@dataclass(frozen=True)
class Which:
    """Rows of a project: of some installs, of a time, or of some installs at a time.

    Args:
        installs: The installs' UUIDs; those of all installs, and nobody's too, where None.
        sessions: Keys of the sessions of the one install that are meant, if not all are.
        since: From which hour on, in seconds since 1970.
        until: Up to which hour, itself not included.
    """

    installs: tuple[str, ...] | None = None
    sessions: tuple[int, ...] | None = None
    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        if self.installs is None and self.since is None and self.until is None:
            raise WarehouseError("that would be all rows of the project: say whose, or since when")


class Erasing:
    """Erases rows of one project's tables. Each call may be repeated, in a later process too.

    Args:
        database: Where they are.
        command: Carries out a statement.
        ask: Answers a question.
    """

    def __init__(
        self,
        database: str,
        command: Callable[[str], None],
        ask: Ask,
    ) -> None:
        self._database = database
        self._command = command
        self._ask = ask

    def count(self, which: Which) -> dict[str, int]:
        """Return by table how many rows there are to erase; tables that have none are left out."""
        self._fill(LOOKED_FOR, which)
        found = {}
        for table in self.tables():
            ((rows,),) = self._ask(
                f"SELECT count() FROM {self._name(table)} WHERE {self._is(which, LOOKED_FOR)}"
            )
            if rows:
                found[table] = int(str(rows))
        return found

    def sessions(self, which: Which) -> set[str]:
        """Return the UUIDs of the installs' sessions."""
        self._fill(LOOKED_FOR, which)
        return {
            str(session)
            for table in self.tables(having="session_uuid")
            for (session,) in self._ask(
                f"SELECT DISTINCT session_uuid FROM {self._name(table)} "
                f"WHERE {self._is(which, LOOKED_FOR)}"
            )
        }

    def strangers(self, which: Which) -> set[str]:
        """Return those of the installs whose key another install has too.

        By chance that never happens. But an id that was published can be copied by half, by who
        wants to be in the way of its erasing, or to have erased what is not theirs.
        """
        self._fill(LOOKED_FOR, which)
        asked = {schema.key(each): each for each in which.installs or ()}
        return {
            asked[key]
            for table in self.tables(having="user_uuid")
            for user_id, uuid in self._ask(
                f"SELECT DISTINCT user_id, toString(user_uuid) FROM {self._name(table)} "
                f"WHERE {self._is(Which(which.installs), LOOKED_FOR)}"
            )
            if not str(uuid).startswith(_HALF)
            and (key := int(str(user_id))) in asked
            and asked[key] != uuid
        }

    def own_sessions(self, install: str) -> tuple[int, ...]:
        """Return the keys of the sessions of an install whose key another install has too."""
        which = Which((install,))
        self._fill(LOOKED_FOR, which)
        return tuple(
            sorted(
                {
                    int(str(session))
                    for table in self.tables(having="user_uuid")
                    for session, uuid in self._ask(
                        f"SELECT DISTINCT session, toString(user_uuid) FROM {self._name(table)} "
                        f"WHERE {self._is(which, LOOKED_FOR)}"
                    )
                    if uuid == install or str(uuid).startswith(_HALF)
                }
            )
        )

    def prepare(self) -> None:
        """Have what an earlier process began end; to be called, and waited for, before `begin`.

        A mutation of before would take the keys of now for its own.
        """
        self._make(KEYS)

    def begin(self, which: Which, tables: Collection[str]) -> None:
        """Have the rows of those tables written away; `is_done` tells when they are."""
        self._fill(KEYS, which)
        for table in tables:
            self._set(table, _FLUSHED)
            self._command(f"ALTER TABLE {self._name(table)} DELETE WHERE {self._is(which, KEYS)}")

    def is_done(self) -> bool:
        """Return whether every mutation has ended: no question finds the rows any more.

        Raises:
            WarehouseError: one cannot be carried out now; ClickHouse tries again.
        """
        ((left, why),) = self._ask(
            "SELECT count(), any(latest_fail_reason) FROM system.mutations "
            f"WHERE database = '{self._database}' AND NOT is_done AND NOT is_killed"
        )
        if why:
            raise WarehouseError(f"rows cannot be erased now: {str(why)[:200]}")
        return left == 0

    def old_parts(self, tables: Collection[str]) -> set[tuple[str, str]]:
        """Return the parts that still lie on the disk beside those that took their place.

        A part whose files are being removed is shown only to who asks for `_state`.
        """
        return {
            (str(table), str(part))
            for table, part, _ in self._ask(
                "SELECT table, name, _state FROM system.parts "
                f"WHERE database = '{self._database}' AND NOT active"
            )
            if table in tables
        }

    def hurry(self, tables: Collection[str]) -> None:
        """Have old parts removed within seconds: what took their place is on the disk."""
        for table in tables:
            self._set(table, _HURRIED)

    def wake(self, tables: Collection[str]) -> None:
        """Have it looked for old parts now: where little happens, that is every five minutes."""
        for table in tables:
            with contextlib.suppress(WarehouseError):  # a server's user may not be allowed to
                self._command(f"SYSTEM START CLEANUP {self._name(table)}")

    def end(self, tables: Collection[str]) -> None:
        """Have the tables as they were, and forget the keys."""
        names = ", ".join(_FLUSHED | _HURRIED)
        for table in set(tables) & set(self.tables()):
            self._command(f"ALTER TABLE {self._name(table)} RESET SETTING {names}")
        for keys in (KEYS, LOOKED_FOR):
            self._command(f"DROP TABLE IF EXISTS {self._name(keys)} SYNC")

    def tables(self, having: str = "user_id") -> list[str]:
        """Return the tables that have a column; not views, which have nothing of their own."""
        return [
            str(name)
            for (name,) in self._ask(
                "SELECT DISTINCT table FROM system.columns WHERE database = "
                f"'{self._database}' AND name = '{having}' AND table IN (SELECT name FROM "
                f"system.tables WHERE database = '{self._database}' AND engine LIKE '%MergeTree') "
                "ORDER BY table"
            )
        ]

    def _fill(self, table: str, which: Which) -> None:
        self._make(table)
        self._command(f"TRUNCATE TABLE {self._name(table)}")
        users = sorted({schema.key(each) for each in which.installs or ()})
        keys = [(user, session) for user in users for session in which.sessions or (0,)]
        for start in range(0, len(keys), KEYS_MAX):
            values = ", ".join(f"({a:d}, {b:d})" for a, b in keys[start : start + KEYS_MAX])
            self._command(f"INSERT INTO {self._name(table)} VALUES {values}")

    def _make(self, table: str) -> None:
        self._command(
            f"CREATE TABLE IF NOT EXISTS {self._name(table)} (user_id UInt64, session UInt64) "
            "ENGINE = Memory"
        )

    def _is(self, which: Which, keys: str) -> str:
        parts = []
        if which.installs is not None:
            parts.append(f"user_id IN (SELECT user_id FROM {self._name(keys)} {_ALL})")
        if which.sessions is not None:
            keys_of = f"SELECT user_id, session FROM {self._name(keys)} {_ALL}"
            parts.append(f"(user_id, session) IN ({keys_of})")
        if which.since is not None:
            parts.append(f"time >= {which.since:d}")
        if which.until is not None:
            parts.append(f"time < {which.until:d}")
        return " AND ".join(parts)

    def _set(self, table: str, settings: Mapping[str, int]) -> None:
        named = ", ".join(f"{name} = {value:d}" for name, value in settings.items())
        self._command(f"ALTER TABLE {self._name(table)} MODIFY SETTING {named}")

    def _name(self, table: str) -> str:
        return f"{schema.quote(self._database)}.{schema.quote(table)}"
