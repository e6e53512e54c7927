"""The quarantine in words: what the allow-list dropped, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

REASONS = {
    "event": "The catalog has no such event",
    "property": "The catalog's event has no such property",
    "value": "The value does not fit the property's kind",
}


class Dropped(Protocol):
    """A name that was dropped; the collector's `Dropped`."""

    @property
    def what(self) -> str: ...

    @property
    def event(self) -> str: ...

    @property
    def times(self) -> int: ...

    @property
    def last(self) -> int: ...

    @property  # last, since it takes the decorator's name
    def property(self) -> str: ...


@dataclass(frozen=True)
class Row:
    reason: str
    event: str
    property: str
    times: int
    last: datetime


def rows(dropped: Iterable[Dropped]) -> list[Row]:
    return [
        Row(
            REASONS.get(each.what, each.what),
            each.event,
            each.property,
            each.times,
            datetime.fromtimestamp(each.last, UTC),
        )
        for each in dropped
    ]
