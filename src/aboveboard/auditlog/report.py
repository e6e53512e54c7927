"""A tally as a page of text, and as JSON."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .tally import Day, Tally, Usage, totals

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from .terminal import Page

DAYS_MAX, WEEKS_MAX, MONTHS_MAX = 31, 26, 36
"""How many bars are still one glance; a longer time has longer steps."""

UNNAMED = "(no name)"
ALL = "all"
UNKNOWN = "unknown"
"""What a message cost whose tool knew no price: not nothing."""


def as_text(tally: Tally, logs: Sequence[str], page: Page, *, values: bool = False) -> list[str]:
    """Return the lines of a page; with `values`, also how often each word was a value."""
    lines = [page.heading(_title(logs)), "", *page.facts(_facts(tally))]

    def add(heading: str, body: list[str]) -> None:
        if body:
            lines.extend(["", page.heading(heading), *body])

    add(*_chart(tally, page))
    for event, models in tally.models.items():
        heading = "Models" if len(tally.models) == 1 else f"Models, by {event}"
        add(heading, page.table(_MODEL_COLUMNS, _model_rows(models)))
    add("Edit formats", _counts(tally.edit_formats, page))
    add("Commands", _counts(tally.commands, page))
    add("Errors", _counts(tally.errors, page))
    add("Events", _counts(tally.events, page))
    if values or not tally.models:
        for (event, name), counted in tally.values.items():
            add(f"{event}: {name}", _counts(counted, page))
    return lines


def as_json(tally: Tally, logs: Sequence[str], damaged: int) -> dict[str, object]:
    """Return all that was counted. Times are in seconds since 1970, costs in dollars."""
    values: dict[str, dict[str, dict[str, int]]] = {}
    for (event, name), counted in tally.values.items():
        values.setdefault(event, {})[name] = dict(counted.most_common())
    return {
        "logs": list(logs),
        "damaged": damaged,
        "events": tally.events.total(),
        "first": tally.first,
        "last": tally.last,
        "installs": len(tally.installs),
        "sessions": tally.sessions,
        "messages": _usage(tally.usage()),
        "models": [
            {"event": event, "model": model, **_usage(usage)}
            for event, models in tally.models.items()
            for model, usage in _by_use(models)
        ],
        "edit_formats": dict(tally.edit_formats.most_common()),
        "commands": dict(tally.commands.most_common()),
        "errors": dict(tally.errors.most_common()),
        "days": [
            {"day": day.isoformat(), "events": told.events, **_usage(tally.usage_on(told))}
            for day, told in sorted(tally.days.items())
        ],
        "events_by_name": dict(tally.events.most_common()),
        "values": values,
    }


def _usage(usage: Usage) -> dict[str, object]:
    return asdict(usage) | {"cost": usage.cost if usage.is_priced else None}


def _title(logs: Sequence[str]) -> str:
    return ", ".join("standard input" if log == "-" else Path(log).name for log in logs)


def _facts(tally: Tally) -> list[tuple[str, str]]:
    first, last = min(tally.days), max(tally.days)
    facts = [("days", f"{first}")]
    if first != last:
        facts = [("days", f"{first} to {last}, {len(tally.days):,} of them with events")]
    facts.append(("events", f"{tally.events.total():,}"))
    if tally.sessions:
        facts.append(("sessions", f"{tally.sessions:,}"))
    if len(tally.installs) > 1:
        facts.append(("installs", f"{len(tally.installs):,}"))
    if len(tally.models) > 1:  # they may tell of the same: no sum is right for certain
        facts += [(event, _sentence(totals(models))) for event, models in tally.models.items()]
    elif tally.models:
        usage = tally.usage()
        facts.append(("messages", f"{usage.messages:,}"))
        facts.append(("tokens", f"{usage.tokens_sent:,} sent, {usage.tokens_received:,} received"))
        facts.append(("cost", _cost_in_words(usage)))
    return facts


def _sentence(usage: Usage) -> str:
    many = f"{usage.messages:,} {'message' if usage.messages == 1 else 'messages'}"
    tokens = f"{usage.tokens_sent + usage.tokens_received:,} tokens"
    cost = _cost_in_words(usage) if usage.is_priced else f"cost {UNKNOWN}"
    return f"{many}, {tokens}, {cost}"


_MODEL_COLUMNS = ("", "messages", "tokens sent", "received", "cost")


def _model_rows(models: dict[str | None, Usage]) -> list[tuple[str, ...]]:
    named = [(model or UNNAMED, usage) for model, usage in _by_use(models)]
    if len(named) > 1:
        named.append((ALL, totals(models)))
    return [
        (
            name,
            f"{usage.messages:,}",
            f"{usage.tokens_sent:,}",
            f"{usage.tokens_received:,}",
            _cost(usage),
        )
        for name, usage in named
    ]


def _by_use(models: dict[str | None, Usage]) -> list[tuple[str | None, Usage]]:
    return sorted(models.items(), key=lambda named: (-named[1].messages, named[0] or ""))


def _counts(counted: Counter[str], page: Page) -> list[str]:
    return page.bars([(word, times, f"{times:,}") for word, times in counted.most_common()])


def _cost(usage: Usage) -> str:
    """Return a cost for a column: a `+` says that some messages cost more than is known."""
    if not usage.is_priced:
        return UNKNOWN
    return _dollars(usage.cost) + ("+" if usage.unpriced else "")


def _cost_in_words(usage: Usage) -> str:
    if not usage.is_priced or not usage.unpriced:
        return _cost(usage)
    many = "1 message" if usage.unpriced == 1 else f"{usage.unpriced:,} messages"
    return f"{_dollars(usage.cost)}, and of {many} {UNKNOWN}"


def _dollars(amount: float) -> str:
    return "<$0.01" if 0 < amount < 0.01 else f"${amount:,.2f}"


def _chart(tally: Tally, page: Page) -> tuple[str, list[str]]:
    """Return messages by day, or events where there are none, in steps that fit."""
    first, last = min(tally.days), max(tally.days)
    span = (last - first).days + 1
    step = next(step for step, fits in _STEPS.items() if span <= fits)
    begin = _BEGINNINGS[step]
    what = "Messages" if tally.models else "Events"
    found: dict[datetime.date, int] = {}
    day = first
    while day <= last:  # a day on which nothing happened is a bar of no length
        told = tally.days.get(day, Day())
        many = tally.usage_on(told).messages if tally.models else told.events
        found[begin(day)] = found.get(begin(day), 0) + many
        day += datetime.timedelta(days=1)
    rows = [(_label(step, start), many, f"{many:,}") for start, many in found.items()]
    return f"{what} by {step}", page.bars(rows)


_STEPS = {"day": DAYS_MAX, "week": 7 * WEEKS_MAX, "month": 31 * MONTHS_MAX, "year": 10**9}
_BEGINNINGS: dict[str, Callable[[datetime.date], datetime.date]] = {
    "day": lambda day: day,
    "week": lambda day: day - datetime.timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "year": lambda day: day.replace(month=1, day=1),
}


def _label(step: str, start: datetime.date) -> str:
    if step == "month":
        return f"{start:%Y-%m}"
    return f"{start:%Y}" if step == "year" else start.isoformat()
