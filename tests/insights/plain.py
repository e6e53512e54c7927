"""What is asked of a population, counted in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

from tests.insights.population import Happening

SINCE, UNTIL = "2026-09-20", "2026-10-19"
PERIOD = {"since": SINCE, "until": UNTIL}


def choose(happened: Iterable[Happening], filters: Mapping[str, str]) -> Iterator[Happening]:
    """Return the events of the period, of sessions that the filters choose."""
    happened = list(happened)
    sessions = {
        event.session
        for event in happened
        if event.event == "session_start"
        and filters.get("version") in (None, event.properties["app_version"])
        and filters.get("os") in (None, event.properties["os"])
    }
    for event in happened:
        if SINCE <= event.time.date().isoformat() <= UNTIL and event.session in sessions:
            yield event


def sessions_begun(
    happened: Iterable[Happening], filters: Mapping[str, str]
) -> dict[UUID, Happening]:
    return {
        event.session: event
        for event in choose(happened, filters)
        if event.event == "session_start"
    }


FEATURES = {
    "gui session": "chat in the browser",
    "cli session": "chat in the terminal",
    "repo": "work in a git repository",
}


def use_of(event: Happening) -> tuple[str, object] | None:
    """Return which command or feature an event is a use of."""
    if event.event == "command":
        return "command", event.properties["command"]
    if event.event == "auto_commits" and event.properties["enabled"]:
        return "feature", "automatic commits"
    return ("feature", FEATURES[event.event]) if event.event in FEATURES else None


def kind_of(event: Happening) -> str | None:
    """Return what `errors` calls an event."""
    if event.event == "exception":
        return "handled error" if event.properties["handled"] else "crash"
    return {"message_send_exception": "provider failure", "exit": "exit"}.get(event.event)


def group(
    happened: Iterable[Happening], key: Callable[[Happening], object]
) -> dict[object, list[Happening]]:
    groups: dict[object, list[Happening]] = defaultdict(list)
    for event in happened:
        groups[key(event)].append(event)
    return groups


def begins(user_id: UUID, time: str, app_version: str = "0.86.2") -> Happening:
    at = datetime.fromisoformat(time).replace(tzinfo=UTC)
    properties: dict[str, object] = {"app_version": app_version, "os": "Linux"}
    return Happening("session_start", user_id, uuid4(), at, properties)


def happens(began: Happening, event: str, time: str, **properties: object) -> Happening:
    at = datetime.fromisoformat(time).replace(tzinfo=UTC)
    return Happening(event, began.user_id, began.session, at, properties)


def whole(value: object) -> int:
    assert value is None or isinstance(value, int)
    return value or 0
