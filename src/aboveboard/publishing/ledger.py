"""The ledger: what was published, and what it spent; a file a period, in the data directory.

The entry of a period is its release itself, numbers and all. It is on the disk before a site says
anything of it, so that a command which is killed either spent nothing that anybody saw, or finds
the same numbers the next time: a period is never drawn twice. A site has a copy of each entry
(`v1/releases/`). Whatever a site has and the ledger has not, as after the data directory was put
back from an older copy, is taken into the ledger first: what was spent is not forgotten.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import filelock

from . import release
from .budget import Spent
from .release import Release, ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .periods import Period

DIRECTORY = "published"


class LedgerError(Exception):
    """The ledger cannot be used, or does not allow it; the text says what to do."""


def _entry(file: Path, project: str) -> Release:
    """Read a period's entry: what is elsewhere than it says would hide what was spent."""
    found = release.decode(file.read_bytes(), str(file))
    if (found.project, f"{found.period}.json") != (project, file.name):
        raise ReleaseError(f"{file} is {found.period} of {found.project}")
    return found


class Ledger:
    """The ledger of one project.

    Args:
        data: The data directory.
        project: Whose.

    Raises:
        LedgerError: it cannot be read.
    """

    def __init__(self, data: Path, project: str) -> None:
        self._directory = data / DIRECTORY / project
        self._project = project
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            files = sorted(self._directory.glob("*.json"))
            found = [_entry(file, project) for file in files]
        except OSError as error:
            raise LedgerError(
                f"the ledger {self._directory} cannot be read: {error.strerror}"
            ) from None
        except ReleaseError as error:
            raise LedgerError(
                f"{error}: put it back from a copy, or move it away beside a site that has it"
            ) from None
        self._releases = {each.period: each for each in found}

    @classmethod
    @contextlib.contextmanager
    def locked(cls, data: Path, project: str) -> Iterator[Ledger]:
        """Give the ledger to one process at a time.

        Raises:
            LedgerError: it cannot be read, or another process has it.
        """
        directory = data / DIRECTORY
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = filelock.FileLock(directory / f"{project}.lock", timeout=0)
            lock.acquire()
        except filelock.Timeout:
            raise LedgerError(f"{project} is being published by another process") from None
        except OSError as error:
            raise LedgerError(f"the ledger {directory} cannot be kept: {error.strerror}") from None
        try:
            yield cls(data, project)
        finally:
            lock.release()

    def all(self) -> list[Release]:
        """Return every release, the earliest first."""
        return sorted(self._releases.values(), key=lambda each: each.days)

    def get(self, period: Period) -> Release | None:
        return self._releases.get(period.name)

    def overlapping(self, period: Period) -> Release | None:
        """Return a release, of another period, that has some of this one's days."""
        for each in self.all():
            if each.period != period.name and each.days.overlaps(period):
                return each
        return None

    def spent(self) -> list[Spent]:
        return [Spent(each.days, each.rho) for each in self.all() if each.rho]

    def keep(self, made: Release) -> None:
        """Keep a release; it is on the disk when this returns.

        Raises:
            LedgerError: it cannot be kept, or the period has one, or some of its days.
        """
        other = self.get(made.days) or self.overlapping(made.days)
        if made.project != self._project or other is not None:
            taken = other.period if other else made.project
            raise LedgerError(f"{made.period} cannot be published: {taken} is out already")
        file = self._directory / f"{made.period}.json"
        part = self._directory / f".{made.period}.part"
        try:
            with part.open("wb") as writing:
                writing.write(release.encode(made))
                writing.flush()
                os.fsync(writing.fileno())
            part.replace(file)
            descriptor = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise LedgerError(f"{file} cannot be written: {error.strerror}") from None
        self._releases[made.period] = made

    def take_up(self, site: Path) -> list[str]:
        """Take up the releases of a site that are not in the ledger; return their periods.

        Raises:
            LedgerError: the site has other numbers of a period than the ledger, or another
                project's.
        """
        taken = []
        try:
            files = sorted((site / "v1" / "releases").glob("*.json"))
            there = [release.decode_published(file.read_bytes(), str(file)) for file in files]
        except OSError as error:
            raise LedgerError(f"{site} cannot be read: {error.strerror}") from None
        except ReleaseError as error:
            raise LedgerError(f"{error}: publish into another directory") from None
        for each in there:
            if each.project != self._project:
                raise LedgerError(f"{site} is the site of {each.project}: name another directory")
            known = self._releases.get(each.period)
            if known is None:
                self.keep(each)
                taken.append(each.period)
            elif known != each:
                raise LedgerError(
                    f"{site} has other numbers of {each.period} than the ledger "
                    f"{self._directory}: both were published, so find out which data directory "
                    "they are from, and publish from that one"
                )
        return taken
