"""The allow-list: what of an event may be kept, for every protocol in one place.

The project's catalog decides. A value is kept only as its kind accepts it, and every string that a
kind accepts comes from a fixed list; all else is dropped and counted. Accepted events are columns,
table by table, ready for the warehouse.
"""

from __future__ import annotations

import calendar
import math
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from aboveboard.catalog import models
from aboveboard.catalog.kinds import REJECTED
from aboveboard.catalog.line import FIELDS, SEQ, SESSION, TIME, USER_ID, hour
from aboveboard.catalog.notes import first
from aboveboard.warehouse import schema
from aboveboard.warehouse.columns import of_property, split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aboveboard.catalog.catalog import Catalog, Entry

Columns = dict[str, list[object]]
"""Column name to values, all of one length."""

EARLIEST = 1_262_304_000
"""2010-01-01: no event is older, and a clock that says so is wrong."""

WIRE_DAYS = 400
"""How old an event may be that is sent: thirteen months, as long as data is kept. A client keeps
what waits for 28 days; older ones fill the warehouse with months. A log that is imported goes back
to `EARLIEST`."""

AHEAD = 86_400
"""How far an install's clock may run ahead, in seconds."""

_RANDOM_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)


def head(
    user_id: str, session: str, seq: int, moment: float, beside: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return what a row begins with: a line's fields, null for one that was not told.

    Of the time, whatever protocol told it, the hour is kept. `beside` has fields that only lines
    of ours tell.
    """
    fields: dict[str, object] = {USER_ID: user_id, SESSION: session, SEQ: seq, TIME: hour(moment)}
    for name in _BESIDE:
        fields[name] = beside.get(name) if beside else None
    return fields


_BESIDE = [field.name for field in FIELDS if field.name not in (USER_ID, SESSION, SEQ, TIME)]


class Unfit(NamedTuple):
    """Something that the catalog does not allow, by name; a name that is its own holder is ''."""

    what: str
    """`event` (unknown), `property` (unknown), or `value` (not of its kind); else, of a line that
    was not taken, the verdict that its sender gets."""

    event: str
    property: str


UNFIT_MAX = 500
"""Different names that are counted of one body. A body of 6 MiB can have 200,000, and each costs
the thread that stores a moment of everybody's time. An honest one has a handful."""

OTHER = "(other)"
"""What the rest of the names is counted as."""


def others(what: str) -> Unfit:
    return Unfit(what, OTHER, OTHER)


class UnfitCounts(Counter[Unfit]):
    """What was dropped of one body, and how often; beyond `UNFIT_MAX` names as `OTHER`."""

    def __setitem__(self, unfit: Unfit, times: int) -> None:
        if len(self) >= UNFIT_MAX and unfit.event and unfit not in self:
            unfit = others(unfit.what)
            times += self[unfit]
        super().__setitem__(unfit, times)


def is_random_id(text: object) -> bool:
    """Return whether this is a random UUID (version 4): one that tells nothing about its maker.

    A UUID1 would hold a network card's address and the time.
    """
    return isinstance(text, str) and _RANDOM_ID.fullmatch(text) is not None


def is_plausible(
    moment: float, now: float, *, imported: bool = False, days: int | None = None
) -> bool:
    """Return whether an event can have happened then, and is kept; a NaN cannot.

    Args:
        moment: Seconds since 1970.
        now: The same, of the clock here.
        imported: Whether it comes from a log.
        days: How many days the project keeps events; None if for good.
    """
    earliest = EARLIEST if imported else now - WIRE_DAYS * 86_400
    if days is not None:
        earliest = max(earliest, now - days * 86_400)
    return earliest <= moment <= now + AHEAD


@dataclass
class Accepted:
    """What was taken of a body, and what was not."""

    tables: dict[str, Columns] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    events: int = 0
    known: int = 0
    """Events that were stored before, and are not stored again."""

    erased: int = 0
    """Events of installs that were erased, which are not stored."""

    rejected: list[tuple[int, str]] = field(default_factory=list)
    """Line numbers, from 1, and why each was not taken."""

    unfit: Counter[Unfit] = field(default_factory=UnfitCounts)

    version: str | None = None
    """The app's version, if something that was dropped came with it and no session's start did."""

    def add(self, table: str, row: Mapping[str, object]) -> None:
        """Add one row. All rows of a table have the same columns."""
        columns = self.tables.get(table)
        if columns is None:
            columns = self.tables[table] = {name: [] for name in row}
        for name, value in row.items():
            columns[name].append(value)

    def extend(self, table: str, rows: Columns) -> None:
        """Add many rows, as `add` does one by one."""
        columns = self.tables.setdefault(table, rows)
        if columns is not rows:
            for name, values in rows.items():
                columns[name] += values

    def installs(self) -> set[str]:
        """Return who has an event in it; nobody is one of them."""
        users: set[object] = set()
        users.update(*(columns[USER_ID] for columns in self.tables.values()))
        return set(map(str, users))

    def reject(self, line: int, reason: str) -> None:
        self.rejected.append((line, reason))


class Form:
    """How one event's properties become columns, worked out once from its catalog entry."""

    def __init__(self, entry: Entry) -> None:
        self.event = entry.name
        self.table = schema.table(entry.name)
        self.end = _end(entry.notes.expires)
        """From when on it is not taken, in seconds since 1970."""

        self.ends = {
            name: _end(first(declared.notes.expires, entry.notes.expires))
            for name, declared in entry.properties.items()
            if declared.notes.expires
        }
        """The same of properties that may have an end of their own: from then on they are null."""

        self.kinds = {name: declared.kind for name, declared in entry.properties.items()}
        self._columns = {
            name: tuple(each.name for each in of_property(name, kind))
            for name, kind in self.kinds.items()
        }
        self._split = {name: split(kind) for name, kind in self.kinds.items()}
        self._rounded = {name for name, kind in self.kinds.items() if getattr(kind, "steps", ())}
        self._plan = [
            (name, kind, self._columns[name], self._split[name])
            for name, kind in self.kinds.items()
        ]

    def row(
        self, properties: Mapping[str, object], moment: float, unfit: Counter[Unfit]
    ) -> dict[str, object]:
        """Return one event's property columns; what does not fit is null and counted.

        What has expired by the event's moment is null, and not counted: versions of a tool that are
        older than the day of expiry send it in good faith.
        """
        row: dict[str, object] = {}
        for name, kind, columns, parts in self._plan:
            is_over = moment >= self.ends.get(name, math.inf)
            kept = None if is_over else kind.accept(properties.get(name))
            if kept is REJECTED:
                unfit[Unfit("value", self.event, name)] += 1
                kept = None
            if parts is None:
                row[columns[0]] = kept
            else:
                row |= zip(columns, parts(kept), strict=True)
        for name in properties.keys() - self.kinds.keys():
            unfit[Unfit("property", self.event, name)] += 1
        return row

    def until_end(self, name: str, values: list[object], times: Sequence[float]) -> list[object]:
        """Return a property's values over many events, null from its end on."""
        over = self.ends.get(name)
        if over is None or max(times) < over:
            return values
        return [
            None if moment >= over else value for value, moment in zip(values, times, strict=True)
        ]

    def columns(self, name: str, values: list[object], unfit: Counter[Unfit]) -> Columns:
        """Return the columns of one property over many events, whatever the values are.

        Every distinct word is checked once, and every number that is rounded: there are few,
        however many events.
        """
        kind = self.kinds[name]
        parts = self._split[name]
        if self._are_few(name, values):
            verdicts = {value: kind.accept(value) for value in set(values)}
            same = all(
                value == verdict and type(value) is type(verdict)
                for value, verdict in verdicts.items()
            )
            if parts is None and same:
                return {self._columns[name][0]: values}
            kept = [verdicts[value] for value in values]
        else:
            kept = [kind.accept(value) for value in values]
        refused = kept.count(REJECTED)
        if refused:
            unfit[Unfit("value", self.event, name)] += refused
            kept = [None if value is REJECTED else value for value in kept]
        if parts is not None:
            split_up = map(list, zip(*map(parts, kept), strict=True))
            return dict(zip(self._columns[name], split_up, strict=True))
        return {self._columns[name][0]: kept}

    def _are_few(self, name: str, values: list[object]) -> bool:
        """Return whether one check does for all values that are equal.

        They are of one type then: 1, 1.0 and True are equal, and not the same.
        """
        types = {*map(type, values)} - {type(None)}
        return types <= {str} or (name in self._rounded and types in ({int}, {float}))


def _end(expires: str) -> float:
    """Return when a day begins, in UTC, in seconds since 1970; never, of ""."""
    return calendar.timegm(time.strptime(expires, "%Y-%m-%d")) if expires else math.inf


class AllowList:
    """A catalog's forms, by event name."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Callable[[], float] = time.time,
        *,
        days: int | None = None,
    ) -> None:
        self.catalog = catalog
        self.days = days
        self.clock = clock
        models.public_name("")  # read the list now: two threads at once would see half of it
        self.forms = {entry.name: Form(entry) for entry in catalog.entries.values()}

    def take(
        self,
        into: Accepted,
        event: object,
        properties: object,
        fields: dict[str, object],
        source: str,
    ) -> bool:
        """Add an event whose fields are checked already; return whether it is known.

        Args:
            into: What it is added to.
            event: Its name.
            properties: Its properties, as they were told.
            fields: What `head` gives.
            source: How it came.
        """
        moment = fields[TIME]
        assert isinstance(moment, int)  # the hour that `head` gives
        form = self.form(event, moment, into.unfit)
        if form is None:
            return False
        told = properties if isinstance(properties, dict) else {}
        row = fields | form.row(told, moment, into.unfit)
        if form.table == schema.SESSIONS:
            row["source"] = source
        into.add(form.table, row)
        into.events += 1
        return True

    def take_all(
        self,
        into: Accepted,
        form: Form,
        told: Sequence[Mapping[str, object]],
        fields: Columns,
    ) -> None:
        """Add events of one form, as `take` does one by one; no session's start is among them.

        Args:
            into: What they are added to.
            form: Theirs, which has not expired for any of them.
            told: The properties of each, as they were told.
            fields: What `head` gives for each, as columns.
        """
        times: Any = fields[TIME]
        for each in told:
            if not each.keys() <= form.kinds.keys():
                for name in each.keys() - form.kinds.keys():
                    into.unfit[Unfit("property", form.event, name)] += 1
        columns = fields.copy()
        for name in form.kinds:
            values = form.until_end(name, [each.get(name) for each in told], times)
            columns |= form.columns(name, values, into.unfit)
        into.extend(form.table, columns)
        into.events += len(told)

    def form(self, event: object, moment: float, unfit: Counter[Unfit]) -> Form | None:
        """Return an event's form; None where the catalog has none then, which is counted."""
        form = self.forms.get(event) if isinstance(event, str) else None
        if form is None or moment >= form.end:
            unfit[Unfit("event", event if isinstance(event, str) else "", "")] += 1
            return None
        return form
