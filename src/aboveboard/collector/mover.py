"""The mover: carries what waits in the inbox into the warehouse, many deliveries an insert.

A move's life: the rows that it takes are written down under a new id (move); each table's rows are
inserted with the token `<move>:<table>`; what they tell of sessions without a start is noted
(warehouse/structure/unstarted.py); rows and move are deleted in one transaction. A process that
dies between any two of these steps finds the same move again, with the same rows in the same order,
and repeats it; the warehouse knows the tokens and drops what it has.

Projects are moved one beside another: one whose events the warehouse does not take keeps its move
and waits, longer each time, while the others go on.

Several collectors may have one warehouse, each with an inbox of its own. There a move first claims
the ids of what it carries, and drops what another collector's move has claimed before
(warehouse/structure/claims.py); and it drops rows of installs whose erasure another collector was
asked for. If that is told while its rows are being inserted, they may come after all others are
gone: so it is asked again at the end of the move, and this collector erases them itself.

ClickHouse notes a token just before the rows are in. A process that is killed between the two has
left a token without its rows; tables that were migrated meanwhile know no token of before; and no
token is remembered for long. So a repeated move asks which of its rows are there, since they carry
its number, by install and month (warehouse/repair.py). It inserts the others, and those that a
token without rows has kept out under another one. The token covers what is under way meanwhile: an
insert of a process that was killed, which a server goes on with.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aboveboard.catalog.line import TIME, USER_ID
from aboveboard.warehouse import MismatchError, WarehouseError, schema

from . import sessions
from .inbox.moves import Moves
from .inbox.packing import identities, unpack_into, without
from .inbox.storage import StorageError
from .operations.log import described
from .operations.progress import Progress
from .operations.worker import Watch, Worker
from .projects.registry import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from aboveboard.warehouse import Warehouse

    from .allowlist import Columns
    from .inbox.depth import Depth
    from .inbox.moves import Move
    from .projects.project import Project
    from .projects.registry import Projects

log = logging.getLogger(__name__)

PACE = 1.5
"""Seconds from one move of a project to its next, unless more waits than one takes. An insert costs
much the same whatever it carries, and what it carries is merged again. What was sent is to be on a
page within two seconds. Something always waits when a move ends, so this is what lets the mover
rest."""

POLL = 1.0
"""Seconds after which the inbox is looked at without being told: an import may have added."""

CATCH_UP = 5.0
"""Seconds that a page waits for a new project's tables, before it shows what there is."""

SETTLE = 30.0
"""Seconds that an export waits for what has been taken so far."""

BACKOFF_MAX = 30.0

STALLED_SECONDS = 60.0
"""From when on a step that has not ended is a trouble: a large move takes a second or two."""


@dataclass(frozen=True)
class _Trouble:
    """Why a project's events do not reach the warehouse, and until when it is left alone."""

    error: Exception
    pause: float
    until: float
    of_tables: bool
    """Whether its tables could not be made; else its events were not taken, and tables that are
    there say nothing of those."""


