"""Sessions whose start has not come, each with a row of its own, so that no question loses them.

A start may be dropped, be refused, or come later than the rest of its session. Until it comes, the
session stands in `_unstarted`: who, which, and the hour of its first event. The view `_sessions`
has one row a session, from `sessions` if the start is there, else from `_unstarted`. Questions
about sessions read the view; `sessions` itself has the starts, which are events like any other.

Names in these statements are `schema.quote`d, and numbers are numbers: nothing else is pasted.

Rows of `_unstarted` are only ever added. Of those about one session the one with the highest rank
counts: the earliest hour, or that the start has come. So rows can come in any order and any number
of times, and a repeated move changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.warehouse import schema
from aboveboard.warehouse.columns import ColumnDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from aboveboard.warehouse.engine.statements import Ask, Command, Insert

    Session = tuple[str, str]
    """An install and one of its sessions, as UUIDs."""
    Keys = tuple[int, int]

TABLE = "_unstarted"
VIEW = "_sessions"
"""No event's table is called so: those begin as an event's name does, with a letter."""

_BEGUN = "_unstarted_begun"
"""`TABLE`'s name until it has all that was there before it."""

COLUMNS = (
    ColumnDefinition("user_id", "UInt64"),
    ColumnDefinition("session", "UInt64"),
    ColumnDefinition("time", "DateTime('UTC')"),
    *schema.IDS,
    ColumnDefinition("_rank", "UInt32"),
    ColumnDefinition("_started", "UInt8"),
)

STARTED = 2**32 - 1
"""The highest rank: the start has come, and the row takes the session out of the view."""

SESSIONS_MAX = 5_000
"""Sessions that are asked for at once; a query's text has at most 256 KiB."""

BUCKET_EVENTS = 5_000_000
"""About how many events are looked through at once for sessions without a start."""


def rank(hour: int) -> int:
    """Return the rank of a session that begins with an event of an hour, in Unix seconds."""
    return STARTED - 1 - hour


def create(database: str, name: str = TABLE, *, is_replicated: bool = False) -> str:
    """Return the DDL of the table."""
    engine = schema.engine("ReplacingMergeTree", "_rank, _started", is_replicated=is_replicated)
    declared = ", ".join(schema.declare(each) for each in COLUMNS)
    return (
        f"CREATE TABLE IF NOT EXISTS {schema.name(database, name)} ({declared}) "
        f"ENGINE = {engine} ORDER BY (user_id, session) "
        f"{schema.DURABLE}"
    )


def create_view(database: str, sessions: Mapping[str, str]) -> str:
    """Return the DDL of the view, for a table of sessions: column to type."""
    own = {each.name for each in COLUMNS}
    types = {name: kind for name, kind in sessions.items() if name != schema.MOVE.name}
    started = ", ".join(map(schema.quote, types))
    unstarted = ", ".join(
        schema.quote(name)
        if name in own
        # Of the very type, so that ClickHouse reads both tables as it would read one.
        else f"defaultValueOfTypeName('{_quoted(kind)}') AS {schema.quote(name)}"
        for name, kind in types.items()
    )
    return (
        f"CREATE OR REPLACE VIEW {schema.name(database, VIEW)} AS "
        f"SELECT {started} FROM {schema.name(database, schema.SESSIONS)} "
        f"UNION ALL SELECT {unstarted} FROM {schema.name(database, TABLE)} FINAL"
    )


