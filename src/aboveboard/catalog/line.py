"""The line: the one shape in which an event is logged, sent and read, declared for all who do so.

    {"event": …, "properties": {…}, "user_id": …, "session": …, "seq": 7, "time": 1760000400}

`time` tells the hour and nothing finer: the second of an event names a person, since public commits
are made in the same second. What came first in a session is told by `seq`, the event's place in
the session, from 0. docs/protocol.md has the rest.

A field is declared here once. Readers, tables and the inbox are made from `FIELDS`; where a field
needs more (what it tells, its column, its words on a page), `tests/test_every_field.py` names the
file.
"""

from __future__ import annotations

import json

EVENT, PROPERTIES = "event", "properties"
"""What a line begins with."""

USER_ID, SESSION, SEQ, TIME = "user_id", "session", "seq", "time"

SEQ_MAX = 2**32 - 1


class Field:
    """A key of every line beside `event` and `properties`.

    Attributes:
        name: The key.
        type: `str`, and it is the same in all lines of a session; or `int`, from 0.
        most: The largest number; None, and whoever reads it has bounds of their own.
        is_optional: Whether a line may lack it, as those of an older client do.
    """

    __slots__ = ("is_optional", "most", "name", "type")

    def __init__(
        self, name: str, type_: type, most: int | None = None, *, is_optional: bool = False
    ) -> None:
        self.name = name
        self.type = type_
        self.most = most
        self.is_optional = is_optional

    def fits(self, value: object) -> bool:
        """Return whether a line may have this value."""
        if type(value) is not self.type:
            return value is None and self.is_optional
        return self.most is None or 0 <= value <= self.most  # type: ignore[operator]  # an int


FIELDS = (
    Field(USER_ID, str),
    Field(SESSION, str),
    Field(SEQ, int, SEQ_MAX, is_optional=True),
    Field(TIME, int),
)
"""In a line's order. `user_id` is null where nobody is named: the session was off."""

KEYS = (EVENT, PROPERTIES, *[field.name for field in FIELDS])

HOUR = 3600
"""Seconds; every time in a line is a multiple of it."""

SENT_AT = "Sent-At"
"""The header of a request with lines: the hour of sending by the sender's clock, as `time` has it.
A clock that is wrong by days is known by it."""


def hour(moment: float) -> int:
    """Return the beginning of a moment's hour, both in seconds since 1970."""
    return int(moment // HOUR) * HOUR


def beginning(event: str) -> str:
    """Return a line up to its first property."""
    return f'{{"{EVENT}": {json.dumps(event)}, "{PROPERTIES}": {{'


def ending(user_id: str | None, session: str) -> str:
    """Return what follows a line's last property, to be completed by `%` with its numbers.

    The numbers are those of `FIELDS`, in their order: (seq, time).
    """
    words = {USER_ID: user_id, SESSION: session}
    fields = [
        f'"{field.name}": {json.dumps(words[field.name]) if field.type is str else "%d"}'
        for field in FIELDS
    ]
    return f"}}, {', '.join(fields)}}}\n"
