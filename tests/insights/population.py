"""A small, made-up population of aider's users, the same at every call, and its way into a table.

The people differ as real ones do: a few send most of the messages, most stay with one model, old
versions fade, and one version crashes more than the others.
"""

from __future__ import annotations

import functools
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.warehouse import Warehouse, table, tables

Name = TypeVar("Name")

AIDERS = insights.offered(shipped_catalog("aider"))
"""The insights that these people's events can answer."""

MODELS = {
    "claude-sonnet-4-5": 30,
    "gpt-5": 18,
    "gemini/gemini-2.5-pro": 13,
    "openrouter/anthropic/claude-sonnet-4.5": 9,
    "deepseek/deepseek-chat": 9,
    "gpt-5-mini": 6,
    "claude-opus-4-5": 5,
    "openai/REDACTED": 4,
    "ollama_chat/REDACTED": 3,
    None: 2,
    "xai/grok-4": 1,
}
PRICES = {"gpt-5": 4e-6, "claude-sonnet-4-5": 5e-6, "claude-opus-4-5": 12e-6}
COMMANDS = {
    "add": 30,
    "ask": 16,
    "clear": 12,
    "code": 9,
    "drop": 8,
    "run": 8,
    "undo": 6,
    "commit": 4,
    "model": 4,
    "architect": 3,
    "diff": 3,
    "web": 2,
    "read-only": 2,
    "tokens": 2,
    "reasoning-effort": 1,
    "voice": 1,
    "other": 1,
}
EXITS = {"/exit": 50, "Control-C": 30, "Completed --message": 18, "Listed models": 3}
FAILURES = {
    "litellm.RateLimitError": ("aider.coders.base_coder:send_message:1489", 9),
    "litellm.ContextWindowExceededError": ("aider.coders.base_coder:send_message:1502", 5),
    "litellm.Timeout": ("litellm.main:completion:3116", 4),
    "litellm.AuthenticationError": ("litellm.main:completion:3116", 3),
}
CRASHES = {
    "UnicodeDecodeError": ("aider.io:read_text:471", 4),
    "KeyError": ("aider.repomap:get_ranked_tags:402", 3),
    "other": ("aider.main:main:1157", 1),
}
ELSEWHERE = "aider.coders.base_coder:run:880"
"""Where the same types come up as well."""

VERSIONS = ("0.84.0", "0.85.1", "0.85.2", "0.86.0", "0.86.1", "0.86.2")
FRAGILE = "0.86.0"


@dataclass(frozen=True)
class Happening:
    """One event."""

    event: str
    user_id: UUID
    session: UUID
    time: datetime
    properties: dict[str, object] = field(default_factory=dict)


def population(
    installs: int = 60, days: int = 60, until: date = date(2026, 10, 31), seed: int = 7
) -> list[Happening]:
    """Return everything that happened to so many people in the days that end with `until`."""
    return list(_population(installs, days, until, seed))


@functools.cache
def _population(installs: int, days: int, until: date, seed: int) -> tuple[Happening, ...]:
    rng = random.Random(seed)
    first = datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(days=days - 1)
    happened: list[Happening] = []
    for _ in range(installs):
        happened += _person(rng, first, days)
    return tuple(happened)


def part(*events: str) -> Catalog:
    """Return aider's catalog with a few of its events: thirty tables take long to make and open."""
    whole: dict[str, Any] = shipped_catalog("aider").as_json()
    told = [each for each in whole["events"] if each["name"] in events]
    return Catalog.from_json({"format": whole["format"], "app": whole["app"], "events": told})


FEW = part(
    *("session_start", "message_send", "message_send_exception", "provider_error", "exception"),
    *("command", "exit"),
)
"""What most insights ask about."""


def among(catalog: Catalog, happened: Iterable[Happening]) -> list[Happening]:
    """Return what happened of a catalog's events."""
    return [each for each in happened if each.event in catalog.entries]


def fill(warehouse: Warehouse, project: str, catalog: Catalog, events: Iterable[Happening]) -> None:
    """Put events into a project's tables, as the collector would have."""
    warehouse.ensure(project, catalog)
    columns = {each.name: [column.name for column in each.columns] for each in tables(catalog)}
    rows: dict[str, list[dict[str, object]]] = defaultdict(list)
    places: Counter[UUID] = Counter()
    for event in events:
        places[event.session] += 1
        rows[table(event.event)].append(
            {
                "user_id": event.user_id,
                "session": event.session,
                "time": event.time,
                "seq": places[event.session],
                "source": "posthog",
                "error_frames": [],
                "error_causes": [],
                **event.properties,
            }
        )
    for name, of_table in rows.items():
        given = {column: [row.get(column) for row in of_table] for column in columns[name]}
        warehouse.insert(project, name, given, token=f"{name}-{len(of_table)}")


