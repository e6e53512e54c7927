"""Threads that must not end unwatched: where one does, the process knows, and ends too.

A process that goes on without its mover or its committer looks well and loses time or events. One
that exits is started again by whatever supervises it, and finds all that was acknowledged.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from .log import described

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

EXIT_CODE = 70
"""What the process ends with, as sysexits.h has it: an internal fault."""

LAST_SECONDS = 15.0
"""How long an orderly end may take after a worker has ended, before the process is ended."""


class Watch:
    """Knows whether a worker has ended that should not have.

    All that is needed to end the process is here from the beginning: when a worker ends there may
    be no memory, descriptor or thread to be had.
    """

    def __init__(self, *, _exit: Callable[[int], object] = os._exit) -> None:
        self._exit = _exit
        self.fallen = False
        self._due = threading.Event()
        self._closed = threading.Event()
        self._wanted: list[Callable[[], object]] = []
        threading.Thread(target=self._end, name="watch", daemon=True).start()

    def tell(self, told: Callable[[], object]) -> None:
        """Have something called, by another thread, once a worker has ended."""
        self._wanted.append(told)
        if self.fallen:
            told()

    def close(self) -> None:
        """Say that the process ends in good order."""
        self._closed.set()
        self._due.set()

    def fall(self) -> None:
        """Say that a worker has ended that should not have."""
        self.fallen = True
        self._due.set()

    def _end(self) -> None:
        self._due.wait()
        if self._closed.is_set():
            return
        for told in self._wanted:
            try:
                told()
            except Exception:  # noqa: BLE001, S112, PERF203  # the loop has gone: there is nobody to tell
                continue
        if not self._closed.wait(LAST_SECONDS):
            self._exit(EXIT_CODE)


class Worker:
    """A thread that runs until it is asked to end.

    Args:
        name: What it is called.
        work: What it does; returning is in order only after `ends` was called.
        watch: Who is to know.
    """

    def __init__(self, name: str, work: Callable[[], None], watch: Watch) -> None:
        self._work = work
        self._watch = watch
        self._may_end = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def ends(self) -> None:
        """Say that it may end now."""
        self._may_end = True

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        why = "it returned"
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001  # the thread's end is told, not its text
            why = described(error)
        if not self._may_end:
            self._watch.fall()
            log.error("the %s has ended, so the process ends: %s", self._thread.name, why)
