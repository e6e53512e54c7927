"""Choices: what a project's data has for the filters to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import TYPE_CHECKING

from aboveboard.catalog.catalog import OPERATING_SYSTEMS
from aboveboard.insights.versions import age
from aboveboard.warehouse import database

if TYPE_CHECKING:
    from aboveboard.warehouse import Warehouse

_SQL = resources.files(__package__).joinpath("choices.sql").read_text("utf-8")


RELEASE = 0.02
"""The least share of all sessions with which a version is marked as a release: builds of one's own
have versions too."""

NEWEST = 8
"""So many releases are marked."""


@dataclass(frozen=True)
class Choices:
    """The days on which sessions began, and their versions (newest first) and systems.

    Args:
        releases: The day of the first session of each version that many use, newest first.
    """

    first: date
    last: date
    versions: tuple[str, ...]
    systems: tuple[str, ...]
    releases: tuple[tuple[str, date], ...] = ()


def find(warehouse: Warehouse, project: str) -> Choices | None:
    """Return the choices, or None where the project has no session yet.

    Raises:
        WarehouseError: the question could not be answered.
    """
    ((sessions, first, last, versions, systems),) = warehouse.query(
        _SQL, {"project": database(project)}
    ).rows
    if not sessions:
        return None
    assert isinstance(first, date)
    assert isinstance(last, date)
    assert isinstance(versions, list)
    assert isinstance(systems, list)
    told = sorted(versions, key=lambda each: age(each[0]), reverse=True)
    everything = sum(its for _, _, its in told)
    return Choices(
        first,
        last,
        tuple(version for version, _, _ in told),
        tuple(system for system in OPERATING_SYSTEMS if system in systems),
        tuple((version, since) for version, since, its in told if its >= RELEASE * everything)[
            :NEWEST
        ],
    )
