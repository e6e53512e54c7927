"""The installs that the warehouse has, told to the gate once after each start.

A thread reads their keys, some hundred thousand at a time, while events are taken. Until it has
read them all, no install is refused for being new.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from aboveboard.warehouse import Warehouse, WarehouseError, database, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .gate import Gate

log = logging.getLogger(__name__)

AT_ONCE = 100_000

AGAIN_SECONDS = 30.0
"""When a warehouse that did not answer is asked again."""

_FIRST, _NUMBER = 2**63, 2**62
"""The keys of UUIDs: the first of them, and how many there can be."""


class Recall:
    """Reads once, in a thread of its own.

    Args:
        warehouse: What is read.
        projects: Returns their names.
        gate: Who is told.
    """

    def __init__(
        self, warehouse: Warehouse, projects: Callable[[], Iterable[str]], gate: Gate
    ) -> None:
        self._warehouse = warehouse
        self._projects = projects
        self._gate = gate
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recall", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        if self._read():
            return
        log.warning(
            "the warehouse does not say which installs it has: "
            "until it does, no limit of new installs holds"
        )
        while not self._ends.wait(AGAIN_SECONDS):
            if self._read():
                return

    def _read(self) -> bool:
        """Return whether all was read, or is not wanted any more."""
        try:
            for project in self._projects():
                for keys in installs(self._warehouse, project):
                    if self._ends.is_set():
                        return True
                    self._gate.remember(project, keys)
        except WarehouseError:
            return False
        self._gate.knows = True
        return True


def installs(warehouse: Warehouse, project: str) -> Iterator[list[int]]:
    """Return the keys of a project's installs, so many at a time that memory stays bounded.

    Raises:
        WarehouseError: it cannot be asked.
    """
    table = f"{database(project)}.{schema.SESSIONS}"

    def ask(sql: str) -> list[int]:
        return [int(str(row[0])) for row in warehouse.query(sql, bounded=False).rows]

    parts = ask(f"SELECT count() FROM {table}")[0] // AT_ONCE + 1  # noqa: S608  # a name of ours
    width = _NUMBER // parts + 1
    for first in range(_FIRST, _FIRST + _NUMBER, width):
        # The limit is for ids that somebody made up to be alike.
        yield ask(
            f"SELECT DISTINCT user_id FROM {table}"  # noqa: S608
            f" WHERE user_id BETWEEN {first} AND {first + width - 1} LIMIT {2 * AT_ONCE}"
        )