class Mover:
    """Moves events. `run` is for one thread; so is everything else, where it is not running.

    Args:
        directory: The data directory.
        warehouse: Where events go.
        projects: Whose tables are made as soon as they, or newer catalogs of theirs, are found.
        depth: What waits; corrected here after each move.
        watch: Who is to know where the thread ends.
        erase: Has an install of a project erased here too, which another collector has erased.
        _crash: Called with the name of each step after it, for tests that end the process there.
    """

    def __init__(
        self,
        directory: Path,
        warehouse: Warehouse,
        projects: Projects,
        depth: Depth,
        watch: Watch | None = None,
        erase: Callable[[str, str], object] = lambda _project, _install: None,
        *,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._warehouse = warehouse
        self._projects = projects
        self._crash = _crash
        self._erase = erase
        self._depth = depth
        self._moves = Moves(directory, depth)
        self._made: dict[str, object] = {}
        """By which catalog, and for how many days, each project's tables were made."""

        self._looked_at: dict[str, object] = {}
        """By which catalog that was tried, whatever came of it."""

        self._looked = threading.Condition()
        self._troubles: dict[str, _Trouble] = {}
        self._unreadable: Mapping[str, str] = {}
        """Whose catalogs could not be read, as it was logged last."""

        self._wake = threading.Event()
        self._stop = threading.Event()
        self._watch = watch or Watch()
        self._progress = Progress()
        self._worker = Worker("mover", self._run, self._watch)
        self._turn = threading.Lock()
        self.inserts = 0
        self.moved = 0
        self.trouble: str | None = None
        """Why nothing at all could be moved the last time; None where something could."""

    def start(self) -> None:
        self._worker.start()

    def wake(self) -> None:
        """Say that something waits."""
        self._wake.set()

    def close(self) -> None:
        """Move what waits, as far as the warehouse takes it, and end.

        Where a worker has ended, what waits stays in the inbox for the next start.
        """
        self._worker.ends()
        self._stop.set()
        self._wake.set()
        self._worker.join()
        failed = {} if self._watch.fallen else self._move_each()
        for name, error in failed.items():
            log.warning("what waits of project %s stays in the inbox: %s", name, _what(error))
        self._moves.close()

    def troubles(self) -> dict[str, str]:
        """Return by project why its events do not reach the warehouse.

        It is for everyone to read: what ClickHouse said could tell of the machine, or of a value,
        and is in the log only.
        """
        told = {
            name: str(trouble.error)
            if isinstance(trouble.error, MismatchError)
            else "the warehouse does not take its events"
            for name, trouble in list(self._troubles.items())
        }
        stalled = self._progress.stalled(STALLED_SECONDS)
        if stalled:
            told[stalled] = "the warehouse does not come to an end with its events"
        return told

    def stalls(self) -> bool:
        """Return whether nothing is moved, though no error says so. Any thread may ask."""
        return self._progress.stalled(STALLED_SECONDS) is not None

    def move_all(self, project: str | None = None) -> None:
        """Move until nothing waits, of one project or of all.

        Raises:
            WarehouseError: the warehouse does not take it; it waits as before. All else has been
                moved.
        """
        failed = self._move_each(project)
        if failed:
            raise next(iter(failed.values()))
        self._moves.prune({each.name: each.retention for each in self._projects.all()})

    def still(self) -> AbstractContextManager[object]:
        """Give a moment in which no move and no table is at work. For any thread; a short one.

        A move that is written down and not ended has some of its rows, or none, in the warehouse:
        whoever finds it in a copy of both carries the others.
        """
        return self._turn

    def settle(self, project: str, seconds: float = SETTLE) -> bool:
        """Wait until what waits of a project is moved; return whether it is. For any thread."""
        end = time.monotonic() + seconds
        while self._depth.bytes(project):
            if time.monotonic() > end:
                return False
            self.wake()
            time.sleep(0.05)
        return True

    def move(self) -> bool:
        """Carry out one move; return whether there was one.

        Raises:
            WarehouseError: the warehouse does not take it; the move is kept, and comes before
                anything else of its project.
        """
        move = self._begin()
        if move is not None:
            self._carry(move)
        return move is not None

    def make_tables(self) -> None:
        """Make the tables of every project that has none yet for the catalog that it has now."""
        resting = self._resting()
        self._tell_of_unreadable()
        for project in self._projects.all():
            if self._made.get(project.name) != _as_made(project) and project.name not in resting:
                self._try(project.name, partial(self._ensure, project.name), of_tables=True)
            self._looked_at[project.name] = _as_made(project)
        with self._looked:
            self._looked.notify_all()

    def _tell_of_unreadable(self) -> None:
        unreadable = self._projects.unreadable()
        for name, why in unreadable.items() - self._unreadable.items():
            log.warning("project %s's events are not taken: %s", name, why)
        for name in self._unreadable.keys() - unreadable.keys():
            log.warning("project %s's events are taken again", name)
        self._unreadable = unreadable

    def catch_up(self, seconds: float = CATCH_UP) -> None:
        """Have a project that was just added looked at, so that a page finds its tables.

        For any thread but the event loop's.
        """
        if self._worker.alive() and self._has_news():
            self.wake()
            with self._looked:
                self._looked.wait_for(lambda: not self._has_news(), seconds)

    def _has_news(self) -> bool:
        return self._projects.stale() or any(
            self._looked_at.get(each.name) != _as_made(each) for each in self._projects.all()
        )

    def _ensure(self, name: str) -> None:
        """Make the project's tables, once for each catalog that it has."""
        project = self._projects.get(name)
        if project is not None and self._made.get(name) != _as_made(project):
            self._warehouse.ensure(name, project.catalog, project.retention)
            self._made[name] = _as_made(project)

    def _move_each(self, only: str | None = None) -> dict[str, Exception]:
        """Move until nothing waits; return what went wrong, by project. The others go on."""
        failed: dict[str, Exception] = {}
        while (move := self._begin(failed, only)) is not None:
            try:
                self._carry(move)
            except Exception as error:  # noqa: BLE001, PERF203  # it must not keep others waiting
                failed[move.project] = error
        return failed

    def _begin(self, skip: Container[str] = (), only: str | None = None) -> Move | None:
        """Return the next move, one that was begun and not ended before any other."""
        move = self._moves.begin(skip, only)
        if move is not None and not move.again:
            self._crash("begun")
        return move

    def _carry(self, move: Move) -> None:
        merged: dict[str, Columns] = {}
        is_older = False
        for body in self._moves.bodies(move):
            is_older |= unpack_into(merged, body)
        self._ensure(move.project)
        if move.again and is_older:
            # What 0.1.0 had carried of it has places of its own: all of it is carried anew.
            self._warehouse.remove(move.project, move.number)
        of_rows = identities(merged)
        if self._warehouse.is_shared:
            # A newer collector may have brought the tables up to date since this one was started.
            self._warehouse.check_versions(move.project)
            merged = self._ours(move, merged, of_rows)
            merged = self._of_the_present(move, merged)
        for table, columns in sorted(merged.items()):
            token = f"{move.id}:{table}"
            columns[schema.MOVE.name] = [move.number] * len(columns[TIME])
            missing = self._lost(move, table, columns) if move.again else columns
            if missing[TIME]:
                self._warehouse.insert(move.project, table, missing, token)
                lost = self._lost(move, table, missing) if move.again else {TIME: []}
                if lost[TIME] and self._warehouse.is_at_work(token):
                    raise WarehouseError("what was sent before is still being worked on")
                if lost[TIME]:
                    self._warehouse.insert(move.project, table, lost, f"{token}:{uuid.uuid4()}")
            self.inserts += 1
            self.moved += len(columns[TIME])
            self._crash("inserted")
        self._warehouse.note_sessions(move.project, *sessions.of(merged))
        self._crash("followed")
        if self._warehouse.is_shared:
            self._of_the_present(move, merged)
        self._moves.end(move)
        self._crash("ended")

    def _ours(
        self, move: Move, merged: dict[str, Columns], of_rows: Mapping[str, list[object]]
    ) -> dict[str, Columns]:
        """Return a move's rows but for those that another collector carries."""
        ids = {str(each) for told in of_rows.values() for each in told if each is not None}
        elsewhere = self._warehouse.claims(move.project).elsewhere(ids, move.number)
        self._crash("claimed")
        if not elsewhere:
            return merged
        return without(
            merged, {table: [each in elsewhere for each in told] for table, told in of_rows.items()}
        )

    def _of_the_present(self, move: Move, merged: dict[str, Columns]) -> dict[str, Columns]:
        """Return a move's rows but for those of installs that another collector has erased.

        Those are erased here too.
        """
        users = {str(each) for columns in merged.values() for each in set(columns[USER_ID])}
        erased = self._warehouse.erased(move.project).among(users)
        if not erased:
            return merged
        for each in sorted(erased):
            self._erase(move.project, each)
        return without(
            merged,
            {
                table: [user in erased for user in columns[USER_ID]]
                for table, columns in merged.items()
            },
        )

    def _lost(self, move: Move, table: str, columns: Columns) -> Columns:
        """Return those rows of a move that its table has not."""
        return self._warehouse.missing(move.project, table, columns, move.number)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.is_set():
            self._wake.wait(POLL)
            self._wake.clear()
            begun = time.monotonic()
            self._progress.mark("")
            try:
                self._projects.refresh()
                self._projects.note_used()
                self._move_due()
                self._moves.prune({each.name: each.retention for each in self._projects.all()})
            except Exception as error:  # noqa: BLE001  # whatever it is, what waits must not be lost
                pause = _longer(pause)
                self.trouble = _what(error)
                log.warning("nothing can be moved, again in %.0f s: %s", pause, self.trouble)
                self._progress.rest()
                self._stop.wait(pause)
            else:
                pause = 0.0
                self.trouble = None
                self._progress.rest()
                self._stop.wait(max(0.0, PACE - (time.monotonic() - begun)))

    def _move_due(self) -> None:
        """Move what waits, but for what is left alone for a while and for what comes meanwhile."""
        self.make_tables()
        served: set[str] = set()
        while (move := self._begin(self._resting() | served)) is not None:
            self._try(move.project, partial(self._carry, move))
            if move.all:
                served.add(move.project)
            self.make_tables()
        for project in self._troubles.keys() - self._resting():
            # Something else has moved what waited, or it went with the project.
            is_empty = not self._depth.bytes(project)
            if self._projects.get(project) is None or (
                is_empty and not self._troubles[project].of_tables
            ):
                self._recovered(project)

    def _resting(self) -> set[str]:
        now = time.monotonic()
        return {name for name, trouble in self._troubles.items() if now < trouble.until}

    def _try(self, project: str, step: Callable[[], None], *, of_tables: bool = False) -> None:
        """Do something for a project; where it fails, leave the project alone for a while."""
        self._progress.mark(project)
        try:
            with self._turn:
                step()
        except Exception as error:  # noqa: BLE001  # one project's trouble is not the others'
            # Its tables may be the reason: a server that was restored, or another collector that
            # has removed the project, has none of them.
            self._made.pop(project, None)
            before = self._troubles.get(project)
            pause = _longer(before.pause if before else 0.0)
            self._troubles[project] = _Trouble(error, pause, time.monotonic() + pause, of_tables)
            log.warning(
                "the warehouse does not take project %s's events, again in %.0f s: %s",
                project,
                pause,
                _what(error),
            )
        else:
            if not of_tables or (project in self._troubles and self._troubles[project].of_tables):
                self._recovered(project)
        self._progress.mark("")

    def _recovered(self, project: str) -> None:
        trouble = self._troubles.pop(project, None)
        if trouble is not None and self._projects.get(project) is not None:
            log.warning("the warehouse takes project %s's events again", project)


def _as_made(project: Project) -> tuple[object, int]:
    """Return what a project's tables are made by."""
    return project.catalog, project.retention


def _longer(pause: float) -> float:
    """Return how long to wait after another failure, in seconds."""
    return min(max(1.0, pause * 2), BACKOFF_MAX)


def _what(error: Exception) -> str:
    """Return what went wrong, without an unknown exception's text, which could hold events."""
    if isinstance(error, (WarehouseError, UnreadableError, StorageError)):
        return str(error)
    return described(error)
