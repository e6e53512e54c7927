"""The line: the one shape in which an event is logged, sent and read, declared for all who do so.

    {"event": …, "properties": {…}, "user_id": …, "session": …, "seq": 7, "time": 1760000400}

`time` tells the hour and nothing finer: the second of an event names a person, since public commits
are made in the same second. What came first in a session is told by `seq`, the event's place in
the session, from 0. docs/protocol.md has the rest.
"""

from __future__ import annotations

import json

KEYS = EVENT, PROPERTIES, USER_ID, SESSION, SEQ, TIME = (
    "event", "properties", "user_id", "session", "seq", "time",
)  # fmt: skip
"""A line's keys, in their order. `user_id` is null where nobody is named: the session was off."""

HOUR = 3600
"""Seconds; every time in a line is a multiple of it."""

SENT_AT = "Sent-At"
"""The header of a request with lines: the hour of sending by the sender's clock, as `time` has it.
A clock that is wrong by days is known by it."""

SEQ_MAX = 2**32 - 1


def hour(moment: float) -> int:
    """Return the beginning of a moment's hour, both in seconds since 1970."""
    return int(moment // HOUR) * HOUR


def beginning(event: str) -> str:
    """Return a line up to its first property."""
    return f'{{"{EVENT}": {json.dumps(event)}, "{PROPERTIES}": {{'


def ending(user_id: str | None, session: str) -> str:
    """Return what follows a line's last property, to be completed by `% (seq, time)`."""
    return (
        f'}}, "{USER_ID}": {json.dumps(user_id)}, "{SESSION}": "{session}", '
        f'"{SEQ}": %d, "{TIME}": %d}}\n'
    )
