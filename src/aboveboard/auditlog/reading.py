"""An audit log's lines as events, whoever wrote them: ours, stock aider, ours in PostHog's form.

A log is read as a stream, so its size does not matter. It is a person's own file, which they may
have cut, joined or edited: a line that is no event is skipped and counted, never more than that.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, NamedTuple

from aboveboard.catalog.line import EVENT, PROPERTIES, SEQ, SEQ_MAX, SESSION, TIME, USER_ID

from .files import is_damage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

LINE_MAX = 2**20
"""Bytes; no event is longer, and a longer line is damaged."""

ENDLESS = 2**26
"""Bytes of a line at which reading stops: no log has one, and a device may give it for ever."""

TIME_MAX = 2**33
"""Seconds since 1970, in the year 2242; what is later, or before 1970, is no time of an event."""

NOTHING = "None"
"""How aider writes a property that has no value."""


class LoggedEvent(NamedTuple):
    """One line of a log."""

    event: str
    properties: dict[str, object]
    user_id: str | None
    """None where a session was off, whose log names nobody."""

    session: str | None
    """None in aider's form, which does not tell."""

    time: float
    """Seconds since 1970; a multiple of an hour unless the line is an older one."""

    seq: int | None = None
    """The event's place in its session; None in older lines."""


class LogReader:
    """Reads logs, and tells what could not be read of them.

    Attributes:
        damaged: How many lines are no events.
        cut_off: How many logs end in a damaged place, such as a packed one that is cut off, or a
            line without an end; what stands behind it is not known.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self.cut_off = 0

    def read(self, file: BinaryIO) -> Iterator[LoggedEvent]:
        """Return the events of one log, in its order."""
        return (event for _, event in self.lines(file))

    def lines(self, file: BinaryIO) -> Iterator[tuple[bytes, LoggedEvent]]:
        """Return the lines of one log that are events, in its order, each with its event."""
        lines = _lines(file)
        while True:
            try:
                line = next(lines, None)
            except Exception as error:
                if not is_damage(error):
                    raise
                self.cut_off += 1
                return
            if line is None:
                return
            event = read_line(line)
            if event is not None:
                yield line, event
            elif not line.isspace():
                self.damaged += 1


def read_line(line: bytes) -> LoggedEvent | None:
    """Return a line's event, or None where it is none."""
    try:
        told = _decode(line.decode("utf-8-sig"))
        event, properties = told[EVENT], told[PROPERTIES]
        if "distinct_id" in told:
            return _read_posthog(told)
        user_id, moment = told[USER_ID], told[TIME]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    if not (type(event) is str and event and type(properties) is dict):
        return None
    if not (type(moment) is int or type(moment) is float) or not 0 <= moment < TIME_MAX:
        return None
    session, seq = told.get(SESSION), told.get(SEQ)
    if not (type(user_id) is str or (user_id is None and session is not None)):
        return None
    if session is None:
        for name, value in properties.items():
            if value == NOTHING:
                properties[name] = None
    elif type(session) is not str:
        return None
    return LoggedEvent(event, properties, user_id, session, moment, _place(seq))


def _read_posthog(told: dict[str, object]) -> LoggedEvent | None:
    """Return the event in a line of PostHog's form, without the `$` properties that are its own.

    Raises:
        KeyError, TypeError, ValueError: the line is none.
    """
    event, user_id, properties = told["event"], told["distinct_id"], told["properties"]
    if not (isinstance(event, str) and isinstance(properties, dict)):
        return None
    if not (user_id is None or isinstance(user_id, str)):
        return None
    written = str(told["timestamp"])
    if written.endswith("Z"):  # which Python reads from 3.11 only
        written = written[:-1] + "+00:00"
    moment = datetime.datetime.fromisoformat(written)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    seconds = moment.timestamp()
    if not 0 <= seconds < TIME_MAX:
        return None
    own = {name: value for name, value in properties.items() if not name.startswith("$")}
    session = str(properties.get("$session_id", ""))
    return LoggedEvent(event, own, user_id, session, seconds, _place(own.pop(SEQ, None)))


def _place(told: object) -> int | None:
    return told if type(told) is int and 0 <= told <= SEQ_MAX else None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Return a file's lines; one that is too long is cut short, and no JSON then.

    Raises:
        OSError: a line has no end; or the file cannot be read.
    """
    while line := file.readline(LINE_MAX):
        yield line
        read = len(line)
        while len(line) == LINE_MAX and not line.endswith(b"\n"):
            line = file.readline(LINE_MAX)
            read += len(line)
            if read > ENDLESS:
                raise OSError("a line has no end")  # without a number: damage (`is_damage`)


_decode = json.JSONDecoder(parse_constant=lambda _: None).decode
"""NaN and Infinity, which Python writes and JSON does not have, are null."""
