"""Projects: a name, a catalog, and the write keys that ship in clients.

They are kept in a SQLite file of the data directory, in the open, since a write key is no secret:
it stands in every client, and can only add events.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from aboveboard.client.catalog import Catalog
from aboveboard.client.kinds import CatalogError
from aboveboard.warehouse import database, tables

from . import growth, storage
from .allowlist import AllowList
from .legacy import Translator

if TYPE_CHECKING:
    from pathlib import Path

NEW = "the new catalog"


@dataclass(frozen=True)
class Project:
    name: str
    catalog: Catalog
    keys: tuple[str, ...]
    shipped: bool
    """Whether the catalog is the one that comes with aboveboard, and grows with it."""


def shipped_catalog(app: str) -> Catalog:
    """Return the catalog of an app whose catalog comes with aboveboard; it is data, not code."""
    file = resources.files("aboveboard") / "hosts" / app / "catalog.json"
    return Catalog.from_json(json.loads(file.read_text(encoding="utf-8")))


class Projects:
    """The projects of one data directory. Safe to use from several threads.

    Raises:
        storage.StorageError: the directory cannot be written to.
    """

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._connection = storage.connect(directory, storage.PROJECTS)
        self._projects: dict[str, Project] = {}
        self._by_key: dict[str, Project] = {}
        self._texts: dict[str, str] = {}
        self._version = -1
        self.reload()

    def all(self) -> list[Project]:
        """Return every project, the oldest first."""
        return list(self._projects.values())

    def get(self, name: str) -> Project | None:
        if name not in self._projects:
            self.refresh()
        return self._projects.get(name)

    def by_key(self, key: str) -> Project | None:
        """Return the project that a write key belongs to."""
        if key not in self._by_key:
            self.refresh()
        return self._by_key.get(key)

    def check(self, name: str, catalog: Catalog, called: str = NEW) -> None:
        """Raise where a project cannot be given a catalog; `called` is what a person knows it by.

        Raises:
            WarehouseError: the name or the catalog cannot be kept in a warehouse.
            CatalogError: the catalog's legacy part is not as it must be, or it contradicts the
                catalog that the project has.
        """
        database(name)
        tables(catalog)
        Translator(AllowList(catalog))
        self.refresh()
        project = self._projects.get(name)
        if project is None:
            return
        if catalog.app != project.catalog.app:
            raise CatalogError(
                f"{called} is {catalog.app}'s catalog, and the project {name} has "
                f"{project.catalog.app}'s: give it a project of its own"
            )
        growth.check(project.catalog, catalog, called)

    def add(
        self, name: str, catalog: Catalog, *, shipped: bool = False, called: str = NEW
    ) -> Project:
        """Add a project with a new key, or give the one of that name a newer catalog.

        Raises:
            WarehouseError, CatalogError: as `check` has it; nothing has changed.
        """
        self.check(name, catalog, called)
        now = int(time.time())
        text = json.dumps(catalog.as_json())
        with self._lock, storage.transaction(self._connection) as connection:
            connection.execute(
                "INSERT INTO project VALUES (?, ?, ?, ?) ON CONFLICT (name)"
                " DO UPDATE SET catalog = excluded.catalog, shipped = excluded.shipped",
                (name, text, shipped, now),
            )
            if not connection.execute(
                "SELECT 1 FROM write_key WHERE project = ?", (name,)
            ).fetchone():
                key = f"ab_{secrets.token_urlsafe(24)}"
                connection.execute("INSERT INTO write_key VALUES (?, ?, ?)", (key, name, now))
        self.reload()
        return self._projects[name]

    def reload(self) -> None:
        """Read what another process may have added.

        Raises:
            CatalogError: a newer aboveboard has written a catalog that is unknown here.
        """
        with self._lock:
            self._version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            keys: dict[str, list[str]] = {}
            for key, project in self._connection.execute(
                "SELECT key, project FROM write_key ORDER BY added, key"
            ):
                keys.setdefault(project, []).append(key)
            projects, texts = {}, {}
            for name, text, shipped in self._connection.execute(
                "SELECT name, catalog, shipped FROM project ORDER BY added, name"
            ):
                try:
                    catalog = (
                        self._projects[name].catalog  # the same one: what was made of it holds
                        if self._texts.get(name) == text
                        else Catalog.from_json(json.loads(text))
                    )
                except CatalogError as error:
                    raise CatalogError(f"project {name}: {error}") from None
                texts[name] = text
                projects[name] = Project(name, catalog, tuple(keys.get(name, ())), bool(shipped))
            self._projects, self._texts = projects, texts
            self._by_key = {key: each for each in projects.values() for key in each.keys}

    def refresh(self) -> None:
        """Read again where another process has written since the last time."""
        if self.stale():
            self.reload()

    def stale(self) -> bool:
        """Return whether another process has written since the last time."""
        with self._lock:
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return bool(version != self._version)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
