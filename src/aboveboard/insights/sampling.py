"""Samples: over very much data, questions about use are asked of some installs, drawn by chance.

An install is in a sample with all that it did, since it is what intervals draw too: so a share, and
its interval, are those of a smaller population, and nothing else changes. What is counted or summed
is multiplied by how many installs stand behind one. Keys of installs are random and tables are
sorted by them, so a sample is a range of keys, and the rest is not read.

What is too rare for that, one error, is asked of all installs that had it (a stratum of which all
is taken: Cochran, Sampling Techniques, 1977, chapter 5) and, for what they are a share of, of those
in the sample that had not, of which each counts for `one_in`.

Which range it is depends on `place`, which nobody knows who cannot read the dashboard, whose SQL
has it: whoever could make up installs that are in every sample would count for many. Samples lie
in each other, and all hold `place`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.warehouse import database
from aboveboard.warehouse.schema import KEYS_BITS, KEYS_FROM

from .statement import fitted

if TYPE_CHECKING:
    from aboveboard.warehouse import Warehouse

    from .filters import Filters
    from .insight import Project

SESSIONS_MOST = 300_000
"""Sessions that a question counts; of more, a sample. With twenty events a session a question
then takes about a second (bench/README.md, "Insights")."""

ONE_IN_MOST = 1024
"""What is drawn least: of ten thousand million events about ten million."""

INSTALLS_LEAST = 1000
"""Installs in a sample, about: few that are busy tell less than they seem to."""

LOOKED_AT = 64
"""One in so many installs is looked at to tell whether there are more. Where a sample begins, that
are 5,000 sessions, so it is told within a few percent."""

_SESSIONS = """
SELECT count(), uniqExact(user_id) FROM (
    WITH
    --% include "asked.sql"
    every AS (SELECT 1)
    SELECT user_id FROM {{ rows("_sessions") }}
    WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
        --% if filtered
        AND session IN asked
        --% endif
)
"""


@dataclass(frozen=True)
class Sampling:
    """One install in `one_in`.

    Args:
        one_in: A power of two.
        place: A number below 2⁶², as `place_of` makes it.
        sessions: How many there are, in the sample and out of it; 0 where that is not known.
        take_all: Whether installs that had what is asked for are taken too, all of them.
    """

    one_in: int
    place: int
    sessions: int = 0
    take_all: bool = False

    @property
    def factor(self) -> int:
        """What counts of an answer are still to be multiplied by: the SQL weighs its strata."""
        return 1 if self.take_all else self.one_in

    def keys(self) -> tuple[int, int]:
        """Return the first and the last key of its installs."""
        size = (1 << KEYS_BITS) // self.one_in
        first = KEYS_FROM + self.place // size * size
        return first, first + size - 1

    def parameters(self) -> dict[str, object]:
        """Return what a question of a sample binds."""
        first, last = self.keys()
        bound: dict[str, object] = {"sample_first": first, "sample_last": last}
        return {**bound, "one_in": self.one_in} if self.take_all else bound


def place_of(secret: bytes) -> int:
    """Return the place of samples that a secret stands for."""
    digest = hashlib.blake2b(b"sample", key=secret, digest_size=8).digest()
    return int.from_bytes(digest) >> (64 - KEYS_BITS)


def choose(warehouse: Warehouse, project: Project, filters: Filters, place: int) -> Sampling | None:
    """Return the sample that a question is to be asked of; None where of everybody.

    Args:
        warehouse: Where the project's tables are.
        project: Whose.
        filters: What is asked for: a filter that few sessions fit needs no sample.
        place: Where samples lie.

    Raises:
        FilterError: the catalog has no event or property that the filters name.
        WarehouseError: the data cannot be asked.
    """
    looked, _ = _asked(warehouse, project, filters, Sampling(LOOKED_AT, place))
    if looked * LOOKED_AT <= SESSIONS_MOST:
        return None
    sessions, installs = _asked(warehouse, project, filters)  # the look may have seen a busy one
    one_in = 1
    while (
        sessions > SESSIONS_MOST * one_in
        and installs >= INSTALLS_LEAST * one_in * 2
        and one_in < ONE_IN_MOST
    ):
        one_in *= 2
    return Sampling(one_in, place, sessions) if one_in > 1 else None


def _asked(
    warehouse: Warehouse, project: Project, filters: Filters, sampling: Sampling | None = None
) -> tuple[int, int]:
    """Return how many sessions are asked for, and of how many installs."""
    sql, names = fitted(_SESSIONS, (), project.catalog, filters, sampling=sampling)
    bound = {"project": database(project.name), **filters.parameters(), **names}
    ((sessions, installs),) = warehouse.query(sql, bound).rows
    return int(str(sessions)), int(str(installs))
