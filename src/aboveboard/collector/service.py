"""The collector as one thing to start and to stop: what it stores with, and what reads for it."""

from __future__ import annotations

import contextlib
import shutil
import threading
from functools import partial
from typing import TYPE_CHECKING

from filelock import Timeout

from aboveboard.warehouse import Warehouse, WarehouseAwayError, embedded
from aboveboard.warehouse.engine.lock import hold
from aboveboard.warehouse.transfer import frozen

from . import sessions
from .allowlist import AllowList
from .erasing.eraser import Eraser
from .inbox import erasures, storage
from .inbox.committer import Committer
from .inbox.inbox import Inbox
from .limits.gate import Gate
from .limits.recall import Recall
from .mover import Mover
from .operations import descriptors, temporary
from .operations.metrics import Metrics
from .operations.worker import Watch
from .people.register import Register
from .projects.project import RETENTION_DAYS, Project
from .projects.registry import NEW, Projects
from .protocols import legacy
from .protocols.debugging import Tags
from .protocols.segment import SegmentReader
from .public import site as public
from .transfer.channel import Channel
from .transfer.store import TEMPORARY, Store
from .triage.alerts import Alerts
from .triage.decisions import Decisions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from filelock import FileLock

    from aboveboard.catalog.catalog import Catalog

WAREHOUSE = "warehouse"
LOCK = "serve.lock"
RESTORING = ".restoring"
"""A directory in which a restore works; while it is there, the data directory is not whole."""


class Reader:
    """What reads a project's events; made anew when its catalog is.

    Args:
        project: The project.
        is_shared: As `legacy.Translator` has it.
    """

    def __init__(self, project: Project, *, is_shared: bool = False) -> None:
        self.project = project
        self.allowlist = AllowList(project.catalog, days=project.retention)
        self.segments = SegmentReader(self.allowlist)
        self.translator = legacy.Translator(self.allowlist, is_shared=is_shared)


class Shown:
    """The projects as pages see them: a new one is there at once, and has its tables."""

    def __init__(self, projects: Projects, mover: Mover) -> None:
        self._projects = projects
        self._mover = mover

    def all(self) -> list[Project]:
        self._mover.catch_up()
        return self._projects.all()

    def unreadable(self) -> Mapping[str, str]:
        return self._projects.unreadable()


