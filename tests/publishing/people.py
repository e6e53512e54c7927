"""Installs that are made for these tests: who did what, as rows of the warehouse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from aboveboard.catalog.catalog import Catalog
from aboveboard.publishing.tables import OTHER, PropertyTable
from tests.insights.population import Happening

DAY = datetime(2026, 10, 14, 9, tzinfo=UTC)


def lives(
    number: int,
    os: str,
    events: Mapping[str, Sequence[tuple[str, str | None]]],
    day: datetime = DAY,
) -> list[Happening]:
    """Return what one install did: a session on a system, and events, each with one property."""
    user, session = UUID(int=number, version=4), UUID(int=10_000_000 + number, version=4)
    start = {"app_version": "0.86.1", "os": os, "arch": "arm64", "python_version": "3.12"}
    made = [Happening("session_start", user, session, day, dict(start))]
    for event, values in events.items():
        made += [Happening(event, user, session, day, {name: value}) for name, value in values]
    return made


def counted(
    happened: Iterable[Happening], catalog: Catalog, table: PropertyTable, since: date, until: date
) -> list[int]:
    """Return what `counting.counts` is to return, in plain Python."""
    event, _, column = table.name.rpartition(".")
    event = event or "session_start"
    had: dict[UUID, Counter[str]] = {}
    for each in happened:
        if each.event.replace(" ", "_").replace("-", "_") != event:
            continue
        if not since <= each.time.date() <= until:
            continue
        value = str(each.properties.get(column) or "")
        if table.is_minor:
            value = ".".join(value.split(".")[:2])
        if value not in table.keys:
            value = OTHER if table.has_other else ""
        if value:
            had.setdefault(each.user_id, Counter())[value] += 1
    total: Counter[str] = Counter()
    for values in had.values():
        first = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
        total.update(value for value, _ in first[: table.cap])
    return [total[key] for key in table.keys]
