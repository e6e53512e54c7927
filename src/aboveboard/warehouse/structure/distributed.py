"""What stands for a project's tables on a cluster: under their names on every node, without rows.

Each node has its shard's rows in tables of a database of its own (`schema.local`). In the project's
own database each of them has a `Distributed` table, which sends a row to the shard that its install
belongs to, and a question to every shard. The view `_sessions` has one too, so that a question
inside another one is answered where the rows are (`distributed_product_mode = 'local'`): all that
is of an install is on one shard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.warehouse import schema

from .tables import present
from .unstarted import TABLE, VIEW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aboveboard.warehouse.engine.statements import Ask

KEY = "cityHash64(user_id)"
"""Which shard an install belongs to. It can never change: rows do not move."""


class Distributed:
    """A node's stand-ins for one project's tables.

    Args:
        project: Whose.
        cluster: What the node's configuration calls the cluster.
        command: Carries out a statement.
        ask: Answers a question.
    """

    def __init__(
        self,
        project: str,
        cluster: str,
        command: Callable[[str], None],
        ask: Ask,
    ) -> None:
        self._local = schema.local(project)
        self._database = schema.database(project)
        self._cluster = cluster.replace("\\", "\\\\").replace("'", "\\'")
        self._command = command
        self._ask = ask

    def is_made(self) -> bool:
        """Return whether each table has one of its columns."""
        return next(self._lacking(), None) is None

    def make(self) -> None:
        """Make them as the node's tables are. Rows are never in them, so they are made anew."""
        self._command(schema.create_database(self._database))
        for table, columns in self._lacking():
            declared = ", ".join(f"{schema.quote(name)} {kind}" for name, kind in columns.items())
            self._command(
                f"CREATE OR REPLACE TABLE {schema.name(self._database, table)} ({declared}) "
                f"ENGINE = Distributed('{self._cluster}', '{self._local}', '{table}', {KEY})"
            )

    def drop(self) -> None:
        self._command(f"DROP DATABASE IF EXISTS {schema.quote(self._database)} SYNC")

    def _lacking(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        there = present(self._ask, self._database)
        for table, columns in present(self._ask, self._local).items():
            is_rows = "user_id" in columns and (not table.startswith("_") or table in (TABLE, VIEW))
            if is_rows and there.get(table) != columns:
                yield table, columns
