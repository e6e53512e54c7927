"""What would be sent by a test, captured: the client as it is, in a home of the test's own.

The lines are the session's, written to segments as ever. Only what surrounds it is staged: where
its files are, that someone has said yes or no, that nobody sits at a terminal, and that no child is
started. Everything is as it was before when the test has ended, also for an `Analytics` that was
made, or even opened, long before.
"""

from __future__ import annotations

import atexit
import copy
import functools
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import pytest

from aboveboard.catalog.event import Event
from aboveboard.catalog.line import EVENT, PROPERTIES, SEQ
from aboveboard.client.analytics import Analytics
from aboveboard.client.decision import consent, environment
from aboveboard.client.decision.state import State
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import spawn
from aboveboard.client.files import directories
from aboveboard.client.install import Install
from aboveboard.client.lifetime import Lifetime
from aboveboard.client.recording.development import check
from aboveboard.client.recording.segment import Writer

from .guard import Guard

METHODS = (
    "open", "exception", "watch_loop", "close", "disable", "forget", "refuse", "turn_on", "status",
    "details", "waiting",
)  # fmt: skip


class Events(Sequence[dict[str, Any]]):
    """The events that would be sent, in order, each as the dict that its line is.

    Attributes:
        consent: What was decided on this machine: True, someone said yes; False, someone said no
            for good; None, nobody was asked. To be set before the host opens its session.
        lines: The lines, byte for byte as they would be sent.
    """

    def __init__(self, counts: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self.consent: bool | None = True
        self.lines: list[bytes] = []
        self._counts = counts

    def names(self) -> list[str]:
        """Return the events' names, in order."""
        return [event[EVENT] for event in self]

    def named(self, event: str | type[Event]) -> list[dict[str, Any]]:
        """Return the properties of each event of that name, in order."""
        name = event if isinstance(event, str) else event.event_name
        return [_properties(line) for line in self if line[EVENT] == name]

    def only(self, event: str | type[Event]) -> dict[str, Any]:
        """Return the properties of the one event of that name; fail where it is not one."""
        __tracebackhide__ = True
        found = self.named(event)
        if len(found) != 1:
            name = event if isinstance(event, str) else event.event_name
            raise AssertionError(
                f"{len(found)} events are called {name!r}, not one; captured: {self.names()}"
            )
        return found[0]

    @property
    def rejected(self) -> list[tuple[str, str, int]]:
        """The values that did not fit their kind: event, property, and how often."""
        counts: dict[tuple[str, str], int] = dict(self._counts())
        for told in self.named("rejected_value"):
            place = (told["in_event"], told["in_property"])
            counts[place] = counts.get(place, 0) + told["times"]
        return [(*place, times) for place, times in counts.items()]

    def assert_nothing_rejected(self) -> None:
        """Fail where a value did not fit its kind, naming event and property."""
        __tracebackhide__ = True
        if self.rejected:
            places = ", ".join(
                f"{event}.{name}" + (f" ({times} times)" if times > 1 else "")
                for event, name, times in self.rejected
            )
            raise AssertionError(
                f"values that do not fit their kind would be sent as null: {places}"
            )

    @overload
    def __getitem__(self, position: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, position: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, position: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(position, slice):
            return [json.loads(line) for line in self.lines[position]]
        event: dict[str, Any] = json.loads(self.lines[position])
        return event

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        return f"<events {self.names()}>"


class Stage:
    """Where a test's events are captured, from `set_up` to `strike`.

    Args:
        home: An empty folder, the test's home.
        folders: Where else the client may write: the folders that are the tests' own.
        at_start: The environment as it was before any test: what a person's own shell has said is
            no part of a test.
        is_asked_for: Whether the test itself looks at events, and is to hear of one that is
            recorded before a session is open.
    """

    def __init__(
        self,
        home: Path,
        folders: Sequence[str],
        at_start: Mapping[str, str],
        *,
        is_asked_for: bool = True,
    ) -> None:
        self._is_asked_for = is_asked_for
        self.events = Events(self._counts)
        self.guard = Guard([str(home), *folders])
        self._home = home
        self._real_home = Path(directories.home(os.environ)).resolve()
        self._at_start = at_start
        self._patch = pytest.MonkeyPatch()
        self._found: dict[int, tuple[Analytics, dict[str, Any]]] = {}
        self._told = 0

    def set_up(self) -> None:
        """Stage everything, and turn the guard on."""
        patch = self._patch
        for name, below in {
            "HOME": "", "USERPROFILE": "", "APPDATA": "AppData/Roaming",
            "LOCALAPPDATA": "AppData/Local", "XDG_CONFIG_HOME": ".config",
            "XDG_STATE_HOME": ".local/state", "XDG_DATA_HOME": ".local/share",
            "XDG_CACHE_HOME": ".cache",
        }.items():  # fmt: skip
            patch.setenv(name, str(self._home / below))
        self._unset("DO_NOT_TRACK")
        patch.setattr(environment, "has_terminal", lambda: False)
        patch.setattr(spawn, "can_spawn", lambda: True)
        patch.setattr(spawn, "start", lambda *_args, **_how: None)
        patch.setattr(sys, "excepthook", sys.excepthook)  # a session changes them
        patch.setattr(threading, "excepthook", threading.excepthook)
        patch.setattr(Writer, "write", self._writing(Writer.write))
        for name in METHODS:
            patch.setattr(Analytics, name, self._adopting(getattr(Analytics, name)))
        patch.setattr(Analytics, "record", self._checking(Analytics.record))
        enabled: property = vars(Analytics)["enabled"]
        assert enabled.fget is not None
        patch.setattr(Analytics, "enabled", property(self._adopting(enabled.fget)))
        self.guard.turn_on()

    def end_sessions(self) -> None:
        """Do what the end of a process does."""
        for analytics, _ in list(self._found.values()):
            analytics.close()

    def strike(self) -> None:
        """Put everything back as it was."""
        self.end_sessions()
        for analytics, before in self._found.values():
            lifetime = analytics._lifetime
            atexit.unregister(lifetime.at_exit)
            if lifetime.log is not None:
                lifetime.log.close()
            vars(analytics).clear()
            vars(analytics).update(before)
        self.guard.turn_off()
        self._patch.undo()

    def trouble(self) -> str | None:
        """Return what the client has tried since this was last asked, the first of it, if any."""
        tried, self._told = self.guard.tried[self._told :], len(self.guard.tried)
        return tried[0] if tried else None

    def _adopting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def adopting(analytics: Analytics, *args: Any, **kwargs: Any) -> Any:
            self._adopt(analytics)
            return method(analytics, *args, **kwargs)

        return adopting

    def _checking(
        self, method: Callable[[Analytics, Event], None]
    ) -> Callable[[Analytics, Event], None]:
        """Have a test fail where an event would be lost without a word."""

        @functools.wraps(method)
        def checking(analytics: Analytics, event: Event) -> None:
            self._adopt(analytics)
            opened = analytics._lifetime.is_opened or not self._is_asked_for
            check(analytics.catalog, event, opened=opened)
            method(analytics, event)

        return checking

    def _adopt(self, analytics: Analytics) -> None:
        """Have an analytics begin afresh here, whatever it did before."""
        if id(analytics) in self._found:
            return
        self._found[id(analytics)] = analytics, dict(vars(analytics))
        before = analytics._install
        install = Install(analytics.app, analytics._host.environ)
        install.state = _Decided(self._moved(before.state.path), analytics, self.events)
        install.spool = self._moved(before.spool)
        target = analytics._target
        host = copy.copy(analytics._host)
        host.install, host.target = install, install.target(target.endpoint, target.key)
        host.is_development = False  # it was what a person's own shell said
        vars(analytics).update(_host=host, _lifetime=Lifetime(host))
        vars(analytics).pop("record", None)
        if analytics._host.given is None:
            said = environment.variable(analytics.app)
            for name in {said, *environment.noes(analytics.app, os.environ)}:
                self._unset(name)

    def _moved(self, path: str) -> str:
        """Return where a file is in the test's home, unless it is in one of the tests' folders."""
        if self.guard.may_write(path):
            return path
        real = Path(path).resolve()
        if real.is_relative_to(self._real_home):
            return str(self._home / real.relative_to(self._real_home))
        return str(self._home / "elsewhere" / real.relative_to(real.anchor))

    def _unset(self, variable: str) -> None:
        if os.environ.get(variable) == self._at_start.get(variable):
            self._patch.delenv(variable, raising=False)

    def _writing(self, write: Callable[[Writer, bytes], None]) -> Callable[[Writer, bytes], None]:
        def writing(writer: Writer, line: bytes) -> None:
            write(writer, line)
            self.events.lines.append(line)

        return writing

    def _counts(self) -> dict[tuple[str, str], int]:
        """Return what sessions that have not ended have rejected so far."""
        counts: dict[tuple[str, str], int] = {}
        for analytics, _ in self._found.values():
            session = analytics._lifetime.session
            for place, times in session._rejected.items() if session is not None else ():
                counts[place] = counts.get(place, 0) + times
        return counts


class _Decided(StateFile):
    """A state file that says, where it says nothing itself, what the test says was decided.

    It is said here and not written to the file, so that a program which the test starts as a
    process of its own does not take it for a person's.
    """

    def __init__(self, path: str, analytics: Analytics, events: Events) -> None:
        super().__init__(path)
        self._analytics = analytics
        self._events = events

    def read(self) -> State:
        """Return what was decided."""
        state = super().read()
        if state.standing == consent.NOT_ASKED and self._events.consent is not None:
            state.standing = consent.CONSENTED if self._events.consent else consent.DISABLED
            terms = self._analytics.catalog.terms()
            state.recipients = {self._analytics._target.recipient: {"agreed": terms}}
        return state


def _properties(line: Mapping[str, Any]) -> dict[str, Any]:
    # In PostHog's form what begins with $ is PostHog's own, and the place stands among properties.
    told = line[PROPERTIES].items()
    return {name: value for name, value in told if name[:1] != "$" and name != SEQ}
