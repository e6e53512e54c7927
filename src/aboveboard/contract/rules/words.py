"""Rules for what the public reads: the docs, and the names of events and properties."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

from .rule import FAULT, WARNING, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNITS = {
    "dollars": "dollars", "usd": "dollars", "cents": "dollars",
    "seconds": "seconds", "second": "seconds", "sec": "seconds", "secs": "seconds",
    "ms": "seconds", "millis": "seconds", "milliseconds": "seconds", "us": "seconds",
    "ns": "seconds", "minutes": "seconds", "mins": "seconds", "hours": "seconds",
    "bytes": "bytes", "kb": "bytes", "kib": "bytes", "mb": "bytes", "mib": "bytes", "gb": "bytes",
}  # fmt: skip
_KIND = {"dollars": "dollars(…)", "seconds": "seconds(…)", "bytes": "size(…)"}
_ENDINGS = ("ures", "ure", "ings", "ing", "ed", "es", "s", "e")
_FILLERS = frozenset((
    "a", "an", "and", "for", "how", "in", "is", "it", "its", "many", "much", "of", "on", "or",
    "that", "the", "this", "to", "was",
))  # fmt: skip
_LONG_ENOUGH = 5
"""Letters from which two names that differ in one letter are taken for each other."""


def _no_doc(subject: Subject) -> Iterator[Problem]:
    for entry in subject.entries():
        if not entry.doc.strip():
            yield Problem(entry.name, "it has no docstring: say in a sentence what happened")
    for place, _, declared in subject.properties():
        if not declared.doc.strip():
            yield Problem(place, "it has no doc: say what the value is")


def _doc_repeats_name(subject: Subject) -> Iterator[Problem]:
    told = [(entry.name, entry.name, entry.doc) for entry in subject.entries()]
    told += [(place, one.name, one.doc) for place, _, one in subject.properties()]
    for place, name, doc in told:
        words = _stems(doc) - _FILLERS
        if doc.strip() and words <= _stems(name):
            yield Problem(place, f"its doc says no more than its name: {doc.strip()!r}")


def _unit_in_name(subject: Subject) -> Iterator[Problem]:
    for place, _, declared in subject.properties():
        unit = _UNITS.get(_words(declared.name)[-1])
        if unit is None or not declared.kind.is_summed or len(_words(declared.name)) == 1:
            continue
        if declared.kind.label == "count":
            said = f"its name ends in a unit and its kind has none: declare it with {_KIND[unit]}"
        else:
            said = "its kind says the unit already: leave it out of the name"
        yield Problem(place, said)


def _similar_names(subject: Subject) -> Iterator[Problem]:
    events = [entry.name for entry in subject.entries()]
    for first, second in combinations(events, 2):
        if _alike(first, second):
            yield Problem(second, f"it is easily taken for the event {first!r}: rename one")
    for entry in subject.entries():
        for first, second in combinations(entry.properties, 2):
            if _alike(first, second):
                place = f"{entry.name}.{second}"
                yield Problem(place, f"it is easily taken for {first!r} beside it: rename one")
    spelled: dict[str, str] = {}
    for place, _, declared in subject.properties():
        before = spelled.setdefault("".join(_words(declared.name)), declared.name)
        if before != declared.name:
            yield Problem(place, f"another event spells it {before!r}: spell it the same way")


def _alike(first: str, second: str) -> bool:
    if [_stem(word) for word in _words(first)] == [_stem(word) for word in _words(second)]:
        return True
    return min(len(first), len(second)) >= _LONG_ENOUGH and _one_apart(first, second)


def _one_apart(first: str, second: str) -> bool:
    """Return whether one letter, and no digit, is another, too many or too few."""
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    mine, theirs = first[start:], second[start:]
    if any(letter.isdigit() for letter in mine[:1] + theirs[:1]):
        return False
    return mine[1:] == theirs[1:] or mine[1:] == theirs or mine == theirs[1:]


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.findall(r"[a-z0-9]+", parted.lower()) or [name]


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in _words(text)}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


RULES = (
    Rule("no-doc", FAULT, _no_doc),
    Rule("doc-repeats-name", WARNING, _doc_repeats_name),
    Rule("unit-in-name", WARNING, _unit_in_name),
    Rule("similar-names", WARNING, _similar_names),
)
