"""The quarantine: what was not taken, counted by reason and name; never what it held.

Names come from senders, so only those that look like a name are kept, and only so many. A name that
one sender makes up has to give way to news: the names that few deliveries brought, and long ago, go
first, and are counted with the others that have no row of their own.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.client.line import hour

from . import storage
from .allowlist import Unfit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

NAMES_MAX = 200
"""How many names a project's quarantine holds; the rest of them is counted as `OTHER`."""

NEW_MAX = 20
"""How many names one delivery can add. A catalog that has grown has fewer new ones."""

DAYS = 90
"""How long a row stays that nothing is added to."""

OTHER = "(other)"

_DAY = 86_400
_NAME = re.compile(r"[A-Za-z$][A-Za-z0-9_$ .-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Dropped:
    what: str
    """`event` (unknown), `property` (unknown), `value` (not of its kind); else, of a line that was
    not taken, the verdict that its sender got."""

    event: str
    property: str
    times: int
    last: int
    """The hour in which it last came, in seconds since 1970."""

    first: int = 0
    """The hour in which it first came."""

    version: str | None = None
    """The app's version in the last delivery that brought it, if that told."""


class Quarantine:
    """Reads and counts. `add` is the committer's alone; `dropped` may be called by any thread."""

    def __init__(self, directory: Path) -> None:
        self._connection = storage.connect(directory, storage.INBOX)
        self._lock = threading.Lock()

    def dropped(self, project: str) -> list[Dropped]:
        """Return what was dropped of a project's events, the most frequent first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT what, event, property, times, last, first, version FROM quarantine"
                " WHERE project = ? AND last >= ? ORDER BY times DESC, what, event, property",
                (project, int(time.time()) - DAYS * _DAY),
            ).fetchall()
        return [Dropped(*row) for row in rows]

    def add(
        self,
        connection: sqlite3.Connection,
        project: str,
        unfit: Mapping[Unfit, int],
        version: str | None = None,
        now: float | None = None,
    ) -> None:
        """Count one delivery's inside the caller's transaction.

        Args:
            connection: The inbox.
            project: Whose events.
            unfit: What was dropped, and how often.
            version: The app's version, if the delivery tells it.
            now: The time.
        """
        if not unfit:
            return
        moment = time.time() if now is None else now
        this_hour = hour(moment)
        counted = _plain(unfit)
        rank = {
            Unfit(*row[:3]): row[3] * 0.5 ** ((this_hour - row[4]) / _DAY)
            for row in connection.execute(
                "SELECT what, event, property, deliveries, last FROM quarantine WHERE project = ?",
                (project,),
            )
            if _is_named(Unfit(*row[:3]))
        }
        new = sorted(
            (each for each in counted if _is_named(each) and each not in rank),
            key=lambda each: (-counted[each], each),
        )
        for each in new[NEW_MAX:]:
            others = _others(each.what)
            counted[others] = counted.get(others, 0) + counted.pop(each)
        room = NAMES_MAX - len(rank)
        leaving = sorted(rank, key=lambda each: (rank[each], each))
        for each in leaving[: max(0, len(new[:NEW_MAX]) - room)]:
            if each in counted:
                continue  # it has just come again: it stays, and the bound is passed by one
            _fold(connection, project, each)
        for each, times in counted.items():
            connection.execute(
                "INSERT INTO quarantine"
                " (project, what, event, property, times, first, last, deliveries, version)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO UPDATE SET"
                " times = times + excluded.times, last = max(last, excluded.last),"
                " deliveries = deliveries + 1, version = coalesce(excluded.version, version)",
                (project, *each, times, this_hour, this_hour, version),
            )

    def close(self) -> None:
        self._connection.close()


def prune(connection: sqlite3.Connection, now: float) -> None:
    """Forget rows that nothing was added to for `DAYS` days."""
    connection.execute("DELETE FROM quarantine WHERE last < ?", (int(now) - DAYS * _DAY,))


def _plain(unfit: Mapping[Unfit, int]) -> dict[Unfit, int]:
    """Return what was dropped under names that may be kept."""
    counted: dict[Unfit, int] = {}
    for each, times in unfit.items():
        plain = Unfit(each.what, _name(each.event), _name(each.property))
        counted[plain] = counted.get(plain, 0) + times
    return counted


def _name(name: str) -> str:
    return name if not name or _NAME.fullmatch(name) else OTHER


def _is_named(each: Unfit) -> bool:
    """Return whether a row is one of those that a sender can make up."""
    return bool(each.event) and each != _others(each.what)


def _others(what: str) -> Unfit:
    return Unfit(what, OTHER, OTHER)


def _fold(connection: sqlite3.Connection, project: str, each: Unfit) -> None:
    """Count a row with the others, and forget its name."""
    (times, first, last, deliveries) = connection.execute(
        "DELETE FROM quarantine WHERE project = ? AND what = ? AND event = ? AND property = ?"
        " RETURNING times, first, last, deliveries",
        (project, *each),
    ).fetchone()
    connection.execute(
        "INSERT INTO quarantine (project, what, event, property, times, first, last, deliveries)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " times = times + excluded.times, first = min(first, excluded.first),"
        " last = max(last, excluded.last), deliveries = deliveries + excluded.deliveries",
        (project, *_others(each.what), times, first, last, deliveries),
    )
