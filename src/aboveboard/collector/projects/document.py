"""Projects as a document, so that one collector takes what another takes.

Collectors that stand side by side behind a balancer must know the same projects and keys. A
document has of each project its catalog, its keys, its limits and how long it keeps events; not who
may see it, nor what is published of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.limits import limits

from .keys import KeyNameError, check_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from .keys import Keys
    from .registry import Projects


KEY_MAX = 200
"""Characters of a key; those that we make have 35."""

TIME_END = 253_402_300_800
"""The year 10000, in Unix seconds."""


class DocumentError(Exception):
    """The document is none that can be taken; the text is one line that says why."""


class Key(msgspec.Struct, forbid_unknown_fields=True):
    """A write key: as clients send it, its name, and when it was added and revoked (Unix s)."""

    key: str
    name: str
    added: int
    revoked: int | None = None


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A project."""

    name: str
    catalog: dict[str, Any]
    shipped: bool
    retention: int
    limits: dict[str, int | None]
    keys: list[Key]


class Document(msgspec.Struct, forbid_unknown_fields=True):
    projects: list[Entry]


def of(projects: Projects, keys: Keys, names: Collection[str] = ()) -> str:
    """Return the document of these projects, or of all, as JSON.

    Raises:
        CatalogError: there is no such project, or its catalog cannot be read.
    """
    there = {each.name: each for each in projects.all()}
    for name in names:
        if name not in there:
            projects.get(name)  # says why, if it cannot be read
            told = ", ".join(sorted(there)) or "none"
            raise CatalogError(f"there is no project {name!r} (there is: {told})")
    entries = [
        Entry(
            each.name,
            each.catalog.as_json(),
            each.shipped,
            each.retention,
            each.limits.changed,
            [Key(key.key, key.name, key.added, key.revoked) for key in keys.all(each.name)],
        )
        for each in projects.all()
        if not names or each.name in names
    ]
    return json.dumps(msgspec.to_builtins(Document(entries)), indent=2) + "\n"


def read(text: bytes) -> list[Entry]:
    """Return the projects of a document.

    Raises:
        DocumentError: it is none.
    """
    try:
        entries = msgspec.json.decode(text, type=Document).projects
    except (msgspec.DecodeError, RecursionError) as error:
        said = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise DocumentError(said) from None
    whose: dict[str, str] = {}
    for entry in entries:
        _check(entry)
        for key in entry.keys:
            if whose.setdefault(key.key, entry.name) != entry.name:
                raise DocumentError(f"{entry.name} and {whose[key.key]} have the same key")
    return entries


def _check(entry: Entry) -> None:
    if not 1 <= entry.retention <= limits.RETENTION_MAX:
        raise DocumentError(f"{entry.name}: retention is 1 to {limits.RETENTION_MAX} days")
    try:
        for name, amount in entry.limits.items():
            limits.parse(f"{name}={limits.OFF if amount is None else amount}")
        for key in entry.keys:
            check_name(key.name)
    except (limits.LimitError, KeyNameError) as error:
        raise DocumentError(f"{entry.name}: {error}") from None
    for key in entry.keys:
        if not key.key.isascii() or not key.key.isprintable() or not key.key.strip():
            raise DocumentError(f"{entry.name}: a key has printable ASCII characters")
        if len(key.key) > KEY_MAX:
            raise DocumentError(f"{entry.name}: a key has at most {KEY_MAX} characters")
        if not all(0 <= each < TIME_END for each in (key.added, key.revoked or 0)):
            raise DocumentError(f"{entry.name}: a key's times are in seconds since 1970")


def take(projects: Projects, keys: Keys, entries: Collection[Entry], called: str) -> None:
    """Have the projects of a document here too. The same again changes nothing.

    A project that is there gets what it lacks: the catalogs of both are united, as `Projects.add`
    unites them; keys are added, and revoked if they are in the document. Limits and retention are
    the document's. Nothing that the document lacks is removed.

    Args:
        projects: Of the data directory.
        keys: Of the same.
        entries: As `read` returns them.
        called: What a person knows the document by.

    Raises:
        CatalogError, WarehouseError: a catalog cannot be taken; nothing has changed.
        KeyNameError: a key is another project's here; nothing has changed.
        storage.StorageError: the file cannot be written.
    """
    whose = {each.key: each.project for each in keys.all()}
    catalogs = [Catalog.from_json(entry.catalog) for entry in entries]
    for entry, catalog in zip(entries, catalogs, strict=True):
        projects.check(entry.name, catalog, called)
        for key in entry.keys:
            if whose.get(key.key, entry.name) != entry.name:
                raise KeyNameError(
                    f"a key of {entry.name} in {called} is {whose[key.key]}'s here: revoke it "
                    "there and give that project another"
                )
    for entry, catalog in zip(entries, catalogs, strict=True):
        for key in entry.keys:
            keys.take(entry.name, key.key, key.name, key.added, key.revoked)
        projects.add(entry.name, catalog, shipped=entry.shipped, called=called)
        projects.keep_for(entry.name, entry.retention)
        projects.limit(entry.name, entry.limits)
