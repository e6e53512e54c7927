"""A session: one run of the host, in which events become lines.

A line is made once. The same bytes go to the audit log first and to the segment second, so that
what is sent is always in the log.

Each line has its place in the session, and lines are written in the order of their places, whatever
threads record at once. A signal handler that records while a line is being written comes first in
the file and has the later place. A forked child goes on in its parent's session from the place
where the parent was: two of one place are of two processes, and neither came first.
"""

from __future__ import annotations

import json
import os
import sys
import time
from _thread import RLock
from _weakref import ref

from aboveboard.catalog.catalog import ARCHITECTURES, OPERATING_SYSTEMS, DroppedEvents, SessionStart
from aboveboard.catalog.event import values_of
from aboveboard.catalog.notes import first, is_over, until
from aboveboard.client.decision.identity import new_id
from aboveboard.client.recipients import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.catalog.event import Event
    from aboveboard.client.decision.consent import Terms
    from aboveboard.client.files.appendfile import AuditLog

    from .segment import Writer

    Encode = Callable[[object], str | None]


class Session:
    """Turns events into lines and writes them.

    Args:
        catalog: What the host may collect.
        covered: The part of it that may be written in this session.
        user_id: The install's id; None where the session is off, whose lines name nobody.
        log: The audit log, or None.
        segment: Where lines wait to be sent; None where the session is off and only logged.
        clock: Seconds since 1970.
        form: The form of the lines.
        session_id: The session's id; a new one if not given.
        starts: Whether the session starts here; else this is a worker's part of one.
    """

    __slots__ = (
        "__weakref__",
        "_catalog",
        "_clock",
        "_covered",
        "_lines",
        "_lock",
        "_plans",
        "_rejected",
        "id",
        "log",
        "segment",
    )  # fmt: skip

    def __init__(
        self,
        *,
        catalog: Catalog,
        covered: Terms,
        user_id: str | None,
        log: AuditLog | None = None,
        segment: Writer | None = None,
        clock: Callable[[], float] = time.time,
        form: type[wire.Ours] | type[wire.PostHog] = wire.Ours,
        session_id: str = "",
        starts: bool = True,
    ) -> None:
        self.id = session_id or new_id()
        self.log = log
        self.segment = segment
        self._catalog = catalog
        self._covered = covered
        self._clock = clock
        self._plans: dict[type[Event], _Plan | None] = {}
        self._rejected: dict[tuple[str, str], int] = {}
        self._lines = form(user_id, self.id, clock)
        if not starts:
            self._lines.ending(True)  # its first place is the session's start, elsewhere
        self._lock = RLock()
        _sessions.add(ref(self, _sessions.discard))

    def record(self, event: Event) -> None:
        """Write one event to the log and the segment.

        Raises:
            OSError: it could not be written.
        """
        beginning = self._beginning(event)
        if beginning is not None:
            self._write(*beginning)

    def line(self, event: Event) -> bytes:
        """Return an event as it is written; nothing, where it is none that this session covers."""
        beginning = self._beginning(event)
        if beginning is None:
            return b""
        text, is_empty = beginning
        return (text + self._lines.ending(is_empty)).encode()

    def _beginning(self, event: Event) -> tuple[str, bool] | None:
        """Return an event's line up to its last property, and whether it has none."""
        kind = type(event)
        try:
            plan = self._plans[kind]
        except KeyError:
            plan = self._plans[kind] = self._plan(kind)
        if plan is not None and plan.expires and is_over(plan.expires, self._clock()):
            plan = self._plans[kind] = self._plan(kind)
        if plan is None:
            return None
        values = values_of(event)
        line = plan.prefix
        for name, key, encode in plan.fields:
            text = encode(values.get(name))
            if text is None:
                self._reject(plan.name, name)
                text = "null"
            line += key + text
        if not plan.names >= values.keys():
            for name in values.keys() - plan.names:
                self._reject(plan.name, name)
        return line, not plan.fields

    def finish(self) -> None:
        """Write what was only counted so far."""
        rejected, self._rejected = self._rejected, {}
        if "rejected_value" in self._covered:
            for (event, name), times in rejected.items():
                self._write_counted(
                    "rejected_value", {"in_event": event, "in_property": name, "times": times}
                )
        if self.segment is not None and self.segment.dropped:
            self.record(DroppedEvents(segments=self.segment.dropped))
            self.segment.dropped = 0

    def forget_counts(self) -> None:
        """Start counting afresh, as a forked child does: what was counted is its parent's."""
        self._rejected = {}

    def _write(self, beginning: str, is_empty: bool) -> None:
        with self._lock:
            line = (beginning + self._lines.ending(is_empty)).encode()
            if self.log is not None:
                self.log.append(line)
            if self.segment is not None:
                self.segment.write(line)

    def _write_counted(self, event: str, values: Mapping[str, object]) -> None:
        kept = {name: values[name] for name in self._covered[event]}
        body = json.dumps(kept)[1:-1]
        self._write(self._lines.beginning(event) + body, not kept)

    def _plan(self, kind: type[Event]) -> _Plan | None:
        entry = self._catalog.entries.get(kind.event_name)
        covered = self._covered.get(kind.event_name)
        moment = self._clock()
        if entry is None or covered is None or is_over(entry.notes.expires, moment):
            return None
        return _Plan(entry, covered, self._lines.beginning(entry.name), moment)

    def _reject(self, event: str, name: str) -> None:
        if name not in self._catalog.entries[event].properties:
            name = "(unknown)"  # a name that is not the catalog's could be anyone's text
        self._rejected[event, name] = self._rejected.get((event, name), 0) + 1


