"""The tables that a project may publish: a property each, whose values are on a public list.

A table has a row for every value of its list, whether anybody had it or not: which rows are there
tells nothing. What is not on the list is counted as `OTHER`, so that no value ever leaves because
somebody sent it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aboveboard.catalog import models
from aboveboard.warehouse import column, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.catalog.event import Property

OTHER = "(other)"
"""What is not on the list, or private. No value has brackets around it."""

INSTALLS = "installs"
"""The name of the number of active installs: no table's."""

CAPS = {"version": 1, "choice": 2, "model": 3, "command": 8}
"""By kind: for how many of a table's values one install counts at most in a period."""

PYTHONS = tuple(f"3.{minor}" for minor in range(6, 20))
"""The Pythons that a session can have been run with, and a few that are still to come."""

CAP_MOST = 20

_SESSION_START, _SESSIONS = "session_start", "_sessions"
_RUN = {
    "app_version": "Versions",
    "os": "Systems",
    "arch": "Processors",
    "python_version": "Pythons",
}
"""What a session tells once: an install has one of each, but for the day of an upgrade."""

DEFAULT = ("app_version", "os")
"""What is published if nothing else is named: the rest is the maker's to choose."""


class TableError(ValueError):
    """A table that is named cannot be published; the text says which can."""


@dataclass(frozen=True)
class PropertyTable:
    """A property, as it is published.

    Args:
        name: What it is called in files and addresses.
        title: What it is called on pages.
        doc: What the catalog says of the property.
        source: The warehouse's table or view.
        column: The property's column in it.
        keys: The public list, `OTHER` last if values beyond the list are counted.
        cap: For how many keys one install counts at most.
        is_minor: Whether a version is told as its first two numbers.
    """

    name: str
    title: str
    doc: str
    source: str
    column: str
    keys: tuple[str, ...]
    cap: int
    is_minor: bool = False

    @property
    def has_other(self) -> bool:
        return self.keys[-1] == OTHER


def offered(catalog: Catalog, versions: Sequence[str] = ()) -> dict[str, PropertyTable]:
    """Return every table that a catalog allows, by name.

    Args:
        catalog: The project's.
        versions: The releases of the tool, which are public; without them no version is told.
    """
    found = {}
    for entry in catalog.entries.values():
        for declared in entry.properties.values():
            made = _of(entry, declared, versions)
            if made is not None:
                found[made.name] = made
    return found


def chosen(there: dict[str, PropertyTable], names: Iterable[str] | None) -> list[PropertyTable]:
    """Return the tables that are named, as `NAME` or `NAME=CAP`; the default ones for None.

    Raises:
        TableError: there is no such table, or it is named twice, or the cap is none.
    """
    if names is None:
        return [there[name] for name in DEFAULT if name in there]
    found: dict[str, PropertyTable] = {}
    for text in names:
        name, equals, cap = text.strip().partition("=")
        if name == "app_version" and name not in there:
            raise TableError("which versions there are is to be public: name them with --versions")
        if name not in there:
            raise TableError(f"{name[:64]!r} is no table of this project: use {', '.join(there)}")
        if name in found:
            raise TableError(f"{name} is named twice")
        found[name] = there[name]
        if equals:
            if cap not in map(str, range(1, CAP_MOST + 1)):
                raise TableError(f"{text[:80]}: a cap is a number from 1 to {CAP_MOST}")
            found[name] = replace(there[name], cap=int(cap))
    return list(found.values())


def _of(entry: Entry, declared: Property, versions: Sequence[str]) -> PropertyTable | None:
    """Return the table of a property; None where its values are not on a list."""
    label = declared.kind.label
    if label not in CAPS:
        return None
    its_column = column(declared.name)
    run = entry.name == _SESSION_START
    keys: tuple[str, ...]
    is_minor = False
    if label in ("choice", "command"):
        keys = tuple(declared.kind.words)
        if label == "command" and "other" not in keys:
            keys = (*keys, "other")  # the kind's own word
    elif label == "model":
        keys = (*models.public_names(), OTHER)
    elif run and declared.name == "python_version":
        keys, is_minor = (*PYTHONS, OTHER), True
    elif run and declared.name == "app_version" and versions:
        keys = (*dict.fromkeys(versions), OTHER)
    else:
        return None
    title = _RUN.get(declared.name) if run else None
    return PropertyTable(
        declared.name if run else f"{table(entry.name)}.{its_column}",
        title or f"{entry.name}: {declared.name}",
        declared.doc,
        _SESSIONS if run else table(entry.name),
        its_column,
        keys,
        1 if run else CAPS[label],
        is_minor,
    )
