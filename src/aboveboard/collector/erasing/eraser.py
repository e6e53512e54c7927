"""The eraser: carries out requests to erase, many at once, and ends none before nothing is left.

A round's life, each step of which may be repeated by a later process:

1. What waited when the request was made is in the warehouse: the mover has carried it there. What
   comes later is not stored at all (inbox/suppression.py).
2. The inbox forgets the installs' runs and sessions.
3. Which tables have rows is noted; they are written anew without (warehouse/erasing.py). When that
   is done no question finds the rows.
4. The files from before are removed.
5. The requests lose their ids; in the inbox's file, free pages and the log are written over.

A table is written anew as a whole for one install or for a thousand, so requests are carried out
together, and after a round the eraser rests for some times as long as the round took.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from aboveboard.collector.inbox import erasures
from aboveboard.collector.inbox.erasures import Erasures
from aboveboard.collector.operations.log import described
from aboveboard.collector.operations.worker import Worker
from aboveboard.warehouse import WarehouseError, Which

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aboveboard.collector.inbox.erasures import Request
    from aboveboard.collector.operations.worker import Watch
    from aboveboard.warehouse import Erasing, Warehouse

log = logging.getLogger(__name__)

TOGETHER_MAX = 1_000
"""Installs in one round."""

POLL = 1.0
"""Seconds after which the requests are looked at without being told: a command may have added."""

LOOK = 0.1
"""Seconds after which it is asked again whether ClickHouse is done."""

REST = 10.0
"""How many times as long as a round took to work is rested after it, so that a stream of requests
costs a tenth of the disk's time at most."""

REST_MAX = 3600.0

BACKOFF = 30.0
"""Seconds until a project whose warehouse refused is tried again."""


class StoppedError(Exception):
    """The process ends; what is begun goes on at the next start."""