def _person(rng: random.Random, first: datetime, days: int) -> list[Happening]:
    user_id = _uuid(rng)
    favourites = [_choose(rng, MODELS) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    zeal = rng.lognormvariate(0.9, 1.0)
    joins = max(0, int(rng.triangular(-days * 0.6, days - 1, 0)))
    system = rng.choices(("Linux", "Darwin", "Windows"), (45, 38, 17))[0]
    lag = rng.choice((0, 0, 2, 6, 30))
    happened: list[Happening] = []
    for day in range(joins, days):
        weekday = (first + timedelta(days=day)).weekday()
        chance = min(0.9, 0.10 * zeal) * (0.45 if weekday >= 5 else 1)
        if rng.random() < chance:
            for _ in range(rng.choice((1, 1, 2, 3))):
                start = first + timedelta(days=day, seconds=rng.randrange(6 * 3600, 86400))
                newest = int((day - lag) / days * len(VERSIONS))
                version = VERSIONS[max(0, min(len(VERSIONS) - 1, newest))]
                happened += _run(rng, user_id, start, version, system, rng.choice(favourites))
    return happened


def _run(
    rng: random.Random,
    user_id: UUID,
    start: datetime,
    version: str,
    system: str,
    model: str | None,
) -> list[Happening]:
    session, now = _uuid(rng), start
    happened: list[Happening] = []

    def happens(event: str, **properties: object) -> None:
        nonlocal now
        happened.append(Happening(event, user_id, session, now, properties))
        now += timedelta(seconds=rng.randrange(5, 240))

    happens("session_start", app_version=version, os=system, arch="x86_64", python_version="3.12.3")
    happens("launched")
    happens("repo", num_files=rng.randrange(3, 900)) if rng.random() < 0.8 else happens("no-repo")
    happens("auto_commits", enabled=rng.random() < 0.85)
    happens("gui session" if rng.random() < 0.05 else "cli session", main_model=model)
    for _ in range(int(rng.lognormvariate(1.1, 0.8))):
        if rng.random() < 0.6:
            happens("command", command=_choose(rng, COMMANDS))
        if rng.random() < 0.03:
            kind, (place, _) = _pick(rng, FAILURES)
            happens("message_send_exception", error_type=kind, **_came_up(rng, kind, [place]))
            continue
        sent, received = int(rng.lognormvariate(8.6, 0.9)), int(rng.lognormvariate(5.9, 0.8))
        cost = round((sent + 4 * received) * PRICES.get(model or "", 1e-6), 6)
        happens(
            "message_send",
            main_model=model,
            edit_format=rng.choice(("diff", "diff", "whole", "udiff")),
            prompt_tokens=sent,
            completion_tokens=received,
            total_tokens=sent + received,
            cost=None if model is None else cost,
        )
        happened.append(_reply(happened[-1], sent))
    if rng.random() < (0.06 if version == FRAGILE else 0.01):
        kind, (place, _) = _pick(rng, CRASHES)
        places = ["aider.main:main:1157", place if rng.random() < 0.7 else ELSEWHERE]
        came_up = _came_up(rng, kind, places)
        happens("exception", error_type=kind, **came_up, handled=rng.random() < 0.3)
    else:
        happens("exit", reason=_choose(rng, EXITS))
    return happened


def _reply(answered: Happening, sent: int) -> Happening:
    """Return what became of an answer's edits; it leaves nothing to chance of its own."""
    asked = answered.properties["edit_format"]
    return Happening(
        "reply",
        answered.user_id,
        answered.session,
        answered.time,
        {
            "main_model": answered.properties["main_model"],
            "edit_format": asked,
            "edits": ("applied", "applied", "applied", "failed", "none")[sent % 5],
            "first_token": sent % 7 / 2,
            "duration": float(sent % 31),
        },
    )


def _came_up(rng: random.Random, kind: str, frames: list[str]) -> dict[str, object]:
    """Return an exception's frames, whose lines move, and its fingerprint, which does not."""
    places = [frame.rpartition(":")[0] for frame in frames]
    moved = [f"{place}:{rng.randrange(100, 110)}" for place in places]
    print_ = hashlib.sha256("\n".join((kind, *places)).encode()).hexdigest()[:16]
    return {"error_frames": moved, "error_fingerprint": print_}


def _choose(rng: random.Random, weighted: Mapping[Name, int]) -> Name:
    return rng.choices(list(weighted), list(weighted.values()))[0]


def _pick(rng: random.Random, table: dict[str, tuple[str, int]]) -> tuple[str, tuple[str, int]]:
    weights: Sequence[int] = [weight for _, weight in table.values()]
    return rng.choices(list(table.items()), weights)[0]


def _uuid(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)
