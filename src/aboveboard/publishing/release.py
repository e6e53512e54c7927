"""A release: all numbers of one period, as they are published and as the ledger keeps them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from . import periods

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .periods import Period
    from .tables import PropertyTable

FORMAT = 1

_TABLE = re.compile(r"[A-Za-z0-9_]{1,64}(\.[A-Za-z0-9_]{1,64})?", re.ASCII)
"""A table's name, which is a file's on the site: whoever may write into a site chooses no path."""


_MOST = 2**53
"""Whole numbers up to here are the same to every reader of JSON."""


class ReleaseError(ValueError):
    """A file is no release; the text says which file."""


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table's numbers.

    Args:
        cap: For how many of the keys one install counts at most.
        keys: The public list.
        counts: Installs by key, in the same order; None where the number is withheld.
    """

    name: str
    title: str
    doc: str
    cap: int
    keys: list[str]
    counts: list[int | None]


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """All that is told of a period.

    Args:
        kind: Whether numbers have noise, or are exact and the small ones withheld.
        rho: What the period spent, of zero-concentrated differential privacy; 0 if exact.
        scale: The standard deviation of the noise; 0 if exact.
        k: The least number that is told if exact; 0 with noise.
        installs: Active installs.
        made: The day on which it was made.
    """

    format: int
    project: str
    period: str
    since: str
    until: str
    kind: Literal["noise", "exact"]
    rho: float
    scale: float
    k: int
    installs: int
    tables: list[Counted]
    made: str
    aboveboard: str

    @property
    def days(self) -> Period:
        return periods.of_name(self.period)

    def table(self, name: str) -> Counted | None:
        """Return the table of that name."""
        return next((each for each in self.tables if each.name == name), None)


def counted(table: PropertyTable, counts: Sequence[int | None]) -> Counted:
    """Return a table with its numbers."""
    return Counted(table.name, table.title, table.doc, table.cap, list(table.keys), list(counts))


class Published(msgspec.Struct, frozen=True):
    """A release as a site has it: with the licence of its data."""

    licence: str
    release: Release


def encode(release: Release) -> bytes:
    """Return a release as the ledger keeps it."""
    return msgspec.json.format(msgspec.json.encode(release), indent=0) + b"\n"


def encode_published(release: Release, licence: str) -> bytes:
    """Return a release as a site has it."""
    return msgspec.json.format(msgspec.json.encode(Published(licence, release)), indent=0) + b"\n"


def decode(content: bytes, name: str) -> Release:
    """Return what `encode` wrote.

    Raises:
        ReleaseError: it is something else, or of a newer aboveboard.
    """
    try:
        return _checked(msgspec.json.decode(content, type=Release), name)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReleaseError(f"{name} is no release of a period: {error}") from None


def decode_published(content: bytes, name: str) -> Release:
    """Return the release of what `encode_published` wrote.

    Raises:
        ReleaseError: it is something else, or of a newer aboveboard.
    """
    try:
        return _checked(msgspec.json.decode(content, type=Published).release, name)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReleaseError(f"{name} is no release of a period: {error}") from None


def _checked(told: Release, name: str) -> Release:
    try:
        days = periods.of_name(told.period)
    except periods.PeriodError as error:
        raise ReleaseError(f"{name} is no release of a period: {error}") from None
    if (
        told.format != FORMAT
        or (told.since, told.until) != (days.since.isoformat(), days.until.isoformat())
        or any(
            len(each.keys) != len(each.counts) or not _TABLE.fullmatch(each.name)
            for each in told.tables
        )
        or not (0 <= told.rho < 1e6 and 0 <= told.scale < 1e9)
        or any(abs(number) > _MOST for number in _numbers(told))
    ):
        raise ReleaseError(f"{name} is no release of a period that this aboveboard can read")
    return told


def _numbers(told: Release) -> Iterator[int]:
    yield told.installs
    for each in told.tables:
        yield from (count for count in each.counts if count is not None)
