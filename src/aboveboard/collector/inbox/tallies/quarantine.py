"""The quarantine: what was not taken, counted by reason and name; never what it held.

Names come from senders, so only those that look like a name are kept, and only so many. Most rows
are for the names that most deliveries brought lately. But a write key is public, so anyone can send
invented names again and again. So a part of the rows is for the newest names, whatever was sent
before them: there the name that entered first goes first. A name that goes is counted with the
others that have no row of their own.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.catalog.line import hour
from aboveboard.collector.allowlist import OTHER, Unfit, others
from aboveboard.collector.inbox import storage

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

NAMES_MAX = 200
"""How many names a project's quarantine holds; the rest of them is counted as `OTHER`."""

NEWEST_MAX = 50
"""How many of them are for the newest names, however often the others came."""

NEW_MAX = 20
"""How many names one delivery can add. A catalog that has grown has fewer new ones."""

DAYS = 90
"""How long a row stays that nothing is added to."""

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
        kept = _kept(connection, project, this_hour)
        new = sorted(
            (each for each in counted if _is_named(each) and each not in kept),
            key=lambda each: (-counted[each], each),
        )
        # What has just come again stays; if it leaves no room, new names do not enter.
        leaving = [each for each in _leaving(kept) if each not in counted]
        room = NAMES_MAX - len(kept)
        entering = new[: min(NEW_MAX, max(0, room + len(leaving)))]
        for each in new[len(entering) :]:
            rest = others(each.what)
            counted[rest] = counted.get(rest, 0) + counted.pop(each)
        for each in leaving[: max(0, len(entering) - room)]:
            _fold(connection, project, each)
        place = max((each.entered for each in kept.values()), default=0) + 1
        for each, times in counted.items():
            connection.execute(
                "INSERT INTO quarantine"
                " (project, what, event, property, times, first, last, deliveries, version,"
                " entered) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET"
                " times = times + excluded.times, last = max(last, excluded.last),"
                " deliveries = deliveries + 1, version = coalesce(excluded.version, version)",
                (project, *each, times, this_hour, this_hour, version, place),
            )

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class _Kept:
    """What decides whether a name stays."""

    rank: float
    """How many deliveries brought it, halved for each day since the last one."""

    entered: int
    """Which delivery brought it in: of two names, the greater one is the newer. No time of day."""


def _kept(connection: sqlite3.Connection, project: str, this_hour: int) -> dict[Unfit, _Kept]:
    """Return the names that have a row."""
    rows = connection.execute(
        "SELECT what, event, property, deliveries, last, entered FROM quarantine WHERE project = ?",
        (project,),
    )
    return {
        each: _Kept(deliveries * 0.5 ** ((this_hour - last) / _DAY), entered)
        for *name, deliveries, last, entered in rows
        if _is_named(each := Unfit(*name))
    }


def _leaving(kept: Mapping[Unfit, _Kept]) -> list[Unfit]:
    """Return the names in the order in which they go when room is needed.

    Those of highest rank stay, all but `NEWEST_MAX`; of the others, the oldest goes first.
    """
    ranked = sorted(kept, key=lambda each: (-kept[each].rank, kept[each].entered, each))
    stay = NAMES_MAX - NEWEST_MAX
    oldest = sorted(ranked[stay:], key=lambda each: (kept[each].entered, each))
    return [*oldest, *reversed(ranked[:stay])]


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
    return bool(each.event) and each != others(each.what)


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
        (project, *others(each.what), times, first, last, deliveries),
    )
