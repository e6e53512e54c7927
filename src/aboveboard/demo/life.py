"""What a simulated person does: sixty days of sessions, each with the real client."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator

from aboveboard.client.analytics import Analytics
from aboveboard.client.catalog import Failure, SessionStart
from aboveboard.client.event import Event
from aboveboard.client.state import StateFile
from aboveboard.hosts.aider import catalog as aider

from .failures import failure
from .population import BUG, BUGGY_VERSION, COMMANDS, CRASHES, DAYS, FAILURES, Person

DAY_SECONDS = 24 * 3600


class Clock:
    """A clock that is set, not read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def live(
    person: Person, home: str, endpoint: str, key: str, end: float, chance: random.Random
) -> Iterator[Analytics]:
    """Live through the sixty days before `end`; yield the analytics of each finished session.

    Args:
        person: Who lives.
        home: An empty directory that is this person's home.
        endpoint: The collector's address.
        key: The demo project's write key.
        end: The moment at which the history ends, in seconds since 1970.
        chance: Where all that is left to chance comes from.
    """
    clock = Clock()
    start = end - DAYS * DAY_SECONDS
    for day in range(person.joins, person.leaves):
        person.reconsider(day, chance)
        midnight = start + day * DAY_SECONDS
        weekend = datetime.datetime.fromtimestamp(midnight, datetime.timezone.utc).weekday() > 4
        pace = person.pace * (0.35 if weekend else 1.0)
        for _ in range(_poisson(pace, chance)):
            clock.now = min(midnight + chance.triangular(0, DAY_SECONDS, 15 * 3600), end)
            analytics = _installed(person, home, endpoint, key, person.version(day), clock)
            _agree(analytics, home)
            analytics.open({"analytics": True})
            _session(person, day, analytics.record, clock, chance)
            analytics.close()
            yield analytics


def _installed(
    person: Person, home: str, endpoint: str, key: str, version: str, clock: Clock
) -> Analytics:
    def first(app_version: str) -> Event:
        return SessionStart(
            app_version=app_version,
            os=person.os,
            arch=person.arch,
            python_version=person.python_version,
        )

    return Analytics(
        app="aider",
        version=version,
        catalog=aider.CATALOG,
        endpoint=endpoint,
        key=key,
        directory="~/.aider",
        environ={"HOME": home},
        clock=clock,
        _first=first,
        _start=lambda *_errand, **_how: None,  # whoever runs this sends, many at a time
    )


def _agree(analytics: Analytics, home: str) -> None:
    """Be someone who has said yes: simulated people, like machines, are never asked."""
    state = StateFile(f"{home}/.aider/analytics.json")
    if not state.read().user_id:
        state.agree(analytics.catalog.terms())


def _session(
    person: Person, day: int, record: Callable[[Event], None], clock: Clock, chance: random.Random
) -> None:
    version = person.version(day)
    record(aider.Launched())
    if person.has_repo:
        record(aider.Repo(num_files=person.files + day))
    else:
        record(aider.NoRepo())
    record(aider.AutoCommits(enabled=person.auto_commits))
    habits = person.model
    models = {"main_model": habits.name, "weak_model": habits.weak, "editor_model": habits.name}
    scripted = chance.random() < 0.12
    if not scripted:
        record(aider.CliSession(**models, edit_format=habits.edit_format))
    total_cost = 0.0
    context = chance.lognormvariate(8.6, 0.7)
    for _ in range(1 if scripted else _poisson(5, chance)):
        clock.now += chance.expovariate(1 / 140)
        while not scripted and chance.random() < 0.42:
            _command(person, record, chance)
        edit_format = "ask" if chance.random() < 0.16 else habits.edit_format
        record(aider.MessageSendStarting())
        if chance.random() < 0.018:
            _failure(record, chance)
            continue
        prompt = round(context + chance.expovariate(1 / 900))
        completion = round(chance.lognormvariate(6.2, 0.9)) + 1
        context += completion
        cost = round((prompt * habits.price[0] + completion * habits.price[1]) / 1e6, 8)
        total_cost = round(total_cost + cost, 8)
        record(
            aider.MessageSend(
                **models,
                edit_format=edit_format,
                prompt_tokens=prompt,
                completion_tokens=completion,
                total_tokens=prompt + completion,
                cost=cost,
                total_cost=total_cost,
            )
        )
    record(_end(version, scripted, chance))


def _command(person: Person, record: Callable[[Event], None], chance: random.Random) -> None:
    name = chance.choices(person.commands, [COMMANDS[known] for known in person.commands])[0]
    record(aider.Command(command=name))


def _failure(record: Callable[[Event], None], chance: random.Random) -> None:
    name = chance.choices([name for name, _ in FAILURES], [weight for _, weight in FAILURES])[0]
    error = failure(name, (("aider.coders.base_coder", "send_message"),))
    record(aider.MessageSendException(error=error))


def _end(version: str, scripted: bool, chance: random.Random) -> Event:
    if chance.random() < (0.05 if version == BUGGY_VERSION else 0.004):
        if version == BUGGY_VERSION:
            return Failure(error=failure(*BUG), handled=False)
        name, places, _ = chance.choices(CRASHES, [weight for _, _, weight in CRASHES])[0]
        return Failure(error=failure(name, places), handled=False)
    if scripted:
        return aider.Exit(reason="Completed --message")
    reasons = {"/exit": 60, "Control-C": 25, "Completed main CLI coder.run": 12,
               "Unknown edit format": 0.4, "Repository sanity check failed": 0.6}  # fmt: skip
    return aider.Exit(reason=chance.choices(list(reasons), list(reasons.values()))[0])


def _poisson(mean: float, chance: random.Random) -> int:
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count += 1
        left += chance.expovariate(1)
    return count