class Unstarted:
    """Keeps one project's table.

    Args:
        database: Where it is.
        command: Carries out a statement.
        ask: Answers a question.
        insert: Inserts rows, given as columns, into a table.
        is_replicated: Whether its rows have replicas.
        _crash: Called with the name of each step after it, for tests that end the process there.
    """

    def __init__(
        self,
        database: str,
        command: Command,
        ask: Ask,
        insert: Insert,
        *,
        is_replicated: bool = False,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._database = database
        self._is_replicated = is_replicated
        self._command = command
        self._ask = ask
        self._insert = insert
        self._crash = _crash

    def _name(self, table: str) -> str:
        return schema.name(self._database, table)

    def make(self, present: Mapping[str, Mapping[str, str]]) -> None:
        """Make the table, with the sessions that lack a start in tables of before it.

        Killed at any moment, it is made anew the next time.

        Args:
            present: The tables that are there: column to type, by name.
        """
        if TABLE in present:
            return
        if schema.SESSIONS not in present:
            self._command(create(self._database, is_replicated=self._is_replicated), {})
            return
        self._command(f"DROP TABLE IF EXISTS {self._name(_BEGUN)} SYNC", {})
        self._command(create(self._database, _BEGUN), {})
        events = [
            name
            for name, columns in present.items()
            if schema.MOVE.name in columns and name != schema.SESSIONS
        ]
        if events:
            for whose in self._buckets(events):
                self._command(self._found(events, whose), {"max_threads": 2})
                self._crash("filled")
        self._command(
            f"RENAME TABLE {self._name(_BEGUN)} TO {self._name(TABLE)}",
            {},
        )
        self._crash("named")

    def note(self, seen: Mapping[Session, int], begun: Collection[Session]) -> None:
        """Note what a move's events tell of sessions, once they are inserted.

        Args:
            seen: Sessions without a start among the events, and the hour of their first one.
            begun: Sessions with a start.
        """
        keys = {ids: (schema.key(ids[0]), schema.key(ids[1])) for ids in (*seen, *begun)}
        noted = self._noted(keys.values())
        unknown = [keys[ids] for ids in seen if keys[ids] not in noted]
        started = self._started(unknown) if unknown else set()
        rows = [
            (ids, hour, rank(hour))
            for ids, hour in seen.items()
            if keys[ids] not in started and noted.get(keys[ids], 0) < rank(hour)
        ]
        # Dated like the row whose place it takes, and a day later, so that it does not go before.
        rows += [
            (ids, STARTED - 1 - noted[keys[ids]] + 86_400, STARTED)
            for ids in begun
            if 0 < noted.get(keys[ids], 0) < STARTED
        ]
        if rows:
            columns: dict[str, Sequence[object]] = {
                "user_id": [keys[ids][0] for ids, _, _ in rows],
                "session": [keys[ids][1] for ids, _, _ in rows],
                "time": [hour for _, hour, _ in rows],
                "user_uuid": [ids[0] for ids, _, _ in rows],
                "session_uuid": [ids[1] for ids, _, _ in rows],
                "_rank": [each for _, _, each in rows],
                "_started": [int(each == STARTED) for _, _, each in rows],
            }
            self._insert(TABLE, columns)

    def _noted(self, sessions: Iterable[Keys]) -> dict[Keys, int]:
        """Return the ranks of those sessions that have one."""
        found = {}
        for named in _portions(sessions):
            for user_id, session, highest in self._ask(
                f"SELECT user_id, session, max(_rank) FROM {self._name(TABLE)} "
                f"WHERE {named} GROUP BY user_id, session"
            ):
                found[int(str(user_id)), int(str(session))] = int(str(highest))
        return found

    def _started(self, sessions: Iterable[Keys]) -> set[Keys]:
        """Return those of the sessions, and maybe others, whose start is there."""
        return {
            (int(str(user_id)), int(str(session)))
            for named in _portions(sessions)
            for user_id, session in self._ask(
                f"SELECT DISTINCT user_id, session FROM {self._name(schema.SESSIONS)} WHERE {named}"
            )
        }

    def _buckets(self, events: Sequence[str]) -> Iterator[str]:
        """Yield conditions that part the installs, for each of which memory suffices."""
        counted = " + ".join(f"(SELECT count() FROM {self._name(name)})" for name in events)
        ((count,),) = self._ask(f"SELECT {counted}")
        buckets = 1 + int(str(count)) // BUCKET_EVENTS
        ends = [
            schema.KEYS_FROM + (number << schema.KEYS_BITS) // buckets
            for number in range(1, buckets)
        ]
        for first, last in zip([0, *ends], [*ends, 2**64], strict=True):
            yield f"user_id BETWEEN {first:d} AND {last - 1:d}"

    def _found(self, events: Sequence[str], whose: str) -> str:
        """Return the statement that adds the sessions of some installs that lack a start.

        Event tables have keys only. An install's UUID is in the row of another session of its; of
        what is in none, the UUID is made of the half that the key keeps.
        """
        sessions = self._name(schema.SESSIONS)
        rows = " UNION ALL ".join(
            f"SELECT user_id, session, time FROM {self._name(name)} "
            f"WHERE {whose} AND user_id != 0 AND session != 0"
            for name in events
        )
        return (
            f"INSERT INTO {self._name(_BEGUN)} SELECT user_id, session, first, "
            f"if(known.user_id = 0, {_uuid('seen.user_id')}, known.uuid), {_uuid('session')}, "
            f"toUInt32({STARTED - 1:d} - toUnixTimestamp(first)), 0 FROM ("
            f"SELECT user_id, session, min(time) AS first FROM ({rows}) "
            f"WHERE (user_id, session) NOT IN (SELECT user_id, session FROM {sessions} "
            f"WHERE {whose}) GROUP BY user_id, session) AS seen LEFT JOIN ("
            f"SELECT user_id, any(user_uuid) AS uuid FROM {sessions} WHERE {whose} "
            "GROUP BY user_id) AS known ON known.user_id = seen.user_id"
        )


def _portions(sessions: Iterable[Keys]) -> Iterator[str]:
    """Yield conditions that the sessions' rows meet, and those of few others.

    A list in one string is read in half the time that a list of numbers takes.
    """
    left = list(sessions)
    for start in range(0, len(left), SESSIONS_MAX):
        users, of = (
            f"CAST('[{','.join(map(str, set(each)))}]', 'Array(UInt64)')"
            for each in zip(*left[start : start + SESSIONS_MAX], strict=True)
        )
        yield f"user_id IN {users} AND session IN {of}"


def _uuid(key: str) -> str:
    padded = f"leftPad(lower(hex({key})), 16, '0')"
    return (
        f"toUUID(concat('00000000-0000-0000-', substring({padded}, 1, 4), "
        f"'-', substring({padded}, 5)))"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
