"""What is given to whoever writes statements, so that none of them has a connection of its own.

Each raises `WarehouseError` for what was not carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

Rows: TypeAlias = list[tuple[object, ...]]

Columns: TypeAlias = Mapping[str, Sequence[object]]
"""Rows that are inserted: the values of each column, by its name."""

Ask: TypeAlias = Callable[[str], Rows]
"""Answers a question."""

Command: TypeAlias = Callable[[str, Mapping[str, object]], None]
"""Carries out a statement with settings."""

Insert: TypeAlias = Callable[[str, Columns], None]
"""Inserts rows into a table of the database that all of the statements are about."""
