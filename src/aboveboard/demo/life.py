"""What a simulated person does: sixty days of sessions, each with the real client."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator

from aboveboard.catalog.catalog import Failure, SessionStart
from aboveboard.catalog.event import Event
from aboveboard.client.analytics import Analytics
from aboveboard.client.decision.statefile import StateFile
from aboveboard.hosts.aider import catalog as aider
from aboveboard.hosts.aider.vocabulary import TOKENS

from .failures import failure
from .population import (
    BUGGY_VERSION,
    BUGS,
    COMMANDS,
    CRASHES,
    DAYS,
    FAILURES,
    MAIN,
    PROVIDER,
    UNFORESEEN,
    ModelHabits,
    Person,
)

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
        if day in person.away:
            continue
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
        _start=lambda *_target, **_how: None,  # whoever runs this sends, many at a time
    )


def _agree(analytics: Analytics, home: str) -> None:
    """Be someone who has said yes: simulated people, like machines, are never asked."""
    state = StateFile(f"{home}/.aider/analytics.json")
    if not state.read().user_id:
        state.agree(analytics.catalog.terms(), analytics._target.recipient)


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
            _refused(habits.name, record, chance)
            continue
        if chance.random() < 0.003:
            _failure(record, chance)
            continue
        prompt = round(context + chance.expovariate(1 / 900))
        completion = round(chance.lognormvariate(6.2, 0.9)) + 1
        context += completion
        cost = round((prompt * habits.price[0] + completion * habits.price[1]) / 1e6, 8)
        total_cost = round(total_cost + cost, 8)
        record(_reply(habits, edit_format, prompt, completion, chance))
        if person.auto_commits and person.has_repo and chance.random() < 0.5:
            record(_commit_message(habits, chance))
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


def _reply(
    habits: ModelHabits, edit_format: str, prompt: int, completion: int, chance: random.Random
) -> Event:
    asked = edit_format == "ask"
    worked = chance.random() < habits.skill
    pace = chance.lognormvariate(3.6, 0.4)
    return aider.Reply(
        main_model=habits.name,
        mode="ask" if asked else "code",
        edit_format=edit_format,
        streamed=True,
        reflection=0,
        end="complete",
        edits="none" if asked else "applied" if worked else "failed",
        files=0 if asked or not worked else 1 + _poisson(0.6, chance),
        context=_steps(prompt),
        repo_map="1k to 4k",
        first_token=round(chance.lognormvariate(0.4, 0.6), 1),
        duration=round(completion / pace, 1),
        retries=0,
    )


def _commit_message(habits: ModelHabits, chance: random.Random) -> Event:
    prompt = round(chance.lognormvariate(6.8, 0.7))
    return aider.SideRequest(
        model=habits.weak,
        answered=True,
        prompt_tokens=prompt,
        completion_tokens=round(chance.triangular(15, 70)),
        cost=round(prompt * 3e-7, 8),
        duration=round(chance.lognormvariate(0.3, 0.5), 1),
    )


def _refused(model: str, record: Callable[[Event], None], chance: random.Random) -> None:
    name = chance.choices([name for name, _ in FAILURES], [weight for _, weight in FAILURES])[0]
    for tried in range(1 + (chance.random() < 0.3)):
        record(aider.ProviderError(model=model, error=failure(name, PROVIDER), retries=tried))


def _failure(record: Callable[[Event], None], chance: random.Random) -> None:
    name, place, _ = chance.choices(UNFORESEEN, [weight for _, _, weight in UNFORESEEN])[0]
    record(aider.MessageSendException(error=failure(name, (PROVIDER[0], place))))


def _end(version: str, scripted: bool, chance: random.Random) -> Event:
    if chance.random() < (0.05 if version == BUGGY_VERSION else 0.004):
        crashes = BUGS if version == BUGGY_VERSION else CRASHES
        name, places, _ = chance.choices(crashes, [weight for _, _, weight in crashes])[0]
        return Failure(error=failure(name, (MAIN, *places)), handled=False)
    if scripted:
        return aider.Exit(reason="Completed --message")
    reasons = {"/exit": 60, "Control-C": 25, "Completed main CLI coder.run": 12,
               "Unknown edit format": 0.4, "Repository sanity check failed": 0.6}  # fmt: skip
    return aider.Exit(reason=chance.choices(list(reasons), list(reasons.values()))[0])


def _steps(sent: int) -> str:
    limits = (1, 1_000, 4_000, 16_000, 64_000, 256_000)
    return TOKENS[sum(sent >= limit for limit in limits)]


def _poisson(mean: float, chance: random.Random) -> int:
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count += 1
        left += chance.expovariate(1)
    return count
