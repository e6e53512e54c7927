"""How a project's catalog may change: it grows, and what is kept already keeps its meaning.

Versions of a tool are in use for years after a newer one. So what a project takes is the union of
the catalogs that it was ever given, until its maker withdraws something. What can only be said
once, such as a doc, is as the newest catalog says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aboveboard.catalog import kinds
from aboveboard.catalog.catalog import REJECTED_VALUE, Catalog, Entry
from aboveboard.catalog.event import Property
from aboveboard.catalog.kinds import CatalogError
from aboveboard.warehouse import column, columns, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from aboveboard.catalog.kinds import Json, Kind


Place = tuple[str, str]
"""A table, and a column of it."""


class Held(NamedTuple):
    """What a column holds."""

    name: str
    """The property, as `event.property`."""

    kind: str


def check(
    kept: Catalog, wanted: Catalog, called: str, withdrawn: Mapping[Place, Held] | None = None
) -> None:
    """Raise `CatalogError` where a catalog cannot follow the one that is kept.

    Columns are compared, since two names can have the same one. Kinds that share a type are told
    apart as well: dollars that go on as seconds would only add up to nonsense.

    Args:
        kept: The catalog by which events were taken so far.
        wanted: The one to follow it.
        called: What a person knows the new one by, its file.
        withdrawn: What is not taken any more, and is kept still.
    """
    before = held(kept)
    for place, new in held(wanted).items():
        old = before.get(place) or (withdrawn or {}).get(place)
        if old is None or old.kind == new.kind:
            continue
        if place not in before:
            raise CatalogError(
                f"{new.name} is {new.kind} in {called}, and {old.name}, which was withdrawn and "
                f"is kept still, is {old.kind}: give the property another name"
            )
        here = "here" if old.name == new.name else f"as {old.name} here"
        raise CatalogError(
            f"{new.name} is {old.kind} {here} and {new.kind} in {called}: "
            "give the property another name"
        )


def united(kept: Catalog, newer: Catalog, called: str) -> Catalog:
    """Return the catalog of all that either allows.

    Args:
        kept: The catalog by which events were taken so far.
        newer: Another one, that `check` lets follow it.
        called: What a person knows the other one by, its file.

    Raises:
        CatalogError: both could not be kept beside each other.
    """
    _check_beside(kept, newer, called)
    entries = [_entry(kept.entries.get(entry.name), entry) for entry in newer.entries.values()]
    entries += [entry for name, entry in kept.entries.items() if name not in newer.entries]
    legacy = _legacy(kept.legacy or {}, newer.legacy or {})
    unknown = {**kept.unknown, **newer.unknown}
    return Catalog(newer.app, entries, legacy, unknown, {**kept.about, **newer.about})


def gone(kept: Catalog, wanted: Catalog) -> list[str]:
    """Return what one catalog takes and the other one does not: events, properties, their words."""
    aliases = _aliases(kept) - _aliases(wanted) - wanted.entries.keys()
    found = sorted(aliases - kept.entries.keys())
    for event, entry in kept.entries.items():
        after = wanted.entries.get(event)
        if after is None:
            found.append(event)
            continue
        for name, declared in entry.properties.items():
            there = after.properties.get(name)
            if there is None:
                found.append(f"{event}.{name}")
            elif event != REJECTED_VALUE:  # its words are the names that are told already
                found += [f"{event}.{name} {less}" for less in _less(declared.kind, there.kind)]
    return found


def rounded(kept: Catalog, wanted: Catalog) -> list[str]:
    """Return the properties whose numbers one catalog takes in steps, and the other one exactly."""
    return [
        f"{event}.{name}"
        for event, entry in kept.entries.items()
        if event in wanted.entries
        for name, declared in entry.properties.items()
        if name in wanted.entries[event].properties
        and getattr(declared.kind, "steps", None)
        and not getattr(wanted.entries[event].properties[name].kind, "steps", None)
    ]


def _check_beside(kept: Catalog, newer: Catalog, called: str) -> None:
    before = held(kept)
    for place, new in held(newer).items():
        old = before.get(place)
        if old is not None and old.name != new.name:
            raise CatalogError(
                f"{new.name} in {called} would be kept as {old.name} is, which older versions "
                "send: give it that name, or another one, or withdraw the old one with "
                "`aboveboard projects add … --replace`"
            )


def _entry(kept: Entry | None, newer: Entry) -> Entry:
    if kept is None:
        return newer
    properties = [
        _property(kept.properties.get(declared.name), declared)
        for declared in newer.properties.values()
    ]
    properties += [
        declared for name, declared in kept.properties.items() if name not in newer.properties
    ]
    return Entry(newer.name, newer.doc, properties, {**kept.unknown, **newer.unknown}, newer.notes)


def _property(kept: Property | None, newer: Property) -> Property:
    if kept is None:
        return newer
    kind = _kind(kept.kind, newer.kind)
    return Property(kind, newer.doc, newer.name, {**kept.unknown, **newer.unknown}, newer.notes)


def _kind(kept: Kind, newer: Kind) -> Kind:
    details = {
        detail: UNITED[detail](getattr(kept, detail), getattr(newer, detail))
        for detail in newer.details
    }
    return kinds.from_json({"kind": newer.label, **details})


def _words(kept: Iterable[Json], newer: Iterable[Json]) -> list[Json]:
    first = list(newer)
    return first + [word for word in kept if word not in first]


UNITED: dict[str, Callable[..., Json]] = {
    "most": max,
    # Rounding was begun so that less is known: an older catalog, given again, does not end it.
    "steps": lambda kept, newer: list(newer or kept),
    "unit": lambda _kept, newer: newer,
    "choices": _words,
    "commands": _words,
    "packages": _words,
    "types": _words,
}
"""How each detail of a kind becomes that of the union, from the kept and the newer one."""


def _less(kind: Kind, other: Kind) -> Iterator[str]:
    """Tell what a kind takes and another one of its label does not."""
    for detail in kind.details:
        mine, theirs = getattr(kind, detail), getattr(other, detail, ())
        if UNITED[detail] is _words:
            yield from (f'"{word}"' for word in mine if word not in theirs)
        elif detail == "most" and mine > theirs:
            yield f"above {theirs:,}"


_LEGACY_DEPTHS = {"aliases": 1, "properties": 2, "session": 3, "silent": 1}
"""How many names lead to what can only be said once, in each part of a catalog's `legacy`."""


