"""Projects: a name, a catalog, and the write keys that ship in clients.

They are kept in a SQLite file of the data directory, in the open, since a write key is no secret:
it stands in every client, and can only add events.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import TYPE_CHECKING, Literal

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox import storage
from aboveboard.warehouse import database

from . import contents, growth, keys, migrations
from .contents import Contents
from .project import check_use

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .project import Project

NEW = "the new catalog"


class UnreadableError(CatalogError):
    """A project's catalog cannot be read; the text is one line that says what to do."""


class Projects:
    """The projects of one data directory. Safe to use from several threads.

    Raises:
        storage.StorageError: the directory cannot be written to, or the file is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / migrations.FILE
        self._lock = threading.Lock()
        self._connection = storage.connect(directory, migrations.FILE, migrations.PROJECTS)
        self._contents = Contents()
        self._used: dict[str, int] = {}
        self._used_since: dict[str, int] = {}
        self.reload()

    def all(self) -> list[Project]:
        """Return every project whose catalog can be read, the oldest first."""
        return list(self._contents.projects.values())

    def names(self) -> list[str]:
        """Return their names."""
        return list(self._contents.projects)

    def unreadable(self) -> Mapping[str, str]:
        """Return the other projects, and why the catalog of each cannot be read."""
        return self._contents.unreadable

    def get(self, name: str) -> Project | None:
        """Return the project of that name.

        Raises:
            UnreadableError: its catalog cannot be read.
        """
        if name not in self._contents.projects:
            self.refresh()
        now = self._contents
        if name in now.unreadable:
            raise UnreadableError(f"project {name}: {now.unreadable[name]}")
        return now.projects.get(name)

    def by_key(self, key: str) -> Project | None:
        """Return the project that a write key belongs to; None for one that is unknown or revoked.

        What another process has changed holds from this look on: it costs three microseconds.

        Raises:
            UnreadableError: its catalog cannot be read.
            storage.StorageError: the file cannot be read now, and the key is not known yet.
        """
        try:
            self.refresh()
        except storage.StorageError:
            if key not in self._contents.by_key:
                raise
        name = self._contents.by_key.get(key)
        if name is None:
            return None
        day = keys.today()
        if self._used.get(key) != day:
            self._used[key] = self._used_since[key] = day
        return self.get(name)

    def ever_by_key(self, key: str) -> str | None:
        """Return the name of the project that a write key belongs to, or did until it was revoked.

        Raises:
            storage.StorageError: the file cannot be read now.
        """
        with self._lock, storage.plain_errors(self._file):
            found = self._connection.execute(
                "SELECT project FROM write_key WHERE key = ?", (key,)
            ).fetchone()
        return str(found[0]) if found else None

    def note_used(self) -> None:
        """Write down which keys were used today for the first time. For a worker's thread.

        What cannot be written now is written the next time: it is not worth any event.
        """
        noted = self._used_since.copy()
        if not noted:
            return
        with contextlib.suppress(storage.StorageError):
            with contextlib.closing(keys.Keys(self._file.parent)) as kept:
                kept.note_used(noted)
            for key, day in noted.items():
                if self._used_since.get(key) == day:
                    del self._used_since[key]

    def check(
        self, name: str, catalog: Catalog, called: str = NEW, *, replace: bool = False
    ) -> Catalog:
        """Return the catalog that a project has once it is given another one, or raise.

        Args:
            name: The project's.
            catalog: What the project is given.
            called: What a person knows the given one by.
            replace: Whether to withdraw what the given one lacks. Otherwise the project takes that
                as before, since versions of the tool that send it are in use.

        Raises:
            WarehouseError: the name or the catalog cannot be kept in a warehouse.
            CatalogError: the catalog's legacy part is not as it must be, or it contradicts the
                catalog that the project has; or that one cannot be read, so that it can only be
                replaced.
        """
        self.refresh()
        return self._follow(name, catalog, called, replace)

    def _follow(self, name: str, catalog: Catalog, called: str, replace: bool) -> Catalog:
        database(name)
        check_use(catalog)
        now = self._contents
        if name in now.unreadable and not replace:
            raise UnreadableError(f"project {name}: {now.unreadable[name]}")
        project = now.projects.get(name)
        if project is None:
            return catalog
        if catalog.app != project.catalog.app:
            raise CatalogError(
                f"{called} is {catalog.app}'s catalog, and the project {name} has "
                f"{project.catalog.app}'s: give it a project of its own"
            )
        growth.check(project.catalog, catalog, called, self._withdrawn(name))
        if replace:
            return catalog
        both = growth.united(project.catalog, catalog, called)
        check_use(both)
        return both

    def _withdrawn(self, name: str) -> dict[growth.Place, growth.Held]:
        """Return what a project does not take any more, by the columns in which it is kept."""
        rows = self._connection.execute(
            'SELECT place, "column", property, kind FROM withdrawn WHERE project = ?', (name,)
        )
        return {(place, column): growth.Held(*kept) for place, column, *kept in rows}

    def add(
        self,
        name: str,
        catalog: Catalog,
        *,
        shipped: bool = False,
        called: str = NEW,
        replace: bool = False,
    ) -> Project:
        """Add a project with a new key, or give the one of that name another catalog.

        Returns:
            The project with the catalog that it has now, as `check` has it.

        Raises:
            WarehouseError, CatalogError: as `check` has it; nothing has changed.
            storage.StorageError: the file cannot be written; nothing has changed.
        """
        now = int(time.time())
        with (
            self._lock,
            storage.plain_errors(self._file),
            storage.transaction(self._connection) as connection,
        ):
            # Read in the same transaction, so that of two that are given at once neither is lost.
            self._load()
            before = self._contents.projects.get(name)
            text = json.dumps(self._follow(name, catalog, called, replace).as_json())
            connection.execute(
                "INSERT INTO project (name, catalog, shipped, added) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name)"
                " DO UPDATE SET catalog = excluded.catalog, shipped = excluded.shipped",
                (name, text, shipped, now),
            )
            if replace and before is not None:
                there = growth.held(catalog)
                connection.executemany(
                    "INSERT OR REPLACE INTO withdrawn VALUES (?, ?, ?, ?, ?)",
                    [
                        (name, *place, *kept)
                        for place, kept in growth.held(before.catalog).items()
                        if place not in there
                    ],
                )
            if not connection.execute(
                "SELECT 1 FROM write_key WHERE project = ?", (name,)
            ).fetchone():
                keys.insert(connection, name, keys.FIRST)
        self.reload()
        return self._contents.projects[name]

    def limit(self, name: str, changed: Mapping[str, int | None]) -> None:
        """Give a project limits of its own, by their names; None is no limit.

        Raises:
            storage.StorageError: the file cannot be written; nothing has changed.
        """
        with (
            self._lock,
            storage.plain_errors(self._file),
            storage.transaction(self._connection) as connection,
        ):
            connection.executemany(
                "INSERT OR REPLACE INTO project_limit VALUES (?, ?, ?)",
                [(name, *each) for each in changed.items()],
            )
        self.reload()

    def retire(self, name: str) -> None:
        """Revoke every key of a project, so that nothing more of it is taken.

        Raises:
            CatalogError: there is no such project.
        """
        self.refresh()
        with self._lock, storage.plain_errors(self._file):
            there = [each for (each,) in self._connection.execute("SELECT name FROM project")]
            if name not in there:
                told = ", ".join(sorted(there)) or "none"
                raise CatalogError(f"there is no project {name!r} (there is: {told})")
            with storage.transaction(self._connection) as connection:
                connection.execute(
                    "UPDATE write_key SET revoked = ? WHERE project = ? AND revoked IS NULL",
                    (int(time.time()), name),
                )
        self.reload()

    def remove(self, name: str) -> None:
        """Remove a project with its keys, and whoever may see it alone: the end of `retire`."""
        with (
            self._lock,
            storage.plain_errors(self._file),
            storage.transaction(self._connection) as connection,
        ):
            connection.execute(
                "DELETE FROM session WHERE name IN (SELECT name FROM person WHERE project = ?)",
                (name,),
            )
            connection.execute(
                "DELETE FROM webhook_delivery WHERE alert IN"
                " (SELECT number FROM alert WHERE project = ?)",
                (name,),
            )
            for table in (
                *("alert", "error_decision", "person", "project_limit", "read_token"),
                *("refused_tally", "webhook", "withdrawn", "write_key"),
            ):
                connection.execute(f"DELETE FROM {table} WHERE project = ?", (name,))  # noqa: S608
            connection.execute("DELETE FROM project WHERE name = ?", (name,))
        self.reload()

    def keep_for(self, name: str, days: int) -> None:
        """Have a project keep what is collected for so many days.

        Raises:
            storage.StorageError: the file cannot be written; nothing has changed.
        """
        self._set(name, "retention", days)

    def show(self, name: str, *, public: bool) -> None:
        """Have a project's published site shown to everybody, or not.

        Raises:
            storage.StorageError: the file cannot be written; nothing has changed.
        """
        self._set(name, "public", public)

    def _set(self, name: str, column: Literal["retention", "public"], value: int) -> None:
        with (
            self._lock,
            storage.plain_errors(self._file),
            storage.transaction(self._connection) as connection,
        ):
            connection.execute(f"UPDATE project SET {column} = ? WHERE name = ?", (value, name))  # noqa: S608
        self.reload()

    def is_public(self, name: str) -> bool:
        """Return whether a project's published site is shown to everybody; False if there is none.

        What another process has changed holds from this look on, as `by_key` has it. If the file
        cannot be read now, what it said last holds.
        """
        with contextlib.suppress(storage.StorageError):
            self.refresh()
        return name in self._contents.public

    def reload(self) -> None:
        """Read what another process may have added.

        Raises:
            storage.StorageError: the file cannot be read.
        """
        with self._lock, storage.plain_errors(self._file):
            self._load()

    def _load(self) -> None:
        self._contents = contents.read(self._connection, self._contents)
        for key, day in self._contents.used.items():
            self._used.setdefault(key, day)

    def refresh(self) -> None:
        """Read again where another process has written since the last time."""
        if self.stale():
            self.reload()

    def stale(self) -> bool:
        """Return whether another process has written since the last time."""
        with self._lock, storage.plain_errors(self._file):
            return contents.version(self._connection) != self._contents.version

    def close(self) -> None:
        with self._lock:
            self._connection.close()
