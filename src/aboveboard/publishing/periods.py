"""Periods: the weeks and months that are published, in UTC, each once and none over another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

SETTLED = timedelta(days=3)
"""How long after a period's last day it is published: segments that wait on laptops come late, and
a number that is out is not changed."""

WEEK, MONTH = "week", "month"

_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)


class PeriodError(ValueError):
    """A period cannot be published; the text says which can."""


@dataclass(frozen=True, order=True)
class Period:
    """Days, the first and the last.

    Args:
        name: `2026-W44`, a week that begins on a Monday (ISO 8601), or `2026-10`, a month.
    """

    since: date
    until: date
    name: str

    @property
    def every(self) -> str:
        return WEEK if "W" in self.name else MONTH

    def overlaps(self, other: Period) -> bool:
        return self.since <= other.until and other.since <= self.until


def of_name(text: str) -> Period:
    """Return the period of a name.

    Raises:
        PeriodError: it names none.
    """
    try:
        if found := _WEEK.fullmatch(text):
            return week(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        if found := _MONTH.fullmatch(text):
            return month(date(int(found[1]), int(found[2]), 1))
    except (ValueError, OverflowError):
        pass
    raise PeriodError(f"{text[:40]!r} is no period: write a week as 2026-W44, a month as 2026-10")


def week(day: date) -> Period:
    """Return the week of a day."""
    first = day - timedelta(days=day.weekday())
    year, number, _ = first.isocalendar()
    return Period(first, first + timedelta(days=6), f"{year:04d}-W{number:02d}")


def month(day: date) -> Period:
    """Return the month of a day."""
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return Period(first, after - timedelta(days=1), f"{first.year:04d}-{first.month:02d}")


def of_day(every: str, day: date) -> Period:
    """Return the week or month of a day."""
    return week(day) if every == WEEK else month(day)


def settled(every: str, today: date) -> Period:
    """Return the last week or month whose late events are in."""
    found = of_day(every, today)
    while not is_settled(found, today):
        found = of_day(every, found.since - timedelta(days=1))
    return found


def is_settled(period: Period, today: date) -> bool:
    """Return whether a period is over, and its late events are in."""
    return due(period) <= today


def due(period: Period) -> date:
    """Return the day from which on a period may be published."""
    return period.until + SETTLED + timedelta(days=1)
