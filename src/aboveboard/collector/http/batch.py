"""A PostHog batch as a delivery: which of its events are new, and in which sessions they happened.

Both are known only inside the transaction that stores them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.collector.allowlist import Accepted
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.protocols import posthog

if TYPE_CHECKING:
    from aboveboard.collector.inbox.memory import Memory
    from aboveboard.collector.service import Reader


def delivery(reader: Reader, batch: posthog.Batch) -> Delivery:
    """Return a batch of a project's as it can be committed to the inbox."""
    told, unfit = posthog.read(batch.events, reader.allowlist, reader.translator, batch.sent)

    def settle(memory: Memory) -> Accepted:
        if batch.former_id and memory.is_former_batch(batch.former_id):
            return Accepted(known=len(told))
        accepted = Accepted(unfit=unfit.copy())
        runs = reader.translator.settle(
            told, accepted, posthog.SOURCE, memory.recall, memory.is_new
        )
        memory.remember(runs)
        return accepted

    return Delivery(reader.project.name, None, Accepted(), settle)
