"""What the collector says about itself while it runs: few lines, on stderr, none about senders.

A line has the time in UTC, the level, who says it and what: as text, or as an object of JSON. No
event, no address of a sender and no key is ever in one. The standard library's logging does all
of it: a library for structured logging would add a dependency and no field.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from typing import TYPE_CHECKING

from aboveboard.catalog import exceptions

if TYPE_CHECKING:
    from types import TracebackType

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)

log = logging.getLogger(__name__)


def to_stderr(form: str = TEXT) -> None:
    """Show our own lines: warnings as text; as JSON also what a person reads on stdout otherwise.

    Libraries stay silent: what they say of a request or a query could repeat what was sent. So
    would the traceback of a fault that nobody foresaw: its type and our places in it are told.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == JSON else _Text())
    ours = logging.getLogger("aboveboard")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO if form == JSON else logging.WARNING)
    ours.propagate = False
    logging.raiseExceptions = False  # a line that cannot be written is lost, and nothing else is
    logging.getLogger().addHandler(logging.NullHandler())
    sys.excepthook = _unforeseen
    threading.excepthook = lambda told: _unforeseen(told.exc_type, told.exc_value)
    sys.unraisablehook = lambda told: _unforeseen(told.exc_type, told.exc_value)


def described(error: BaseException) -> str:
    """Return an exception's type and our places in it, without its text, which could hold events.

    Whoever tells of a fault may have no memory or descriptor left: then the type alone is told.
    """
    try:
        reduced = exceptions.reduce(error, ["aboveboard"])
    except Exception:  # noqa: BLE001  # what tells of a fault must not be the next one
        return type(error).__name__
    return f"{reduced['type']} at {reduced['frames']}"


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line: what it says, never a traceback."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        return self.line(moment, record, record.getMessage())

    def line(self, moment: str, record: logging.LogRecord, message: str) -> str:
        raise NotImplementedError


class _Text(_Line):
    def line(self, moment: str, record: logging.LogRecord, message: str) -> str:
        return f"{moment} {record.levelname} {record.name}: {' '.join(message.splitlines())}"


class _Json(_Line):
    def line(self, moment: str, record: logging.LogRecord, message: str) -> str:
        level = record.levelname.lower()
        told = {"time": moment, "level": level, "logger": record.name, "message": message}
        return json.dumps(told)


def _unforeseen(
    kind: type[BaseException],
    error: BaseException | None,
    _trace: TracebackType | None = None,
) -> None:
    log.critical("a fault: %s", kind.__name__ if error is None else described(error))
