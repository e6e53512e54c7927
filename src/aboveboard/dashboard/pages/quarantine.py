"""The quarantine in words: what was not taken, and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REASONS = {
    "event": "The catalog has no such event",
    "property": "The catalog's event has no such property",
    "value": "The value does not fit the property's kind",
}

OF_THE_LINE = {
    "user_id": "The install's id is no random UUID",
    "time": "The time lies in the future, or too long ago",
    "seq": "The place in the session is no whole number",
}
"""Values of an event that are no properties: no property may have such a name."""


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

    @property
    def first(self) -> int: ...

    @property
    def version(self) -> str | None: ...

    @property  # last, since it takes the decorator's name
    def property(self) -> str: ...


@dataclass(frozen=True)
class Row:
    reason: str
    event: str
    property: str
    times: int
    first: datetime
    last: datetime
    version: str | None
    lost: bool
    """Whether an event or a property was left out that a newer catalog may have."""


def rows(dropped: Iterable[Dropped]) -> list[Row]:
    return [
        Row(
            _reason(each),
            each.event,
            "" if each.property in OF_THE_LINE else each.property,
            each.times,
            datetime.fromtimestamp(each.first, UTC),
            datetime.fromtimestamp(each.last, UTC),
            each.version,
            each.what in ("event", "property"),
        )
        for each in dropped
    ]


def newer_catalogs(told: Sequence[Row]) -> list[Row]:
    """Return what a newer catalog than the project's may explain: what came with a version."""
    return [row for row in told if row.lost and row.version is not None]


def as_json(told: Iterable[Row]) -> str:
    """Return the rows as insights give theirs; times are hours."""
    columns = ("reason", "event", "property", "times", "first", "last", "version")
    return json.dumps(
        {
            "columns": columns,
            "rows": [
                [
                    row.reason,
                    row.event or None,
                    row.property or None,
                    row.times,
                    row.first.isoformat(),
                    row.last.isoformat(),
                    row.version,
                ]
                for row in told
            ],
        }
    )


def _reason(each: Dropped) -> str:
    if each.what == "value" and each.property in OF_THE_LINE:
        return OF_THE_LINE[each.property]
    return REASONS.get(each.what, f"{each.what[:1].upper()}{each.what[1:]}")
