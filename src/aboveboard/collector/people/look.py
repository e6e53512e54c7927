"""The register as one sees it who only looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.collector.inbox import storage
from aboveboard.collector.projects import migrations

from .register import SECRET

if TYPE_CHECKING:
    from pathlib import Path


def is_set(directory: Path) -> bool:
    """Return whether the hash of an admin secret is kept; nothing is changed.

    Raises:
        storage.StorageError: as `storage.reading` has it.
    """
    file = directory / migrations.FILE
    with storage.reading(file, len(migrations.PROJECTS)) as connection:
        rows = connection.execute("SELECT 1 FROM setting WHERE name = ?", (SECRET,)).fetchall()
    return bool(rows)