class Eraser:
    """Erases. Everything but `wake`, `start` and `close` is for one thread.

    Args:
        directory: The data directory.
        warehouse: Where the rows are.
        watch: Who is to know where its thread ends.
        _crash: Called with the name of each step after it, for tests that end the process there.
    """

    def __init__(
        self,
        directory: Path,
        warehouse: Warehouse,
        watch: Watch,
        *,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self.requests = Erasures(directory)
        self._warehouse = warehouse
        self._crash = _crash
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._worker = Worker("eraser", self._run, watch)
        self._resting: dict[str, float] = {}
        self._worked = 0.0
        """How many seconds ClickHouse took in the last round, without what was waited for."""

        self.troubles: dict[str, str] = {}
        """By project, why nothing of it can be erased now."""

    def start(self) -> None:
        self._worker.start()

    def wake(self) -> None:
        """Say that something is to be erased."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread; what is begun goes on at the next start."""
        self._worker.ends()
        self._stop.set()
        self._wake.set()
        self._worker.join()

    def close(self) -> None:
        self.stop()
        self.requests.close()

    def erase_all(self, project: str) -> None:
        """Carry out every request of a project now; what waited of it was moved.

        Raises:
            WarehouseError: the warehouse does not do it now. The requests are kept.
        """
        self._count()
        while self._round(project):
            pass

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(POLL)
            self._wake.clear()
            try:
                self._count()
                for project in self._due():
                    self._try(project)
            except StoppedError:
                return
            except Exception as error:  # noqa: BLE001  # requests must not be lost
                log.warning("nothing can be erased now: %s", _what(error))
                self._stop.wait(BACKOFF)

    def _due(self) -> list[str]:
        now = time.monotonic()
        open_ = self.requests.all(erasures.WANTED, erasures.BEGUN, erasures.STRUCK)
        return [
            project
            for project in dict.fromkeys(each.project for each in open_)
            if self._resting.get(project, 0.0) <= now
        ]

    def _try(self, project: str) -> None:
        rest = 0.0
        self._worked = 0.0
        try:
            if self._round(project):
                rest = min(REST * self._worked, REST_MAX)
            self.troubles.pop(project, None)
        except WarehouseError as error:
            rest = BACKOFF
            if project not in self.troubles:
                log.warning("project %s: nothing can be erased now: %s", project, _what(error))
            self.troubles[project] = "its requests to erase cannot be carried out now"
        self._resting[project] = time.monotonic() + rest

    def _count(self) -> None:
        """Answer those who ask how many rows they would erase."""
        for each in self.requests.all(erasures.COUNT):
            if not self.requests.has_moved(each.project, each.last):
                continue
            which = Which(each.installs, since=each.since, until=each.until)
            try:
                found = self._warehouse.erasing(each.project).count(which)
            except WarehouseError as error:
                log.warning("project %s: rows cannot be counted: %s", each.project, _what(error))
                self.requests.remove(each.number)
                continue
            self.requests.note(each.number, erasures.COUNTED, found, sum(found.values()))

    def _round(self, project: str) -> bool:
        """Carry out what is due of a project together; return whether anything was."""
        self._finish(project)
        together = self._together(project)
        if not together:
            return False
        last = max(each.last for each in together)
        if not self.requests.has_moved(project, last):
            return False  # the mover has not come to it yet, or cannot
        self._crash("moved")
        if together[0].is_whole and self._warehouse.is_shared:
            # Before any row goes: a collector that does not know of it yet asks once more when it
            # has inserted.
            told = {user for each in together for user in each.installs or ()}
            self._warehouse.erased(project).tell(told)
        erasing = self._warehouse.erasing(project)
        together, which = _which(together, erasing)
        if together[0].is_whole:
            self.requests.forget(project, which.installs or (), erasing.sessions(which))
        self._crash("forgotten")
        found = erasing.count(which)
        tables = set(found).union(*(each.tables for each in together)) & set(erasing.tables())
        rows = sum(found.values())
        for each in together:
            self.requests.note(each.number, erasures.BEGUN, tables, rows or each.rows)
        self._crash("noted")
        if tables:
            self._rewrite(project, which, tables)
        self.requests.strike([each.number for each in together])
        self._crash("struck")
        self._finish(project)
        return True

    def _together(self, project: str) -> Sequence[Request]:
        """Return requests that are carried out at once: of whole installs many, of rows one."""
        wanted = [
            each
            for each in self.requests.all(erasures.WANTED, erasures.BEGUN)
            if each.project == project
        ]
        if not wanted or not wanted[0].is_whole:
            return wanted[:1]
        return [each for each in wanted if each.is_whole][:TOGETHER_MAX]

    def _rewrite(self, project: str, which: Which, tables: set[str]) -> None:
        erasing = self._warehouse.erasing(project)
        erasing.prepare()
        while not erasing.is_done():
            self._pause()
        begun = time.monotonic()
        # Which sessions are meant is known from tables of sessions, so those come last.
        last = set(erasing.tables(having="user_uuid")) if which.sessions is not None else set()
        for portion in filter(None, (tables - last, tables & last)):
            erasing.begin(which, portion)
            self._crash("begun")
            while not erasing.is_done():
                self._pause()
        self._worked = time.monotonic() - begun
        self._crash("rewritten")
        old = erasing.old_parts(tables)
        erasing.hurry(tables)
        while old & erasing.old_parts(tables):
            erasing.wake(tables)
            self._pause()
        self._crash("removed")
        erasing.end(tables)

    def _finish(self, project: str) -> None:
        """Write over what struck requests may have left in the inbox's file, and end them."""
        struck = [
            each.number for each in self.requests.all(erasures.STRUCK) if each.project == project
        ]
        if not struck:
            return
        while not self.requests.blank():
            self._pause()
        self._crash("blanked")
        self.requests.end(struck)
        self._crash("ended")

    def _pause(self) -> None:
        if self._stop.wait(LOOK):
            raise StoppedError
        self._count()


def _which(together: Sequence[Request], erasing: Erasing) -> tuple[Sequence[Request], Which]:
    """Return what requests are about; of those whose key another install has too, the first one."""
    first = together[0]
    if not first.is_whole:
        return together, Which(first.installs, since=first.since, until=first.until)
    which = Which(tuple(sorted({user for each in together for user in each.installs or ()})))
    alike = erasing.strangers(which)
    for each in together:
        for user in each.installs or ():
            if user in alike:
                return [each], Which((user,), erasing.own_sessions(user))
    return together, which


def _what(error: Exception) -> str:
    """Return what went wrong, without an unknown exception's text, which could name an install."""
    return str(error) if isinstance(error, WarehouseError) else described(error)
