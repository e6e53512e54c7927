"""A PostHog batch as a delivery: which of its events are new, and in which sessions they happened.

Both are known only inside the transaction that stores them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.collector.allowlist import Accepted, Unfit
from aboveboard.collector.inbox.inbox import Delivery
from aboveboard.collector.inbox.suppression import ERASED
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
        erased = memory.erased({each.user_id for each in told})
        stays = [each for each in told if each.user_id not in erased] if erased else told
        if erased:
            accepted.erased = len(told) - len(stays)
            accepted.unfit[Unfit(ERASED, "", "")] += accepted.erased
        runs = reader.translator.settle(stays, accepted, posthog.SOURCE, memory.recall, memory.note)
        memory.remember(runs)
        return accepted

    users = {each.user_id for each in told}
    return Delivery(reader.project.name, None, Accepted(), settle, users)