_sessions: set[ref[Session]] = set()
"""Those of this process: a fork may come while another thread holds the lock of one."""


def _after_fork_in_child() -> None:
    for reference in list(_sessions):
        session = reference()
        if session is not None:
            session._lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


class _Plan:
    """How events of one class are written, worked out once: JSON keys and encoders in order.

    It holds until the day `expires`, if there is one. What has expired already is null.
    """

    __slots__ = ("expires", "fields", "name", "names", "prefix")

    def __init__(
        self, entry: Entry, covered: Mapping[str, str], prefix: str, moment: float
    ) -> None:
        self.name = entry.name
        self.expires = entry.notes.expires
        self.names = frozenset(entry.properties)
        self.prefix = prefix
        self.fields: list[tuple[str, str, Encode]] = []
        for name, declared in entry.properties.items():
            if name in covered:
                comma = ", " if self.fields else ""
                key = f"{comma}{json.dumps(name)}: "
                # What was agreed to says until when, and so may an older yes, until an earlier day.
                day = first(until(covered[name]), declared.notes.expires)
                if is_over(day, moment):
                    self.fields.append((name, key, _null))
                else:
                    self.expires = first(self.expires, day)
                    self.fields.append((name, key, declared.kind.encode))


def _null(_value: object) -> str:
    return "null"


def session_start(version: str) -> SessionStart:
    """Return the first event of every session on this machine."""
    return SessionStart(
        app_version=version,
        os=operating_system(),
        arch=architecture(),
        python_version=sys.version.split()[0],
    )


def operating_system() -> str:
    """Return the system's family, one of `OPERATING_SYSTEMS`."""
    name = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}.get(sys.platform, "other")
    return name if name in OPERATING_SYSTEMS else "other"


def architecture() -> str:
    """Return the processor's family, one of `ARCHITECTURES`."""
    if hasattr(os, "uname"):
        machine = os.uname().machine.lower()
    else:
        machine = os.environ.get("PROCESSOR_ARCHITECTURE", "").lower()
    family = {"amd64": "x86_64", "aarch64": "arm64", "i386": "x86", "i686": "x86"}.get(machine)
    if family is None:
        family = "arm" if machine.startswith("armv") else machine
    return family if family in ARCHITECTURES else "other"
