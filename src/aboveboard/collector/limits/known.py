"""Which installs are known already, so that only new ones count as new: a Bloom filter of 8 MiB.

It answers "known" for every install that was added, and for some that were not: for fewer than 8 in
a hundred after ten million installs. A new install that is taken for a known one is taken for less,
never refused. It is made anew at each start, from the warehouse, and written nowhere: of an install
that was erased nothing of it stays.
"""

from __future__ import annotations

import threading

BITS = 2**26


class Known:
    """For any thread."""

    def __init__(self) -> None:
        self._bits = bytearray(BITS // 8)
        self._lock = threading.Lock()

    def __contains__(self, places: tuple[int, int]) -> bool:
        bits = self._bits
        one, other = places
        return bool(bits[one >> 3] >> (one & 7) & 1 and bits[other >> 3] >> (other & 7) & 1)

    def add(self, places: tuple[int, int]) -> None:
        with self._lock:  # each is read and written, and two may share a byte
            for place in places:
                self._bits[place >> 3] |= 1 << (place & 7)
