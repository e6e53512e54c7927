"""The committer: one thread that writes what many requests bring, a transaction for all of them.

A disk's flush costs the same for one delivery as for a hundred. While one transaction is being
written the next deliveries gather, so the groups grow with the load by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import queue
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.collector.operations.log import described
from aboveboard.collector.operations.progress import Progress
from aboveboard.collector.operations.worker import Worker

from .inbox import Delivery, Inbox, Receipt, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.collector.operations.worker import Watch

log = logging.getLogger(__name__)

GROUP_MAX = 512
"""Deliveries in one transaction: a bound on how long the first of them waits."""


PROBE_SECONDS = 2.0
"""How often a disk that refused is tried again where nothing comes: what is told to be not ready
may be sent nothing more, and would not learn that it is well."""


STALLED_SECONDS = 10.0
"""From when on a transaction that has not ended is a trouble: another process may hold the file's
lock, and SQLite waits for that three times as long."""


@dataclass(frozen=True)
class _Waiter:
    delivery: Delivery
    future: asyncio.Future[Receipt]


class Committer:
    """Takes deliveries from coroutines; resolves each once it is on the disk.

    Args:
        inbox: Where they are written; this thread's alone from now on.
        stored: Called after each transaction that stored something.
        watch: Who is to know where its thread ends.
    """

    def __init__(self, inbox: Inbox, stored: Callable[[], None], watch: Watch) -> None:
        self._inbox = inbox
        self._stored = stored
        self._queue: queue.SimpleQueue[_Waiter | None] = queue.SimpleQueue()
        self._trouble: str | None = None
        self._watch = watch
        self._progress = Progress()
        self._worker = Worker("committer", self._run, watch)

    def start(self) -> None:
        self._worker.start()

    @property
    def trouble(self) -> str | None:
        """Why what was brought last could not be stored; None where it could."""
        return self._trouble

    def stalls(self) -> bool:
        """Return whether what was brought has waited for the inbox for too long. Any thread may."""
        return self._progress.stalled(STALLED_SECONDS) is not None

    def alive(self) -> bool:
        return self._worker.alive()

    def close(self) -> None:
        """Write what was submitted, and end."""
        self._worker.ends()
        self._queue.put(None)
        self._worker.join()

    async def submit(self, delivery: Delivery) -> Receipt:
        """Store a delivery.

        Raises:
            UnavailableError: it is not stored; the sender is to come back.
        """
        if self._watch.fallen:
            raise UnavailableError("a worker has ended")
        self._inbox.check_room(delivery.project)
        future = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiter(delivery, future))
        receipt: Receipt = await future
        return receipt

    def _run(self) -> None:
        while True:
            group, last = self._gather()
            if group:
                self._progress.mark("commit")
                self._commit(group)
                self._progress.rest()
            if last:
                return

    def _gather(self) -> tuple[list[_Waiter], bool]:
        """Wait for one delivery and take all that wait with it."""
        group: list[_Waiter] = []
        waiter = self._first()
        while waiter is not None:
            group.append(waiter)
            if len(group) >= GROUP_MAX:
                return group, False
            try:
                waiter = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _first(self) -> _Waiter | None:
        """Wait for a delivery; try the disk meanwhile, while it refuses."""
        while self._trouble is not None:
            try:
                return self._queue.get(timeout=PROBE_SECONDS)
            except queue.Empty:
                pass
            try:
                self._inbox.probe()
            except (UnavailableError, OSError) as error:
                self._trouble = str(error)
            else:
                self._recovered()
        return self._queue.get()

    def _recovered(self) -> None:
        if self._trouble is not None:
            log.warning("events are taken again")
        self._trouble = None

    def _commit(self, group: list[_Waiter]) -> None:
        outcomes: list[Receipt | Exception]
        try:
            outcomes = list(self._inbox.commit([waiter.delivery for waiter in group]))
        except UnavailableError as error:
            if self._trouble is None:  # once, not for each of the many who come back
                log.warning("nothing is taken now: %s", error)
            self._trouble = str(error)
            outcomes = [error] * len(group)
        except Exception as error:  # noqa: BLE001  # one delivery's fault must not end the thread
            if len(group) > 1:
                for waiter in group:  # alone, so that the others are taken
                    self._commit([waiter])
                return
            log.error("a delivery could not be stored: %s", described(error))  # noqa: TRY400  # its text could be a sender's
            outcomes = [error]
        else:
            self._recovered()
            self._stored()
        for loop in {waiter.future.get_loop() for waiter in group}:
            settled = [
                (waiter.future, outcome)
                for waiter, outcome in zip(group, outcomes, strict=True)
                if waiter.future.get_loop() is loop
            ]
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, settled)


def _resolve(settled: list[tuple[asyncio.Future[Receipt], Receipt | Exception]]) -> None:
    for future, outcome in settled:
        if future.done():  # its request was cancelled; what it brought is stored all the same
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
