"""A PostHog batch as a delivery: which of its events are new, and in which sessions they happened.

Both are known only inside the transaction that stores them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aboveboard.catalog.line import hour
from aboveboard.collector.allowlist import Accepted
from aboveboard.collector.inbox import identities
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.inbox.runs import recall, remember
from aboveboard.collector.protocols import posthog

if TYPE_CHECKING:
    import sqlite3

    from aboveboard.collector.service import Reader


def delivery(reader: Reader, batch: posthog.Batch) -> Delivery:
    """Return a batch of a project's as it can be committed to the inbox."""
    told, unfit = posthog.read(batch.events, reader.allowlist, reader.translator, batch.sent)
    project = reader.project.name

    def settle(connection: sqlite3.Connection) -> Accepted:
        if batch.former_id and identities.is_former_batch(connection, project, batch.former_id):
            return Accepted(known=len(told))
        accepted, now = Accepted(unfit=unfit.copy()), hour(time.time())
        runs = reader.translator.settle(
            told,
            accepted,
            posthog.SOURCE,
            lambda user_id: recall(connection, project, user_id),
            lambda identity: identities.is_new(connection, project, identity, now),
        )
        remember(connection, project, runs)
        return accepted

    return Delivery(project, None, Accepted(), settle)
