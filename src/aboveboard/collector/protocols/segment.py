"""A segment's bytes, as `POST /v1/events` brings them: lines of JSON, each checked.

Two ways to the same answer. A body as an honest client sends it is read by decoders made from the
catalog, all lines at once. Where one line is not as expected, each is read on its own, so that it
gets its verdict and the others are taken.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec.structs import astuple

from aboveboard.catalog import line as shape
from aboveboard.collector.allowlist import (
    EARLIEST,
    Accepted,
    AllowList,
    Form,
    Unfit,
    head,
    is_plausible,
    is_random_id,
)
from aboveboard.warehouse import column, schema

from . import clocks

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = "aboveboard"

NOT_JSON = "not a line of JSON"
NO_USER_ID = "user_id is no random UUID"
NO_SESSION = "session is no random UUID"
NO_TIME = "time is not in seconds since 1970, or lies in the future"
TOO_OLD = "time is longer ago than what is taken"
NOT_IN_CATALOG = "the catalog has no such event"

LINES_MAX = 10_000
"""Lines of one body. A client's segment has 256 KiB, which is about a thousand events."""

LINE_MAX = 64 * 1024
"""Bytes of one line."""

PROPERTIES_MAX = 500
"""Properties of one event, those included that the catalog does not have."""

TOO_DEEP = "nested too deeply"
TOO_LONG = f"longer than {LINE_MAX} bytes"
TOO_MANY_PROPERTIES = f"more than {PROPERTIES_MAX} properties"

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises over bytes that are no JSON; deep nesting is a RecursionError."""

_BRACES = {(ord("{"), ord("}"))}

_WORD = str | None


def _no(field: shape.Field) -> str:
    """Return the verdict on a line whose field is not as it must be."""
    what = f"whole number from 0 to {field.most}" if field.type is int else "text"
    return f"{field.name} is no {what}"


NO_PLACE = next(_no(field) for field in shape.FIELDS if field.name == shape.SEQ)

_OPTIONAL = [field.name for field in shape.FIELDS if field.is_optional]
_NEEDED = [key for key in shape.KEYS if key not in _OPTIONAL]
NOT_AN_EVENT = f"not an event: {', '.join(_NEEDED[:-1])} and {_NEEDED[-1]} are needed"


def _declared(field: shape.Field) -> tuple[Any, ...]:
    """Return a field of a line for the decoder, whose numbers are as large as they may be."""
    type_: Any = field.type
    if field.most is not None:
        type_ = Annotated[int, msgspec.Meta(ge=0, le=field.most)]
    if field.name == shape.SEQ:  # else it is the line's place; a null is none
        return field.name, type_ | msgspec.UnsetType, msgspec.UNSET
    return (field.name, type_ | None, None) if field.is_optional else (field.name, type_)


_CHECKED = [
    field for field in shape.FIELDS if field.name not in (shape.USER_ID, shape.SESSION, shape.TIME)
]
"""Fields of which no more is asked than what they declare."""

_LINE = sorted(map(_declared, shape.FIELDS), key=len)  # those that are needed come first
_TOLD = [shape.PROPERTIES, *[declared[0] for declared in _LINE]]
"""A decoded line's fields, in their order."""


def _number(of: type, number: Any) -> tuple[Any, bool]:
    bounds = msgspec.Meta(ge=0, le=of(number.most))
    return Annotated[of, bounds] | None, not number.steps


DECODED: dict[str, Callable[[Any], tuple[Any, bool]]] = {
    "flag": lambda _: (bool | None, True),
    "count": lambda kind: _number(int, kind),
    "amount": lambda kind: _number(float, kind),
    "choice": lambda _: (_WORD, False),
    "command": lambda _: (_WORD, False),
    "version": lambda _: (_WORD, False),
    "model": lambda _: (_WORD, False),
    "exception": lambda _: (dict[str, Any] | None, False),
}
"""By a kind's label: what its values are for the decoder, and whether that is all there is to
check. Words are looked up in their list afterwards, and numbers in steps are rounded. If an honest
value is not of the type, its whole body is read line by line, eight times slower."""


