"""A line of each event, made by the client itself with made-up values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aboveboard.catalog.event import Event, Property
from aboveboard.catalog.kinds import Amount, Count, Exception_, Flag, Model, Version
from aboveboard.client.recipients import wire
from aboveboard.client.recording.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.catalog.kinds import Kind

USER_ID = "00000000-0000-4000-8000-000000000001"
SESSION = "00000000-0000-4000-8000-000000000002"
MOMENT = 1_760_000_400
"""Seconds since 1970: an hour of October 2025, before anything expires that is declared today."""

_UUID = re.compile(r'"uuid": "[0-9a-f-]+"')
_AMOUNTS = {"dollars": 0.0125, "seconds": 2.5, "bytes": 4096}


def lines(catalog: Catalog, endpoint: str = "") -> Iterator[tuple[str, str]]:
    """Yield each event's name and a line of it, as it would be sent to an endpoint."""
    session = Session(
        catalog=catalog,
        covered=catalog.terms(),
        user_id=USER_ID,
        clock=lambda: MOMENT,
        form=wire.form(endpoint),
    )
    for entry in catalog.entries.values():
        line = session.line(_event(entry)).decode().rstrip("\n")
        line = line.replace(session.id[:24], SESSION[:24]).replace(session.id, SESSION)
        line = line.replace(f"{SESSION[:24]}{session.id[24:]}", SESSION)
        # PostHog's lines have an id each, of which a part is drawn by chance.
        yield entry.name, _UUID.sub(f'"uuid": "{SESSION}"', line)


def _event(entry: Entry) -> Event:
    declared = {
        name: Property(one.kind, one.doc or "It.") for name, one in entry.properties.items()
    }
    made = type("Made", (Event,), {**declared, "__doc__": entry.doc or "It."}, name=entry.name)
    values = {name: example(one.kind) for name, one in entry.properties.items()}
    event: Event = made(**values)
    return event


def example(kind: Kind) -> object:
    """Return a value that a kind takes."""
    if kind.words:
        return kind.words[0]
    if isinstance(kind, Flag):
        return True
    if isinstance(kind, Count):
        return min(1200, kind.most)
    if isinstance(kind, Amount):
        return _AMOUNTS[kind.unit]
    if isinstance(kind, Version):
        return "1.2.3"
    if isinstance(kind, Model):
        return "gpt-4o"
    return ValueError() if isinstance(kind, Exception_) else None
