"""Rules against what is collected and of no use, or never arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.catalog.kinds import Choice, Command
from aboveboard.client.recipients.target import is_placeholder

from .rule import ADVICE, WARNING, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def _unread(subject: Subject) -> Iterator[Problem]:
    for place, entry, declared in subject.properties():
        if place not in subject.read and not (declared.notes.why or entry.notes.why):
            said = "no insight reads it by name, and no why= says what question it answers"
            yield Problem(place, said)


def _one_value(subject: Subject) -> Iterator[Problem]:
    for place, _, declared in subject.properties():
        if isinstance(declared.kind, (Choice, Command)) and len(declared.kind.words) == 1:
            word = declared.kind.words[0]
            yield Problem(place, f"it can only be {word!r}: leave it out until there is another")


def _placeholder_key(subject: Subject) -> Iterator[Problem]:
    if is_placeholder(subject.key):
        said = (
            "its write key is a word of the documentation, and no collector takes what is sent "
            "with it: put in the key that `aboveboard projects add` printed"
        )
        yield Problem(subject.catalog.app, said)


RULES = (
    Rule("placeholder-key", WARNING, _placeholder_key),
    Rule("unread", ADVICE, _unread),
    Rule("one-value", WARNING, _one_value),
)
