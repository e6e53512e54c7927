"""The last events of a log, made fit to publish.

Nothing is published because it stood in the log: names are the catalog's, values are what their
kinds make of them, ids are new, and times can be moved. What a catalog does not know stays out.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aboveboard.catalog.catalog import DroppedEvents, SessionStart
from aboveboard.catalog.kinds import REJECTED
from aboveboard.catalog.line import EVENT, PROPERTIES, SEQ, SESSION, TIME, USER_ID
from aboveboard.client.decision.identity import new_id

from .aliases import Aliases
from .runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aboveboard.catalog.catalog import Catalog

    from .aliases import Properties
    from .reading import LoggedEvent

OURS, AIDER = "ours", "aider"

HOUR, DAY = 3_600, 86_400
SHIFT_DAYS_MAX = 1000

UNTOLD = frozenset((SessionStart.event_name, DroppedEvents.event_name, "rejected_value"))
"""Events that aboveboard adds by itself; aider's form has never had them."""


@dataclass
class LeftOut:
    """What was not published, and of what only a part was, by event and property."""

    events: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)
    """Events for which the form that was asked for has no word."""

    properties: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    reduced: Counter[str] = field(default_factory=Counter)
    """Values of which their kind keeps a part: a private model's provider, an error's type."""


class Sample:
    """The last events of one log or several.

    Args:
        catalog: What may be published.
        size: How many events.
        form: `OURS` or `AIDER`: how the lines are written.
    """

    def __init__(self, catalog: Catalog, size: int, form: str = OURS) -> None:
        self.left_out = LeftOut()
        self._catalog = catalog
        self._aliases = Aliases(catalog)
        self._form = form
        self._kept: deque[tuple[LoggedEvent, str, Properties]] = deque(maxlen=size)
        self._known = 0
        self._size = size
        self._unknown: deque[tuple[int, Counter[str], str]] = deque()
        """What was left out, after how many events that were kept."""

    def take(self, events: Iterable[LoggedEvent]) -> None:
        """Keep the last of the events whose names can be published."""
        for logged in events:
            event, properties = logged.event, logged.properties
            if logged.session is None:
                event, properties = self._aliases.newer(event, properties)
            if event not in self._catalog.entries:
                self._unknown.append((self._known, self.left_out.events, logged.event))
            elif not self._is_told(event, properties):
                self._unknown.append((self._known, self.left_out.untold, event))
            else:
                self._known += 1
                self._kept.append((logged, event, properties))
            while self._unknown and self._unknown[0][0] < self._known - self._size:
                self._unknown.popleft()

    def lines(
        self, *, shift_time: bool = False, by_day: bool = False, user_id: str = ""
    ) -> list[str]:
        """Return the sample: lines of JSON with new ids, once all events are taken.

        Args:
            shift_time: Whether all times are moved together by a random number of days.
            by_day: Whether times are told by the day, as its beginning in UTC.
            user_id: The install of every line; a new one if none is given.
        """
        for _, counted, name in self._unknown:
            counted[name] += 1
        user_id = user_id or new_id()
        unit = DAY if by_day else HOUR
        shift = self._random_shift() if shift_time else 0
        sessions = _Sessions(self._aliases)
        places: Counter[str] = Counter()
        lines = []
        for logged, event, properties in self._kept:
            fit = dict(self._fit(event, properties))
            session = sessions.new_id_of(logged, event)
            line: dict[str, object] = {USER_ID: user_id}
            if self._form == AIDER:
                event, fit = self._aliases.older(event, fit) or (event, {})
            else:
                place = places[session] if logged.seq is None else logged.seq
                places[session] += 1
                line |= {SESSION: session, SEQ: place}
            line = {
                EVENT: event,
                PROPERTIES: fit,
                **line,
                TIME: int(logged.time) // unit * unit + shift,
            }
            lines.append(json.dumps(line) + "\n")
        return lines

    def _is_told(self, event: str, properties: Properties) -> bool:
        if self._form != AIDER:
            return True
        return event not in UNTOLD and self._aliases.older(event, properties) is not None

    def _fit(self, event: str, properties: Properties) -> Iterator[tuple[str, object]]:
        entry = self._catalog.entries[event]
        for name, value in properties.items():
            place = f"{event}.{name}"
            declared = entry.properties.get(name)
            if declared is None:
                self.left_out.properties[place] += 1
                continue
            kept = declared.kind.accept(value)
            if kept is REJECTED:
                self.left_out.values[place] += 1
                kept = None
            elif kept != value:
                self.left_out.reduced[place] += 1
            yield name, kept

    def _random_shift(self) -> int:
        """Return some whole days into the past, in seconds; the hours of a day stay."""
        first = min((logged.time for logged, _, _ in self._kept), default=0)
        most = min(SHIFT_DAYS_MAX, int(first) // DAY)
        return -DAY * (1 + secrets.randbelow(most)) if most else 0


class _Sessions:
    """Gives each session a new id, one and the same for all its events."""

    def __init__(self, aliases: Aliases) -> None:
        self._new: dict[str | int, str] = {}
        self._runs = Runs(aliases.start, aliases.end)

    def new_id_of(self, logged: LoggedEvent, event: str) -> str:
        session: str | int | None = logged.session
        if session is None:
            assert logged.user_id is not None  # a line that names no session names an install
            session = self._runs.follow(logged.user_id, event, logged.time)
        return self._new.setdefault(session, new_id())
