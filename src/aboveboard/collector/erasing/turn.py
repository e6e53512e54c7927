"""How many requests to erase are taken: whoever makes up ids can make them by the million."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 100
EVERY = 6.0
"""A project's requests that are taken at once, and seconds from each to the next after that. Each
stays for as long as events do: a year of nothing else is five million rows of some fifty bytes."""


class Turns:
    """Gives requests their turn. For the event loop's thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full: dict[str, float] = {}
        """By project, when as many as `AT_ONCE` may come again."""

    def wait(self, project: str) -> int | None:
        """Take a turn and return None, or return the seconds until there is one."""
        now = self._clock()
        full = max(self._full.get(project, now), now) + EVERY
        late = full - now - AT_ONCE * EVERY
        if late > 0:
            return math.ceil(late)
        self._full[project] = full
        return None
