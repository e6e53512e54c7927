"""The limits: what each counts, of whom, in what time, and how much a project allows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MINUTE, DAY = 60, 86_400
_SPANS = {MINUTE: "minute", DAY: "day"}

KEY, INSTALL = "key", "install"
EVENTS, SESSIONS, INSTALLS = "events", "sessions", "installs"

AMOUNT_MAX = 10**12

RETENTION_MAX = 3_650
"""Days. What is kept for longer than ten years is kept for good."""

OFF = "off"


class LimitError(ValueError):
    """This is no limit; the text says what to do."""


@dataclass(
    frozen=True, eq=False
)  # by identity: each is there once, and is looked up for each request
class Limit:
    """One limit.

    Args:
        whose: `KEY` or `INSTALL`: whom it counts apart from others.
        counts: `EVENTS`, `SESSIONS`, or `INSTALLS` that are new.
        seconds: In what time.
        default: How much, unless a project says otherwise.
    """

    whose: str
    counts: str
    seconds: int
    default: int

    @property
    def name(self) -> str:
        """What it is called on the command line, in `/metrics` and in the projects' file."""
        return f"{self.whose}-{self.counts}-{_SPANS[self.seconds]}"

    @property
    def reason(self) -> str:
        """What the quarantine counts the deliveries as that were refused for it."""
        what = f"new {INSTALLS}" if self.counts == INSTALLS else self.counts
        return f"over the limit of {what} a {_SPANS[self.seconds]} of one {self.whose}"


ALL = (
    # A tool of 100,000 installs: all of them in use on one day, 10,000 events each. The minute is
    # more than a collector on two cores takes.
    Limit(KEY, EVENTS, MINUTE, 20_000_000),
    Limit(KEY, EVENTS, DAY, 1_000_000_000),
    # 200 sessions each on that day.
    Limit(KEY, SESSIONS, MINUTE, 600_000),
    Limit(KEY, SESSIONS, DAY, 20_000_000),
    # The day of the release with which they all begin, more than twice over.
    Limit(KEY, INSTALLS, MINUTE, 25_000),
    Limit(KEY, INSTALLS, DAY, 250_000),
    # The most that a client keeps while it cannot send (1,000 segments of 16 MiB together) comes
    # at once; a script that runs the tool every five seconds, day and night.
    Limit(INSTALL, EVENTS, MINUTE, 120_000),
    Limit(INSTALL, EVENTS, DAY, 300_000),
    Limit(INSTALL, SESSIONS, MINUTE, 2_000),
    Limit(INSTALL, SESSIONS, DAY, 20_000),
)
BY_NAME = {each.name: each for each in ALL}


@dataclass(frozen=True)
class Rate:
    """A limit as it is asked for."""

    limit: Limit
    cost: float
    """Seconds of its time that one unit takes up."""

    @cached_property
    def full(self) -> float:
        """How many seconds a bucket that is full takes to empty."""
        return self.limit.seconds - self.cost / 2  # room for less than half of one is none


class Limits:
    """What one project allows. Equal if it allows the same.

    Args:
        changed: By name, what a project has instead of a limit's default; None is no limit.
    """

    def __init__(self, changed: Mapping[str, int | None] | None = None) -> None:
        self.changed = dict(changed or {})
        amounts = {each.name: self.changed.get(each.name, each.default) for each in ALL}
        rates = [
            Rate(each, each.seconds / amount)
            for each in ALL
            if (amount := amounts[each.name]) is not None
        ]
        self.amounts = amounts
        self.of_key = _those(rates, KEY, (EVENTS, SESSIONS))
        self.of_new_installs = _those(rates, KEY, (INSTALLS,))
        self.of_install = _those(rates, INSTALL, (EVENTS, SESSIONS))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and self.amounts == other.amounts

    def __hash__(self) -> int:
        return hash(tuple(self.amounts.items()))


def _those(rates: Iterable[Rate], whose: str, counts: tuple[str, ...]) -> tuple[Rate, ...]:
    return tuple(
        each for each in rates if each.limit.whose == whose and each.limit.counts in counts
    )


DEFAULT = Limits()


def parse(text: str) -> tuple[str, int | None]:
    """Return the name and the amount of a limit as a person writes it: `install-events-day=5000`.

    `off` is no limit.

    Raises:
        LimitError: it is none.
    """
    name, _, amount = text.partition("=")
    if name not in BY_NAME:
        raise LimitError(f"there is no limit {name!r}: those that there are: {', '.join(BY_NAME)}")
    if amount == OFF:
        return name, None
    if not (amount.isascii() and amount.isdigit() and 0 < int(amount[:20]) <= AMOUNT_MAX):
        raise LimitError(f"a limit is a whole number from 1 to {AMOUNT_MAX}, or {OFF}: {text!r}")
    return name, int(amount)
