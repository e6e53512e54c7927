"""What the events of a log add up to.

No catalog is needed: what an event is about is told by what its properties are called. An event
that counts tokens is an answer of a model; the names are aider's, and those of
`integrations.litellm`, which are OpenTelemetry's.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aboveboard.catalog.kinds import EXACT_MAX

from .runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .reading import LoggedEvent

MODEL = ("main_model", "response_model", "request_model", "model")
SENT = ("prompt_tokens", "input_tokens")
RECEIVED = ("completion_tokens", "output_tokens")
COST = "cost"
EDIT_FORMAT = "edit_format"
COMMAND = ("command", "name")
"""The first of these that a message, or a command, has is what is counted."""

LAUNCHED, EXIT = "launched", "exit"
"""The events with which a run of aider begins and ends; stock aider's log knows no sessions."""

COMMAND_EVENT, COMMAND_PREFIX = "command", "command_"
"""aider's form has an event for each command: `command_add`."""

ERROR_TYPE = "error_type"

VALUES_MAX = 100
"""Different values of one property that are counted apart; of a fixed list there are fewer."""

MANY = "(others)"

UNTOLD = "(no type)"
"""An exception whose type is no word."""

_QUARTER = 900
"""Seconds; every time zone's day begins on a quarter of an hour."""


@dataclass
class Usage:
    """What one model was used for.

    Attributes:
        cost: Dollars, of the messages whose cost is known.
        unpriced: Messages whose cost is not known: their tool knew no price of the model.
    """

    messages: int = 0
    tokens_sent: int = 0
    tokens_received: int = 0
    cost: float = 0.0
    unpriced: int = 0

    @property
    def is_priced(self) -> bool:
        """Whether the cost of any message is known."""
        return self.unpriced < self.messages

    def add(self, other: Usage) -> None:
        self.messages += other.messages
        self.tokens_sent += other.tokens_sent
        self.tokens_received += other.tokens_received
        self.cost += other.cost
        self.unpriced += other.unpriced


@dataclass
class Day:
    """One day, where the person is."""

    events: int = 0
    usage: dict[str, Usage] = field(default_factory=dict)
    """By the event that tells of it."""


@dataclass
class Tally:
    """What was counted.

    Args:
        since: The first day that counts; None counts from the beginning.
        until: The last day that counts; None counts to the end.
    """

    since: datetime.date | None = None
    until: datetime.date | None = None
    first: float | None = None
    last: float | None = None
    events: Counter[str] = field(default_factory=Counter)
    days: dict[datetime.date, Day] = field(default_factory=dict)
    models: dict[str, dict[str | None, Usage]] = field(default_factory=dict)
    """By the event that tells of it: what two events tell of one message is not added up."""

    edit_formats: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    values: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """By event and property: how often each word was its value."""

    installs: set[str] = field(default_factory=set)
    _sessions: set[str | int] = field(default_factory=set)
    """Ids where lines tell them, numbers of runs where lines do not."""

    _runs: Runs = field(default_factory=lambda: Runs(LAUNCHED, EXIT))
    _days_by_quarter: dict[int, datetime.date] = field(default_factory=dict)

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    @property
    def message_event(self) -> str | None:
        """The event that tells of most answers of a model; None where none does."""
        messages = {event: totals(models).messages for event, models in self.models.items()}
        return max(messages, key=messages.__getitem__, default=None)

    def usage(self) -> Usage:
        """Return what all models together were used for."""
        return totals(self.models.get(self.message_event or "", {}))

    def usage_on(self, day: Day) -> Usage:
        """Return what all models together were used for on one day."""
        return day.usage.get(self.message_event or "", Usage())

    def count(self, events: Iterable[LoggedEvent]) -> None:
        for event in events:
            self.add(event)

    def add(self, event: LoggedEvent) -> None:
        session: str | int | None = event.session
        if session is None:  # followed also through days that do not count
            assert event.user_id is not None  # a line that names no session names an install
            session = self._runs.follow(event.user_id, event.event, event.time)
        day = self._day(event.time)
        if (self.since and day < self.since) or (self.until and day > self.until):
            return
        if self.first is None or self.last is None:
            self.first = self.last = event.time
        elif event.time < self.first:
            self.first = event.time
        elif event.time > self.last:
            self.last = event.time
        name, properties = event.event, event.properties
        self._sessions.add(session)
        if event.session is None and name.startswith(COMMAND_PREFIX):
            self.commands[name[len(COMMAND_PREFIX) :]] += 1
            name = COMMAND_EVENT
        self.events[name] += 1
        if event.user_id is not None:
            self.installs.add(event.user_id)
        told = self.days.get(day)
        if told is None:
            told = self.days[day] = Day()
        told.events += 1
        if properties:
            self._add_properties(name, properties, told)

    def _add_properties(self, name: str, properties: dict[str, object], day: Day) -> None:
        if not properties.keys().isdisjoint(_TOKENS):
            self._add_message(name, properties, day)
        if name.partition("_")[0] == COMMAND_EVENT:
            command = _first(COMMAND, properties)
            if type(command) is str:
                self.commands[command] += 1
        for key, value in properties.items():
            if type(value) is str:
                word = value
                if key == ERROR_TYPE:
                    self.errors[word] += 1
            elif type(value) is bool:
                word = "yes" if value else "no"
            elif type(value) is dict:  # an exception
                told = value.get("type")
                word = told if type(told) is str else UNTOLD
                self.errors[word] += 1
            else:
                continue
            try:
                counted = self.values[name, key]
            except KeyError:
                counted = self.values[name, key] = Counter()
            counted[word if word in counted or len(counted) < VALUES_MAX else MANY] += 1

    def _add_message(self, name: str, properties: dict[str, object], day: Day) -> None:
        model = _first(MODEL, properties)
        cost = _amount(properties.get(COST))
        usage = Usage(
            1,
            _whole(_first(SENT, properties)),
            _whole(_first(RECEIVED, properties)),
            cost or 0.0,
            unpriced=cost is None,
        )
        models = self.models.setdefault(name, {})
        models.setdefault(model if type(model) is str else None, Usage()).add(usage)
        day.usage.setdefault(name, Usage()).add(usage)
        edit_format = properties.get(EDIT_FORMAT)
        if type(edit_format) is str:
            self.edit_formats[edit_format] += 1

    def _day(self, moment: float) -> datetime.date:
        quarter = int(moment) // _QUARTER
        day = self._days_by_quarter.get(quarter)
        if day is None:
            # The person's own time zone: a day is what it was for them.
            when = datetime.datetime.fromtimestamp(quarter * _QUARTER)  # noqa: DTZ006
            day = self._days_by_quarter[quarter] = when.date()
        return day


def totals(models: dict[str | None, Usage]) -> Usage:
    total = Usage()
    for usage in models.values():
        total.add(usage)
    return total


_TOKENS = frozenset((*SENT, *RECEIVED))


def _first(names: tuple[str, ...], properties: dict[str, object]) -> object:
    for name in names:
        value = properties.get(name)
        if value is not None:
            return value
    return None


def _whole(value: object) -> int:
    return value if type(value) is int and 0 <= value <= EXACT_MAX else 0


def _amount(value: object) -> float | None:
    """Return a number of dollars, or None where there is none."""
    if not (type(value) is int or type(value) is float):
        return None
    return float(value) if 0 <= value <= EXACT_MAX else None
