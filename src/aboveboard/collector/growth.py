"""How a project's catalog may change: it grows, and what is kept already keeps its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aboveboard.client.kinds import Amount, CatalogError
from aboveboard.warehouse import schema

if TYPE_CHECKING:
    from aboveboard.client.catalog import Catalog
    from aboveboard.client.kinds import Kind

_WORDS = {"amount": "an amount", "exception": "an exception", "model": "a model's name"}


class _Held(NamedTuple):
    """What a column holds."""

    name: str
    """The property, as `event.property`."""

    kind: str


def check(kept: Catalog, wanted: Catalog, called: str) -> None:
    """Raise `CatalogError` where a catalog cannot follow the one that is kept.

    Columns are compared, since two names can have the same one. Kinds that share a type are told
    apart as well: dollars that go on as seconds would only add up to nonsense.

    Args:
        kept: The catalog by which events were taken so far.
        wanted: The one to follow it.
        called: What a person knows the new one by, its file.
    """
    before = _columns(kept)
    for place, new in _columns(wanted).items():
        old = before.get(place)
        if old is None or old.kind == new.kind:
            continue
        here = "here" if old.name == new.name else f"as {old.name} here"
        raise CatalogError(
            f"{new.name} is {old.kind} {here} and {new.kind} in {called}: "
            "give the property another name"
        )


def gone(kept: Catalog, wanted: Catalog) -> list[str]:
    """Return the events and properties that the new catalog has no more, by name."""
    names = []
    for event, entry in kept.entries.items():
        after = wanted.entries.get(event)
        if after is None:
            names.append(event)
        else:
            names += [
                f"{event}.{name}" for name in entry.properties if name not in after.properties
            ]
    return names


def _columns(catalog: Catalog) -> dict[tuple[str, str], _Held]:
    found = {}
    for event, entry in catalog.entries.items():
        for name, declared in entry.properties.items():
            columns = {column.name for column in schema.columns(name, declared.kind)}
            for column in columns | {schema.column(name)}:
                held = _Held(f"{event}.{name}", _word(declared.kind))
                found[schema.table(event), column] = held
    return found


def _word(kind: Kind) -> str:
    word = _WORDS.get(kind.label, f"a {kind.label}")
    return f"{word} of {kind.unit}" if isinstance(kind, Amount) else word
