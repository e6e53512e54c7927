"""The page on which a developer sees their own events as they come, with a verdict a property."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Verdict(Protocol):
    """What becomes of a property; the collector's `Verdict`."""

    @property
    def name(self) -> str: ...

    @property
    def verdict(self) -> str: ...

    @property
    def value(self) -> str: ...

    @property
    def why(self) -> str: ...


class Judged(Protocol):
    """What becomes of an event; the collector's `Judged`."""

    @property
    def number(self) -> int: ...

    @property
    def event(self) -> str: ...

    @property
    def taken(self) -> bool: ...

    @property
    def why(self) -> str: ...

    @property
    def properties(self) -> Sequence[Verdict]: ...


class Tags(Protocol):
    """Where tags are open; the collector's `Tags`."""

    def open(self, project: str) -> str: ...

    def seen(self, project: str, tag: str) -> Sequence[Judged] | None: ...


def as_json(events: Sequence[Judged]) -> str:
    """Return what came under a tag, the newest first."""
    return json.dumps(
        {
            "events": [
                {
                    "number": event.number,
                    "event": event.event,
                    "taken": event.taken,
                    "why": event.why,
                    "properties": [
                        {
                            "name": each.name,
                            "verdict": each.verdict,
                            "value": each.value,
                            "why": each.why,
                        }
                        for each in event.properties
                    ],
                }
                for event in events
            ]
        }
    )


def variable(app: str) -> str:
    """Return the name of the variable that has a tool send its lines under a tag."""
    return (
        "".join(letter if letter.isalnum() else "_" for letter in app).upper() + "_ANALYTICS_DEBUG"
    )
