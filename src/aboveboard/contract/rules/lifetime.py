"""Rules for the notes: why something is collected, who answers for it, since when, until when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from aboveboard.catalog.notes import first

from .rule import ADVICE, FAULT, WARNING, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

FARTHEST = timedelta(days=731)
"""How far off a day of expiry may be: in two years nobody knows any more what was wanted."""


def _no_why(subject: Subject) -> Iterator[Problem]:
    for entry in subject.entries():
        # What an event is for is what its properties are for, unless they say so themselves.
        if not entry.notes.why and not (
            entry.properties and all(one.notes.why for one in entry.properties.values())
        ):
            yield Problem(entry.name, "nothing says what it is collected for: give it a why=")


def _no_owner(subject: Subject) -> Iterator[Problem]:
    for entry in subject.entries():
        if not entry.notes.owner:
            yield Problem(entry.name, "nobody answers for it: give it an owner=")


def _no_since(subject: Subject) -> Iterator[Problem]:
    for entry in subject.entries():
        if not entry.notes.since:
            yield Problem(entry.name, "no version is said to have begun with it: give it a since=")


def _expired(subject: Subject) -> Iterator[Problem]:
    for place, day in _ends(subject):
        if day <= subject.day:
            yield Problem(place, f"it expired on {day}: remove it, or decide anew until when")


def _expires_too_far(subject: Subject) -> Iterator[Problem]:
    last = (date.fromisoformat(subject.day) + FARTHEST).isoformat()
    for place, day in _ends(subject):
        if day > last:
            yield Problem(place, f"it expires on {day}, in more than two years: choose {last}")


def _expires_after_event(subject: Subject) -> Iterator[Problem]:
    for place, entry, declared in subject.properties():
        own, whole = declared.notes.expires, entry.notes.expires
        if own and whole and first(own, whole) != own:
            said = f"it is to be collected until {own}, and its event only until {whole}"
            yield Problem(place, f"{said}: make one of them the other")


def _ends(subject: Subject) -> Iterator[tuple[str, str]]:
    for entry in subject.entries():
        if entry.notes.expires:
            yield entry.name, entry.notes.expires
    for place, _, declared in subject.properties():
        if declared.notes.expires:
            yield place, declared.notes.expires


RULES = (
    Rule("no-why", WARNING, _no_why),
    Rule("no-owner", WARNING, _no_owner),
    Rule("no-since", ADVICE, _no_since),
    Rule("expired", FAULT, _expired),
    Rule("expires-too-far", WARNING, _expires_too_far),
    Rule("expires-after-event", WARNING, _expires_after_event),
)
