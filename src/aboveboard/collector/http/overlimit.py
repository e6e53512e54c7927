"""Deliveries that were refused for a limit, counted in the quarantine: a row a reason.

They may be many thousands a second, so that they are counted here and written once a second. What
was not written when the process ends is not in the quarantine.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from aboveboard.collector.allowlist import Accepted, Unfit, UnfitCounts
from aboveboard.collector.inbox.inbox import Delivery, UnavailableError

if TYPE_CHECKING:
    from aboveboard.collector.inbox.committer import Committer
    from aboveboard.collector.limits.limits import Limit

EVERY = 1.0


class Noting:
    """For the event loop's thread."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._counted: dict[str, Counter[Unfit]] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, project: str, limit: Limit) -> None:
        """Count a delivery that was refused."""
        self._counted.setdefault(project, UnfitCounts())[Unfit(limit.reason, "", "")] += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            await self._write_all()
        finally:
            self._task = None

    async def _write_all(self) -> None:
        while self._counted:
            await asyncio.sleep(EVERY)
            counted, self._counted = self._counted, {}
            for project, unfit in counted.items():
                await self._write_one(project, unfit)

    async def _write_one(self, project: str, unfit: Counter[Unfit]) -> None:
        try:
            await self._committer.submit(Delivery(project, None, Accepted(unfit=unfit)))
        except UnavailableError:
            self._counted.setdefault(project, UnfitCounts()).update(unfit)