class TooManyLinesError(ValueError):
    """The body has more lines than are taken."""


class SegmentReader:
    """Reads the segments of one project."""

    def __init__(self, allowlist: AllowList) -> None:
        self._allowlist = allowlist
        shapes = [_Shape(form) for form in allowlist.forms.values()]
        self._shapes = {each.line: each for each in shapes}
        lines: Any = None
        for each in shapes:
            lines = each.line if lines is None else lines | each.line
        self._decoder = msgspec.json.Decoder(lines)

    def read(
        self, body: bytes, source: str = SOURCE, clock: clocks.Clock = clocks.RIGHT
    ) -> Accepted:
        """Return what may be kept of a body, and a verdict for each line that may not.

        Raises:
            TooManyLinesError: there are more than `LINES_MAX`.
        """
        lines = body.split(b"\n", LINES_MAX + 1)
        if len(lines) > LINES_MAX + 1:
            raise TooManyLinesError
        if not lines[-1]:
            lines.pop()  # the last line has its end
        if len(body) > LINE_MAX and max(map(len, lines)) > LINE_MAX:
            return self._read_each(body, source, clock)
        try:
            if not body.isascii():
                body.decode()  # what no field has, the decoder skips without a look
            events = self._decoder.decode_lines(body)
        except UNREADABLE:
            return self._read_each(body, source, clock)
        # To the decoder the end of a line is a space: an event may stand on two, and two on one.
        # Between a closing brace and an opening one no event goes on.
        whole = all(lines) and {(each[0], each[-1]) for each in lines} == _BRACES
        if len(events) != len(lines) or not whole:
            return self._read_each(body, source, clock)
        now = self._allowlist.clock()
        accepted = Accepted(events=len(events))
        ids: set[object] = set()
        by_shape: dict[type, list[Any]] = defaultdict(list)
        for place, event in enumerate(events):
            if event.seq is msgspec.UNSET:
                event.seq = place
            by_shape[event.__class__].append(event)
        for line, group in by_shape.items():
            columns = self._shapes[line].columns(
                group, accepted, ids, now, source, clock, self._allowlist.days
            )
            if columns is None:
                return self._read_each(body, source, clock)
            accepted.tables[self._shapes[line].form.table] = columns
        return accepted

    def _read_each(self, body: bytes, source: str, clock: clocks.Clock) -> Accepted:
        accepted = Accepted()
        for number, line in enumerate(body.split(b"\n"), 1):
            if line.strip():
                reason = self.read_line(line, accepted, source, place=number - 1, clock=clock)
                if reason is not None:
                    accepted.reject(number, reason)
                    if reason != NOT_IN_CATALOG:  # that is counted already, by name
                        accepted.unfit[Unfit(reason, "", "")] += 1
        return accepted

    def read_line(
        self,
        line: bytes,
        into: Accepted,
        source: str = SOURCE,
        *,
        place: int = 0,
        clock: clocks.Clock = clocks.RIGHT,
    ) -> str | None:
        """Add one line's event; return why not, where it was not taken.

        Args:
            line: The line.
            into: What the event is added to.
            source: How it came.
            place: Its order where it tells none, as lines of 0.1.0 do.
            clock: The sender's.
        """
        if len(line) > LINE_MAX:
            return TOO_LONG
        try:
            told = msgspec.json.decode(line)
        except RecursionError:
            return TOO_DEEP
        except UNREADABLE:
            return NOT_JSON
        return self.take(told, into, source, place=place, clock=clock)

    def take(
        self,
        told: object,
        into: Accepted,
        source: str,
        *,
        place: int,
        takes_nobody: bool = False,
        clock: clocks.Clock = clocks.RIGHT,
    ) -> str | None:
        """Add the event of a decoded line, as `read_line` does.

        Args:
            told: What the line's JSON says.
            into: What the event is added to.
            source: How it came.
            place: Its order where it tells none.
            takes_nobody: Whether it may name no install, as in the log of a session that is off.
            clock: The sender's.
        """
        if not isinstance(told, dict) or not isinstance(told.get(shape.PROPERTIES), dict):
            return NOT_AN_EVENT
        if len(told[shape.PROPERTIES]) > PROPERTIES_MAX:
            return TOO_MANY_PROPERTIES
        user_id, session = told.get(shape.USER_ID), told.get(shape.SESSION)
        seq, moment = told.get(shape.SEQ, place), told.get(shape.TIME)
        if user_id is None and takes_nobody:
            user_id = schema.NOBODY
        elif not isinstance(user_id, str) or not is_random_id(user_id):
            return NO_USER_ID
        if not isinstance(session, str) or not is_random_id(session):
            return NO_SESSION
        now = self._allowlist.clock()
        imported = source != SOURCE  # a log may go back further than what is sent
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            return NO_TIME
        moment = clock.true(moment)
        if not is_plausible(moment, now, imported=imported, days=self._allowlist.days):
            return TOO_OLD if EARLIEST <= moment < now else NO_TIME
        if seq is None:
            return NO_PLACE
        fields = head(user_id, session, seq, int(moment), told)
        for field in _CHECKED:
            if not field.fits(fields[field.name]):
                return _no(field)
        event, properties = told.get(shape.EVENT), told[shape.PROPERTIES]
        if not self._allowlist.take(into, event, properties, fields, source):
            return NOT_IN_CATALOG
        into.sessions.add(session)
        return None


