"""What a release would newly collect, and what it would ask: two catalogs, compared.

What is asked is what `client.consent` says; what else grows is told beside it: a longer list, or a
larger most, is more than before and a question to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aboveboard.catalog.catalog import REJECTED_VALUE
from aboveboard.catalog.notes import NAMES, until
from aboveboard.client.decision import consent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.catalog.event import Property
    from aboveboard.catalog.kinds import Kind

ASKED, MORE, LESS, WORDS = "asked", "more", "less", "words"
"""The sorts of changes: more is collected and people are asked; more, and nobody is; less; and
other words for the same."""

LISTS = {
    "choices": ("value", "values"),
    "commands": ("command", "commands"),
    "types": ("type of exception", "types of exception"),
}
"""The details of kinds that are lists of what a value may be, and what one and many of it are."""


class Change(NamedTuple):
    """One difference between two catalogs."""

    sort: str
    place: str
    """The event, or `event.property`."""

    said: str
    """What is different, as the end of a sentence that begins with the place."""


def compare(before: Catalog, after: Catalog) -> list[Change]:
    """Return what is different, what asks first."""
    found = [*_entries(before, after)]
    sorts = (ASKED, MORE, LESS, WORDS)
    return sorted(found, key=lambda change: sorts.index(change.sort))


def _entries(before: Catalog, after: Catalog) -> Iterator[Change]:
    for name, entry in after.entries.items():
        earlier = before.entries.get(name)
        if earlier is None:
            yield Change(ASKED, name, f"is a new event: {_line(entry.doc)}")
            for declared in entry.properties.values():
                yield _new(entry, declared)
        elif name == REJECTED_VALUE:
            continue  # its words are the names of the others
        else:
            yield from _entry(earlier, entry)
    for name in before.entries:
        if name not in after.entries:
            yield Change(LESS, name, "is not collected any more")


def _entry(before: Entry, after: Entry) -> Iterator[Change]:
    yield from _notes(after.name, before, after)
    for name, declared in after.properties.items():
        earlier = before.properties.get(name)
        if earlier is None:
            yield _new(after, declared)
            continue
        place = f"{after.name}.{name}"
        yield from _kind(place, earlier, declared)
        yield from _end(
            place, earlier.term(before.notes.expires), declared.term(after.notes.expires)
        )
        yield from _notes(place, earlier, declared)
    for name in before.properties:
        if name not in after.properties:
            yield Change(LESS, f"{after.name}.{name}", "is not collected any more")
    if not after.properties and before.notes.expires != after.notes.expires:
        later = not after.notes.expires or (
            before.notes.expires and before.notes.expires < after.notes.expires
        )
        yield Change(
            MORE if later else LESS, after.name, _ends(before.notes.expires, after.notes.expires)
        )


def _new(entry: Entry, declared: Property) -> Change:
    told = f"is a new property: {_line(declared.doc)} ({declared.kind.describe()})"
    return Change(ASKED, f"{entry.name}.{declared.name}", told)


def _kind(place: str, earlier: Property, later: Property) -> Iterator[Change]:
    before, after = earlier.kind, later.kind
    then, now = {"e": {"p": before.term()}}, {"e": {"p": after.term()}}
    if consent.growth(then, now):
        new = [one for one in getattr(after, "packages", ()) if one not in _packages(before)]
        if before.label == after.label and new:
            yield Change(ASKED, place, f"tells what fails in more packages: {_listed(new)}")
            yield from _lists(place, before, after)
        else:
            yield Change(ASKED, place, f"is {after.describe()}, and was {before.describe()}")
        return
    if before.term() != after.term():
        yield Change(LESS, place, f"is {after.describe()}, and was {before.describe()}")
    yield from _lists(place, before, after)
    most, least = getattr(after, "most", 0), getattr(before, "most", 0)
    if most != least:
        sort = MORE if most > least else LESS
        yield Change(sort, place, f"may be up to {most:,}, and was up to {least:,}")


def _packages(kind: Kind) -> tuple[str, ...]:
    packages: tuple[str, ...] = getattr(kind, "packages", ())
    return packages


def _lists(place: str, before: Kind, after: Kind) -> Iterator[Change]:
    for detail, (one, many) in LISTS.items():
        had, has = getattr(before, detail, ()), getattr(after, detail, ())
        new = [value for value in has if value not in had]
        old = [value for value in had if value not in has]
        if new:
            number = f"{len(new)} more {one if len(new) == 1 else many}"
            yield Change(MORE, place, f"may be {number}: {_listed(new)}")
        if old:
            yield Change(LESS, place, f"may not be any more: {_listed(old)}")


def _end(place: str, before: str, after: str) -> Iterator[Change]:
    was, is_ = until(before), until(after)
    if was == is_:
        return
    is_longer = bool(was) and (not is_ or is_ > was)
    yield Change(ASKED if is_longer else LESS, place, _ends(was, is_))


def _ends(was: str, now: str) -> str:
    def told(day: str) -> str:
        return f"until {day}" if day else "without an end"

    return f"is collected {told(now)}, and was {told(was)}"


def _notes(place: str, before: Entry | Property, after: Entry | Property) -> Iterator[Change]:
    if _line(before.doc) != _line(after.doc):
        yield Change(WORDS, place, f'says "{_line(after.doc)}", and said "{_line(before.doc)}"')
    for name in NAMES[:-1]:
        was, now = getattr(before.notes, name), getattr(after.notes, name)
        if was != now:
            yield Change(WORDS, place, f"has {name} {now or '(none)'}, and had {was or '(none)'}")


def _listed(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _line(text: str) -> str:
    return " ".join(text.split())
