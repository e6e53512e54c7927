"""Whether a worker gets on: a step that does not end is a trouble of which no error tells.

A lock that another process holds, a warehouse that takes a request and never answers: for as long
as somebody's patience lasts nothing fails, and nothing is done either.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Progress:
    """What a worker is at, and since when. The worker marks; any thread may look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._step: tuple[str, float] | None = None

    def mark(self, step: str) -> None:
        """Say that a step begins, and that the one before has ended."""
        self._step = (step, self._clock())

    def rest(self) -> None:
        """Say that there is nothing to do."""
        self._step = None

    def stalled(self, seconds: float) -> str | None:
        """Return the step that the worker has been at for more than so many seconds."""
        step = self._step
        if step is None or self._clock() - step[1] <= seconds:
            return None
        return step[0]