class _Shape:
    """One event's line as msgspec types: an exact fit, or the whole body is read line by line."""

    def __init__(self, form: Form) -> None:
        self.form = form
        names = {f"p{number}": name for number, name in enumerate(form.kinds)}
        decoded = {name: DECODED[kind.label](kind) for name, kind in form.kinds.items()}
        properties = msgspec.defstruct(
            "Properties",
            [(field, decoded[name][0], None) for field, name in names.items()],
            rename=names,
            forbid_unknown_fields=True,
            gc=False,
        )
        self.line = msgspec.defstruct(
            "Line",
            [(shape.PROPERTIES, properties), *_LINE],
            tag=form.event,
            tag_field=shape.EVENT,
            gc=False,
        )
        self._properties = [(name, column(name), decoded[name][1]) for name in names.values()]

    def columns(
        self,
        lines: list[Any],
        accepted: Accepted,
        ids: set[object],
        now: float,
        source: str,
        clock: clocks.Clock,
        days: int | None,
    ) -> dict[str, list[object]] | None:
        """Return the lines as columns; None if an id or a time is wrong, or a line has expired.

        `ids` has those of the body that were looked at already.
        """
        told = _as_columns(lines, _TOLD)
        found = {field.name: told[field.name] for field in shape.FIELDS}
        times = found[shape.TIME]
        if clock.ahead:
            times = [int(clock.true(each)) for each in times]
        distinct = set(found[shape.SESSION])
        unseen = {*found[shape.USER_ID], *distinct} - ids
        hours = {each: shape.hour(each) for each in set(times)}
        if not (
            all(map(is_random_id, unseen))
            and is_plausible(min(hours), now, days=days)
            and is_plausible(max(hours), now, days=days)
            and max(hours.values()) < self.form.end
        ):
            return None
        ids |= unseen
        accepted.sessions |= distinct
        found[shape.TIME] = [hours[each] for each in times]
        names = [name for name, _, _ in self._properties]
        properties = _as_columns(told[shape.PROPERTIES], names)
        for name, kept_in, checked in self._properties:
            values = self.form.until_end(name, properties[name], found[shape.TIME])
            if checked:
                found[kept_in] = values
            else:
                found |= self.form.columns(name, values, accepted.unfit)
        if self.form.table == schema.SESSIONS:
            found["source"] = [source] * len(lines)
        return found


def _as_columns(structs: list[Any], names: list[str]) -> dict[str, list[Any]]:
    """Return the fields of structs of one kind, by name: a fraction of asking each for each."""
    return dict(zip(names, map(list, zip(*map(astuple, structs), strict=True)), strict=True))
