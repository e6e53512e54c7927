"""Who has sent how much lately: a bucket for each, in a fixed amount of memory.

A bucket empties at its limit's rate, and is full when as much came as the limit allows. It is kept
as one number: the moment in which it will be empty (the generic cell rate algorithm, as networks
have it). A sender that finds any room is taken whole, however large what it brings is, and waits
for longer afterwards: so nothing is too large to be ever taken, and the rate holds in the mean.

Installs are too many, and too easily made up, to have a bucket each. They share a table of them: an
install has two, chosen by a keyed digest, and the emptier counts. What others put into a bucket can
only make it look fuller than it is: with the limits of a key as they are, by a few hundredths. The
library `limits` has a counter for each, and no bound for those who make up installs.
"""

from __future__ import annotations

from array import array

PLACES = 2**16
"""Buckets in a row of a table: as many as 16 bits tell apart."""

ROWS = 2

Places = tuple[int, int]
"""An install's bucket in each row of a table."""


class Buckets:
    """One limit's buckets of all installs: 1 MiB."""

    def __init__(self) -> None:
        self._empty = array("d", bytes(8 * PLACES * ROWS))

    def empty(self, places: Places) -> float:
        """Return when the bucket of an install is empty."""
        return min(self._empty[places[0]], self._empty[PLACES + places[1]])

    def add(self, places: Places, seconds: float, now: float) -> None:
        """Put in what takes an install's bucket so many seconds to empty."""
        one, other = places[0], PLACES + places[1]
        there = self._empty
        emptier = one if there[one] < there[other] else other
        until = max(now, there[emptier]) + seconds
        if there[one] < until:
            there[one] = until
        if there[other] < until:
            there[other] = until
