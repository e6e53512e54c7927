"""The sentinel: looks for alerts while the server runs, and sends them to the webhooks."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from aboveboard.collector.inbox.storage import StorageError
from aboveboard.collector.operations.log import described
from aboveboard.collector.triage.alerts import send, total
from aboveboard.insights import Filters, alerts
from aboveboard.warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.collector.service import Collector
    from aboveboard.collector.triage.alerts import Alerts

log = logging.getLogger(__name__)

EVERY = 3600.0
"""Seconds between looks: no event has a finer time than its hour."""

SEND_EVERY = 20.0
FIRST = 60.0
"""Seconds before the first look: what waited while the server was off is moved by then."""


class Sentinel:
    """Looks and sends, in a thread of its own. What fails is tried again; nothing depends on it."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._alerts = collector.alerts
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sentinel", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        next_look = time.monotonic() + FIRST
        while not self._ends.wait(SEND_EVERY):
            looks = time.monotonic() >= next_look
            if looks:
                next_look = time.monotonic() + EVERY
            self._turn(looks=looks)

    def _turn(self, *, looks: bool) -> None:
        try:
            if looks:
                self.look()
            self.send()
        except Exception as error:  # noqa: BLE001  # its text could hold what was asked
            log.warning("looking for alerts failed: %s", described(error))

    def look(self) -> None:
        """Look at every project."""
        for project in self._collector.projects.all():
            if self._ends.is_set():
                return
            self._look(project.name)

    def _look(self, name: str) -> None:
        try:
            found = look(self._collector, self._alerts, name, self._ends.is_set)
        except (WarehouseError, StorageError) as error:
            log.warning("alerts of %s: %s", name, error)
            return
        for each in self._alerts.note(name, found):
            log.info("alert of %s: %s", name, each.title)

    def send(self) -> None:
        """Send what is due."""
        for delivery in self._alerts.due(time.time()):
            if self._ends.is_set():
                return
            failure = send(delivery, time.time())
            self._alerts.sent(delivery, failure, time.time())
            if failure:
                log.warning(
                    "webhook %d did not take an alert: %s", delivery.webhook.number, failure
                )


def look(
    collector: Collector, kept: Alerts, name: str, ends: Callable[[], bool]
) -> list[alerts.Alert]:
    """Return what there is to tell of a project now; what was found so far once `ends` says so.

    Raises:
        WarehouseError, StorageError: it cannot be asked.
    """
    project = collector.projects.get(name)
    if project is None:
        return []
    refused = kept.tally(
        name, int(time.time()) // 86400, total(collector.inbox.quarantine.dropped(name))
    )
    return alerts.find(
        collector.warehouse,
        project,
        Filters.from_query({}, late=collector.inbox.lateness.of(name)),
        collector.decisions.resolved(name),
        refused,
        ends=ends,
    )
