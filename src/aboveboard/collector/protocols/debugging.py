"""A developer's own events, looked at as they come and kept apart from the data.

Somebody who may see a project opens a tag on its debug page; it is random, and lives in memory
alone. A tool in its development mode then sends each line under that tag, with its write key. A
line is judged as an event would be, and the verdicts are shown: what would be stored, what would be
null, what would be dropped, and why. Nothing of it ever reaches the inbox or the warehouse.

A write key is in everybody's hands, since tools are shipped with it. So a key alone puts nothing
here: a tag has to be open, whose name nobody can guess. And what is dropped is not shown: a value
that the catalog does not allow may be anything.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from aboveboard.catalog import line as shape
from aboveboard.catalog.kinds import REJECTED

from .segment import LINE_MAX, NOT_AN_EVENT, NOT_IN_CATALOG, NOT_JSON, TOO_LONG, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aboveboard.catalog.catalog import Catalog

BODY_MAX = 128 * 2**10
"""Bytes of one request."""

TAGS_MAX = 32
EVENTS_MAX = 200
PROPERTIES_MAX = 40
LETTERS_MAX = 80
"""What is kept at most: tags, events of each, properties of an event, letters of a word. That is
40 MiB if somebody fills all of it."""

SECONDS_MAX = 3600
"""How long a tag is open that nobody sends to or looks at."""

ACCEPTED, NULLED, DROPPED, UNTOLD = "accepted", "null", "dropped", "not told"


class Verdict(NamedTuple):
    """What becomes of one property."""

    name: str
    verdict: str
    """`accepted`; `null`, if it does not fit its kind; `dropped`, if the catalog lacks it; or
    `not told`."""

    value: str
    """As it would be stored; "" where it would not be."""

    why: str


class Judged(NamedTuple):
    """What becomes of one event."""

    number: int
    """Its place among those of its tag, from 1."""

    event: str
    taken: bool
    why: str
    properties: tuple[Verdict, ...]


@dataclass
class Opened:
    """A tag that somebody has opened."""

    project: str
    used: float
    count: int = 0
    events: deque[Judged] = field(default_factory=lambda: deque(maxlen=EVENTS_MAX))


class Tags:
    """The tags that are open, in memory. For any thread.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Opened] = OrderedDict()

    def open(self, project: str) -> str:
        """Open a tag for a project; the one that was not used for longest makes room."""
        tag = secrets.token_hex(16)
        with self._lock:
            self._forget()
            while len(self._open) >= TAGS_MAX:
                self._open.popitem(last=False)
            self._open[tag] = Opened(project, self._clock())
        return tag

    def take(self, project: str, tag: str, body: bytes, catalog: Catalog) -> int | None:
        """Judge lines that came under a tag; return how many, None where it is not open.

        Args:
            project: Whose write key they came with.
            tag: The tag.
            body: The lines.
            catalog: The project's.
        """
        with self._lock:
            opened = self._find(project, tag)
            if opened is None:
                return None
        lines = [line for line in body.split(b"\n") if line.strip()]
        judged = [judge(line, catalog) for line in lines[-EVENTS_MAX:]]
        with self._lock:
            for each in judged:
                opened.count += 1
                opened.events.append(each._replace(number=opened.count))
        return len(judged)

    def seen(self, project: str, tag: str) -> list[Judged] | None:
        """Return a tag's events, the newest first; None where it is not open."""
        with self._lock:
            opened = self._find(project, tag)
            return None if opened is None else list(reversed(opened.events))

    def _find(self, project: str, tag: str) -> Opened | None:
        self._forget()
        opened = self._open.get(tag)
        if opened is None or opened.project != project:
            return None
        opened.used = self._clock()
        self._open.move_to_end(tag)
        return opened

    def _forget(self) -> None:
        before = self._clock() - SECONDS_MAX
        while self._open and next(iter(self._open.values())).used < before:
            self._open.popitem(last=False)


def judge(line: bytes, catalog: Catalog) -> Judged:
    """Return what would become of a line."""
    if len(line) > LINE_MAX:
        return _refused("", TOO_LONG)
    try:
        told = msgspec.json.decode(line)
    except UNREADABLE:
        return _refused("", NOT_JSON)
    properties = told.get(shape.PROPERTIES) if isinstance(told, dict) else None
    if not isinstance(properties, dict):
        return _refused("", NOT_AN_EVENT)
    name = told.get(shape.EVENT)
    entry = catalog.entries.get(name) if isinstance(name, str) else None
    if entry is None:
        return _refused(_short(name if isinstance(name, str) else ""), NOT_IN_CATALOG)
    verdicts = tuple(_verdicts(entry.properties, properties))[:PROPERTIES_MAX]
    return Judged(0, entry.name, taken=True, why="", properties=verdicts)


def _verdicts(declared: Mapping[str, object], told: Mapping[str, object]) -> Iterator[Verdict]:
    for name, each in declared.items():
        kind = each.kind  # type: ignore[attr-defined]  # a catalog's property
        if told.get(name) is None:
            yield Verdict(name, UNTOLD, "", "null" if name in told else "not in the event")
            continue
        kept = kind.accept(told[name])
        if kept is REJECTED:
            yield Verdict(name, NULLED, "", f"it does not fit: {kind.label}")
        elif kept is None:
            yield Verdict(name, NULLED, "", f"no public {kind.label} has this name")
        else:
            changed = "" if kept == told[name] else "rounded, or kept as what is public of it"
            yield Verdict(name, ACCEPTED, _short(_text(kept)), changed)
    for name in told:
        if name not in declared:
            yield Verdict(_short(name), DROPPED, "", "the event has no such property")


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _refused(event: str, why: str) -> Judged:
    return Judged(0, event, taken=False, why=why, properties=())


def _short(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= LETTERS_MAX else f"{plain[:LETTERS_MAX]}…"
