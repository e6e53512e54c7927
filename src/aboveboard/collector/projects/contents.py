"""What the file of projects says, read as a whole.

A catalog that cannot be read (the disk has damaged it, a newer aboveboard has written it) is the
trouble of its own project alone: what is sent to it is kept by its senders until it is mended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.limits import limits as rates
from aboveboard.warehouse import WarehouseError

from .project import Project, check_use

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


@dataclass(frozen=True)
class Contents:
    version: int = -1
    """What `version` returned when this was read."""

    projects: Mapping[str, Project] = field(default_factory=dict)
    """Every project whose catalog can be read, by its name, the oldest first."""

    unreadable: Mapping[str, str] = field(default_factory=dict)
    """The other projects, and why the catalog of each cannot be read."""

    by_key: Mapping[str, str] = field(default_factory=dict)
    """The project of each write key that is in use."""

    used: Mapping[str, int] = field(default_factory=dict)
    """The day on which a write key was last used, in days since 1970."""

    public: frozenset[str] = frozenset()
    """The projects whose published site is shown to everybody."""

    catalogs: Mapping[str, bytes] = field(default_factory=dict)
    """The catalogs of `projects` as they stand in the file."""


def version(connection: sqlite3.Connection) -> int:
    """Return SQLite's `data_version`: another number once another process has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def read(connection: sqlite3.Connection, before: Contents) -> Contents:
    """Return what the file says now.

    Args:
        connection: To the file.
        before: What it said last. What has not changed since is the same object, so that what was
            made of it holds.
    """
    number = version(connection)
    write_keys: dict[str, list[str]] = {}
    by_key = {}
    last_used = {}
    for key, name, used in connection.execute(
        "SELECT key, project, used FROM write_key WHERE revoked IS NULL ORDER BY added, key"
    ):
        write_keys.setdefault(name, []).append(key)
        by_key[key] = name
        if used is not None:
            last_used[key] = used
    limits: dict[str, dict[str, int | None]] = {}
    for name, limit, amount in connection.execute(
        "SELECT project, name, amount FROM project_limit"
    ):
        limits.setdefault(name, {})[limit] = amount
    projects: dict[str, Project] = {}
    catalogs: dict[str, bytes] = {}
    unreadable: dict[str, str] = {}
    public: set[str] = set()
    # As bytes: what is damaged may be no text any more, and is then nobody else's trouble.
    for name, text, shipped, kept, is_public in connection.execute(
        "SELECT name, CAST(catalog AS BLOB), shipped, retention, public FROM project"
        " ORDER BY added, name"
    ):
        if is_public:
            public.add(name)
        known = before.projects.get(name)
        try:
            catalog = (
                known.catalog
                if known is not None and before.catalogs[name] == text
                else catalog_of(name, text)
            )
        except CatalogError as error:
            unreadable[name] = str(error)
            continue
        catalogs[name] = text
        project = Project(
            name,
            catalog,
            tuple(write_keys.get(name, ())),
            bool(shipped),
            rates.Limits(limits[name]) if name in limits else rates.DEFAULT,
            kept,
            bool(is_public),
        )
        projects[name] = known if known is not None and known == project else project
    return Contents(number, projects, unreadable, by_key, last_used, frozenset(public), catalogs)


def catalog_of(name: str, text: bytes) -> Catalog:
    """Return a catalog as it was stored; raise `CatalogError` if events cannot be taken by it."""
    mend = f"give it one with `aboveboard projects add {name} --catalog FILE --replace`"
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise CatalogError(f"its catalog is damaged: {mend}") from None
    if not isinstance(document, dict):
        raise CatalogError(f"its catalog is damaged: {mend}")
    catalog = Catalog.from_json(document)
    try:
        check_use(catalog)
    except WarehouseError as error:
        raise CatalogError(f"{error}, or {mend}") from None
    return catalog
