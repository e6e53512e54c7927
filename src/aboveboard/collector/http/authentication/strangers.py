"""Requests with a write key that nobody knows, told in the log: a line a minute, and how many.

Whoever has just put a key into a tool, and mistyped it, finds it here. The line has nothing of what
was sent: a key that is unknown here may be somebody's secret elsewhere.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds from a line to the next."""


class Strangers:
    """For the event loop's thread.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock()
        self._count = 0

    def note(self) -> None:
        """Count a request; say how many there were, unless that was said within the minute."""
        self._count += 1
        if self._clock() < self._next:
            return
        many = "a request" if self._count == 1 else f"{self._count} requests"
        log.warning(
            "%s came with a write key that is unknown here: `aboveboard keys list` has those that "
            "are known",
            many,
        )
        self._count = 0
        self._next = self._clock() + EVERY