def _aliases(catalog: Catalog) -> set[str]:
    aliases = (catalog.legacy or {}).get("aliases", {})
    return set(aliases) if isinstance(aliases, dict) else set()


def _legacy(kept: Mapping[str, Json], newer: Mapping[str, Json]) -> dict[str, Json]:
    return {
        part: _laid_over(kept[part], newer[part], _LEGACY_DEPTHS.get(part, 0))
        if part in kept and part in newer
        else (newer if part in newer else kept)[part]
        for part in {**newer, **kept}
    }


def _laid_over(kept: Json, newer: Json, depth: int) -> Json:
    if depth and isinstance(kept, dict) and isinstance(newer, dict):
        both = {
            name: _laid_over(kept[name], newer[name], depth - 1)
            for name in kept.keys() & newer.keys()
        }
        return {**newer, **kept, **both}
    if depth and isinstance(kept, list) and isinstance(newer, list):
        return _words(kept, newer)
    return newer


def held(catalog: Catalog) -> dict[Place, Held]:
    """Return what each column holds that a catalog's events are kept in."""
    found = {}
    for event, entry in catalog.entries.items():
        for name, declared in entry.properties.items():
            names = {each.name for each in columns.of_property(name, declared.kind)}
            for place in names | {column(name)}:
                found[table(event), place] = Held(f"{event}.{name}", declared.kind.phrase())
    return found
