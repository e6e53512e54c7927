"""A rule, what it looks at, and what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.catalog.event import Property

FAULT, WARNING, ADVICE = "fault", "warning", "advice"
"""How grave a finding is: a fault fails a check, a warning one that is strict, advice none."""

BUILT_IN = ("session_start", "exception", "dropped_events", "rejected_value")
"""The events that every catalog has; their words are aboveboard's own, and not looked at."""


class Subject(NamedTuple):
    """What a rule looks at."""

    catalog: Catalog
    """What is checked."""

    day: str
    """Today in UTC, as YYYY-MM-DD."""

    read: Collection[str]
    """The properties that some insight reads by name, as `event.property`."""

    key: str = ""
    """The write key that the tool sends with; "" if that is not known."""

    def entries(self) -> Iterator[Entry]:
        """Yield the host's own events."""
        return (entry for name, entry in self.catalog.entries.items() if name not in BUILT_IN)

    def properties(self) -> Iterator[tuple[str, Entry, Property]]:
        """Yield the host's own properties, each as its place, its event and itself."""
        for entry in self.entries():
            for declared in entry.properties.values():
                yield f"{entry.name}.{declared.name}", entry, declared


class Problem(NamedTuple):
    """What one place does that a rule is against."""

    place: str
    """The event, or `event.property`; the tool, of what is wrong with all of it."""

    said: str
    """What is wrong there and what to do, in one line."""


class Rule(NamedTuple):
    """A rule by its name, how grave a breach of it is, and what finds one."""

    name: str
    level: str
    find: Callable[[Subject], Iterator[Problem]]
