"""Random histories of who was active when, and in a few lines of Python what they come to.

Everything here is counted from lists of days, an install at a time: no joins, no windows.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tests.insights.population import Happening

History = list[date]
"""The days on which one install began a session, in order; a day may stand there twice."""

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def histories(number: int, seed: int, first: date, last: date) -> list[History]:
    """Return so many histories: people who stay, leave, pause, come once, and come back."""
    chance = random.Random(seed)
    days = (last - first).days + 1
    found = []
    for _ in range(number):
        joins = chance.randrange(days)
        busy = chance.choice((0.02, 0.1, 0.3, 0.9))
        leaves = chance.choice((joins + 1, joins + chance.randrange(1, 40), days))
        active = [day for day in range(joins, min(leaves, days)) if chance.random() < busy]
        if chance.random() < 0.3:  # a pause of some weeks, often to the day
            gap = chance.choice((6, 7, 8, 14, 15, 30))
            active = [day for day in active if not joins + 3 <= day < joins + 3 + gap]
        active += [joins] * chance.randrange(1, 3)
        found.append(sorted(first + day * DAY for day in active))
    return found


def events(lives: Iterable[History], seed: int) -> list[Happening]:
    """Return the sessions of histories, at any hour of their days, the first and the last too."""
    chance = random.Random(seed)
    happened = []
    for life in lives:
        user_id = UUID(int=chance.getrandbits(128), version=4)
        for day in life:
            hour = time(chance.choice((0, 12, 23)), tzinfo=UTC)
            session = UUID(int=chance.getrandbits(128), version=4)
            properties: dict[str, object] = {"app_version": "1.0", "os": "Linux"}
            happened.append(
                Happening(
                    "session_start", user_id, session, datetime.combine(day, hour), properties
                )
            )
    return happened


def monday(day: date) -> date:
    return day - day.weekday() * DAY


def month(day: date) -> date:
    return day.replace(day=1)


def grid(lives: Iterable[History], since: date, until: date) -> dict[tuple[date, int], list[int]]:
    """Return, for each week of new installs and each week after it: new, back, then or later."""
    cells: dict[tuple[date, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for life in lives:
        cohort = monday(life[0])
        if not monday(since) <= cohort <= until:
            continue
        weeks = {monday(day) for day in life if day <= until}
        if not weeks:
            continue  # new in the last week, after the period
        for after in range((monday(until) - cohort) // WEEK + 1):
            cell = cells[cohort, after]
            cell[0] += 1
            cell[1] += cohort + after * WEEK in weeks
            cell[2] += any(week >= cohort + after * WEEK for week in weeks)
    return cells


def second(lives: Iterable[History], since: date, until: date) -> tuple[int, int]:
    """Return how many were new in a week whose next lies in the period, and came back in that."""
    new = back = 0
    for life in lives:
        cohort = monday(life[0])
        if since <= cohort + WEEK and cohort + 2 * WEEK - DAY <= until:
            new += 1
            back += any(monday(day) == cohort + WEEK for day in life)
    return new, back


def lifecycle(
    lives: Iterable[History], since: date, until: date, grain: str
) -> Mapping[date, Counter[str]]:
    """Return, for each week or month, how many are new, returning, resurrected and gone."""
    begin = {"week": monday, "month": month}[grain]
    found: dict[date, Counter[str]] = defaultdict(Counter)
    bins = sorted({begin(since + number * DAY) for number in range((until - since).days + 1)})
    for life in lives:
        active = {begin(day) for day in life if day <= until}
        for each in bins:
            before = begin(each - DAY)
            if each in active:
                kind = (
                    "new"
                    if begin(life[0]) == each
                    else "returning"
                    if before in active
                    else "resurrected"
                )
                found[each][kind] += 1
            elif before in active:
                found[each]["gone"] += 1
    return found