class Collector:
    """Everything behind the collector's address.

    Args:
        directory: The data directory; this process alone serves it.
        warehouse: The warehouse's URL; embedded in the data directory where None.
        _crash: As `Mover` has it, for tests.

    Raises:
        storage.StorageError: the directory cannot be used, or is served already.
        WarehouseError: the warehouse cannot be opened.
    """

    def __init__(
        self,
        directory: Path,
        warehouse: str | None = None,
        *,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self.directory = directory
        self.metrics = Metrics()
        self.gate = Gate()
        self.tags = Tags()
        self.watch = Watch()
        self._readers: dict[str, Reader] = {}
        self._readers_lock = threading.Lock()
        self._is_started = False
        with contextlib.ExitStack() as opened:
            opened.callback(lock(directory).release)
            try:
                opened.enter_context(temporary.kept_in(directory / TEMPORARY))
            except OSError as error:
                raise storage.unusable(directory, error) from None
            self.projects = opened.enter_context(contextlib.closing(Projects(directory)))
            self.register = opened.enter_context(contextlib.closing(Register(directory)))
            self.decisions = Decisions(self.register)
            self.alerts = Alerts(self.register)
            if warehouse is None:
                _keep_private(directory / WAREHOUSE)
            url = warehouse or embedded(directory / WAREHOUSE)
            # A first start says what is wrong with the URL; a later one takes events meanwhile.
            waits = bool(self.projects.all())
            self.warehouse = opened.enter_context(
                contextlib.closing(Warehouse(url, waits=waits, _crash=_crash))
            )
            if self.warehouse.directory is not None:
                frozen.thaw(self.warehouse.directory)  # a backup's, of a process that was killed
            is_shared = self.warehouse.is_shared
            self.inbox = opened.enter_context(
                contextlib.closing(Inbox(directory, is_shared=is_shared))
            )
            self.eraser = Eraser(directory, self.warehouse, self.watch, _crash=_crash)
            opened.callback(self.eraser.close)
            self.mover = Mover(
                directory,
                self.warehouse,
                self.projects,
                self.inbox.depth,
                self.watch,
                partial(self.eraser.requests.ask, again=True),
                _crash=_crash,
            )
            self.mover.make_tables()
            self._recall = Recall(self.warehouse, self.projects.names, self.gate)
            self.shown = Shown(self.projects, self.mover)
            self.committer = Committer(self.inbox, self.mover.wake, self.watch)
            self.store = Store(
                directory,
                self.warehouse,
                self._catalog,
                self._settle,
                self.eraser.requests,
                self.mover.still,
                sessions.of,
            )
            self._channel = Channel(directory, self.store.answer)
            self._opened = opened.pop_all()

    def start(self) -> None:
        self.committer.start()
        self.mover.start()
        self.mover.wake()
        self.eraser.start()
        self._channel.start()
        self._recall.start()
        self._is_started = True

    def add_project(
        self, name: str, catalog: Catalog, *, shipped: bool = False, called: str = NEW
    ) -> Project:
        """Add a project, or give the one of that name another catalog, before the start.

        Raises:
            WarehouseError, CatalogError: as `Projects.check` has it, or the tables that are there
                contradict the catalog.
        """
        before = self.projects.get(name)
        checked = self.projects.check(name, catalog, called)
        try:
            self.warehouse.ensure(name, checked, before.retention if before else RETENTION_DAYS)
        except WarehouseAwayError:
            if before is None:
                raise
            # The mover makes its tables as soon as the warehouse answers.
        return self.projects.add(name, catalog, shipped=shipped, called=called)

    def remove_project(self, name: str) -> None:
        """Remove a project and all that is kept of it, before the start.

        The project itself goes last, so that after an interruption the same call goes on.

        Raises:
            CatalogError: there is no such project.
            WarehouseError: its tables cannot be dropped now.
        """
        self.projects.retire(name)
        self._tell_of_requests(name)
        self.inbox.forget(name)
        self.warehouse.drop(name)
        shutil.rmtree(self.directory / public.DIRECTORY / name, ignore_errors=True)
        self.projects.remove(name)

    def _tell_of_requests(self, name: str) -> None:
        """Tell other collectors whose rows, if some wait there, are not to come back.

        Requests that were not carried out yet are forgotten with the project.
        """
        project = self.projects.get(name)
        wanted = {
            install
            for each in self.eraser.requests.all(erasures.WANTED, erasures.BEGUN)
            if each.project == name and each.is_whole
            for install in each.installs or ()
        }
        if self.warehouse.is_shared and project is not None and wanted:
            self.warehouse.ensure(name, project.catalog)
            self.warehouse.erased(name).tell(wanted)

    def close(self) -> None:
        """Store what was submitted, move what waits, and close everything."""
        try:
            self._channel.close()
            self.committer.close()
            self._recall.stop()
            self.eraser.stop()
            self.mover.close()
            self.projects.note_used()
            self._opened.close()
        finally:
            self.watch.close()

    def reader(self, key: str) -> Reader | None:
        """Return what reads the events of a write key's project, None for an unknown key.

        Raises:
            UnreadableError: the project's catalog cannot be read now.
            storage.StorageError: the projects cannot be read now, and the key is not known yet.
        """
        project = self.projects.by_key(key)
        if project is None:
            return None
        reader = self._readers.get(project.name)
        if reader is None or reader.project is not project:
            with self._readers_lock:
                reader = Reader(project, is_shared=self.warehouse.is_shared)
                self._readers[project.name] = reader
        return reader

    def _catalog(self, name: str) -> Catalog | None:
        """Return a project's catalog, once its tables are made."""
        project = self.projects.get(name)
        if project is None:
            return None
        if self._is_started:
            self.mover.catch_up()
        else:
            self.warehouse.ensure(name, project.catalog)
        return project.catalog

    def _settle(self, name: str) -> bool:
        if self._is_started:
            return self.mover.settle(name)
        self.mover.move_all(name)
        return True

    def troubles(self) -> list[str]:
        """Return why the collector could not take or keep events now; nothing where it can."""
        found = []
        if self.watch.fallen:
            found.append("a worker has ended")
        refusing = self.inbox.troubles()
        found += refusing
        if self.committer.trouble is not None and not refusing:
            found.append("nothing is taken: the inbox cannot be written, the log says why")
        elif self.committer.stalls():
            found.append("nothing is taken: the inbox does not answer, another process may hold it")
        if self.mover.trouble is not None or self.mover.stalls():
            found.append("nothing can be moved into the warehouse")
        if descriptors.nearly_none():
            found.append(
                "nearly no file can be opened: raise the limit, or see what holds so many open"
            )
        found += [f"project {name}: {why}" for name, why in self.failing().items()]
        return found

    def failing(self) -> dict[str, str]:
        """Return by project why its events are not taken, or do not reach the warehouse."""
        return {**self.eraser.troubles, **self.mover.troubles(), **self.projects.unreadable()}


def _keep_private(directory: Path) -> None:
    """Have the embedded warehouse looked into by its owner alone.

    Raises:
        storage.StorageError: it cannot be made.
    """
    try:
        directory.mkdir(exist_ok=True, mode=0o700)
        directory.chmod(0o700)
    except OSError as error:
        raise storage.unusable(directory, error) from None


def lock(directory: Path, *, is_restoring: bool = False) -> FileLock:
    """Take the data directory for this process; `release` gives it free.

    Args:
        directory: The data directory.
        is_restoring: Whether a restore may be unfinished there, since it is gone on with.

    Raises:
        storage.StorageError: another process serves it, or it cannot be written to.
    """
    if not is_restoring and (directory / RESTORING).exists():
        raise storage.StorageError(
            f"a restore into {directory} has not ended: run `aboveboard restore` again"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return hold(directory / LOCK)
    except Timeout:
        raise storage.BusyError(
            f"another aboveboard serves {directory}: stop it, or choose another with "
            "--data; `aboveboard projects add` adds a project beside it"
        ) from None
    except OSError as error:
        raise storage.unusable(directory, error) from None
