"""The projects as one sees them who only looks, damaged ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aboveboard.collector.inbox import storage

from . import migrations

if TYPE_CHECKING:
    from pathlib import Path


class Kept(NamedTuple):
    """A project as it stands in the file."""

    name: str
    catalog: bytes
    has_key: bool
    """Whether a key of it is in use."""

    is_public: bool
    """Whether its published site is shown to everybody."""


def look(directory: Path) -> list[Kept]:
    """Return the projects of a directory, the oldest first; nothing is changed.

    Raises:
        storage.StorageError: as `storage.reading` has it.
    """
    file = directory / migrations.FILE
    with storage.reading(file, len(migrations.PROJECTS)) as connection:
        rows = connection.execute(
            "SELECT name, CAST(catalog AS BLOB), EXISTS (SELECT 1 FROM write_key"
            " WHERE project = project.name AND revoked IS NULL), public FROM project"
            " ORDER BY added, name"
        ).fetchall()
    return [Kept(name, text, bool(has_key), bool(public)) for name, text, has_key, public in rows]
