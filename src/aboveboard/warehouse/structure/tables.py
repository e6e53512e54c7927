"""A project's tables on one node: made, grown, brought up to date, and dropped.

Names in these statements are `schema.quote`d, and numbers are numbers: nothing else is pasted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.warehouse import schema

from . import claims, erased, projections
from .migration import Migration
from .unstarted import TABLE as UNSTARTED
from .unstarted import VIEW, Unstarted, create_view
from .versions import TABLE as VERSIONS
from .versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.warehouse.engine.statements import Ask, Command, Insert


class Tables:
    """The tables of a project in one database.

    Args:
        project: Whose.
        database: Where.
        command: Carries out a statement with settings.
        ask: Answers a question.
        insert: Inserts rows, given as columns, into a table of the database.
        free: Bytes that the disk has left; None where that cannot be known.
        is_replicated: Whether rows have replicas.
        is_shared: Whether several collectors may have this warehouse.
        _crash: As `Migration` and `Unstarted` have it, for tests.
    """

    def __init__(
        self,
        project: str,
        database: str,
        command: Command,
        ask: Ask,
        insert: Insert,
        *,
        free: int | None = None,
        is_replicated: bool = False,
        is_shared: bool = False,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._project = project
        self._database = database
        self._command = command
        self._ask = ask
        self._insert = insert
        self._free = free
        self._is_replicated = is_replicated
        self._is_shared = is_shared
        self._crash = _crash

    def is_made(self, catalog: Catalog) -> bool:
        """Return whether `make` would find all that it makes."""
        there = present(self._ask, self._database)
        shared = {claims.CLAIMS, claims.TURNS, erased.TABLE} if self._is_shared else set()
        return {UNSTARTED, VIEW, VERSIONS, *shared} <= there.keys() and all(
            {column.name for column in each.columns} <= there.get(each.name, {}).keys()
            for each in schema.tables(catalog)
        )

    def make(self, catalog: Catalog, days: int | None = None) -> None:
        """Make the tables, or add to them what the catalog has more.

        Args:
            catalog: What they hold.
            days: How long rows are kept, by their hour; as before where None.

        Raises:
            WarehouseError: the catalog cannot be kept beside what is there already.
        """
        wanted = schema.tables(catalog)
        self._command(schema.create_database(self._database), {})
        there = self._bring_up_to_date(catalog)
        if schema.SESSIONS in there and VIEW not in there:
            # Of what is there, so that questions are answered also if the catalog is refused.
            self._command(create_view(self._database, there[schema.SESSIONS]), {})
        for each in wanted:
            if each.name in there:
                growth = schema.grow_table(self._database, each, there[each.name])
            else:
                growth = schema.create_table(
                    self._database,
                    each,
                    beside=projections.declared(each),
                    days=days,
                    is_replicated=self._is_replicated,
                )
            if growth is not None:
                self._command(growth, {})
        projections.Projections(self._database, self._command, self._ask).make(wanted)
        for each in wanted:
            if each.name == schema.SESSIONS:
                columns = {column.name: column.type for column in each.columns}
                self._command(create_view(self._database, columns), {})
        if days is not None:
            self._keep_for(days)

    def remove(self, move: int) -> None:
        """Remove the rows that one move brought; they are gone when this returns."""
        for table, columns in present(self._ask, self._database).items():
            if schema.MOVE.name in columns:
                self._command(
                    f"ALTER TABLE {schema.name(self._database, table)} "
                    f"DELETE WHERE {schema.MOVE.name} = {move:d}",
                    {"mutations_sync": 2},
                )

    def drop(self) -> None:
        """Drop all of them; they are gone, files too, when this returns.

        But for the digests of who was erased, if another collector may have rows of them that wait:
        with those it would make the tables again. They go when such rows would be too old.
        """
        if not (self._is_shared and self._knows_erased()):
            self._command(f"DROP DATABASE IF EXISTS {schema.quote(self._database)} SYNC", {})
            return
        for name, engine in self._ask(
            f"SELECT name, engine FROM system.tables WHERE database = '{self._database}' "
            f"AND name != '{erased.TABLE}' ORDER BY engine LIKE '%View' DESC"
        ):
            what = "VIEW" if str(engine).endswith("View") else "TABLE"
            self._command(f"DROP {what} {schema.name(self._database, str(name))} SYNC", {})

    def _knows_erased(self) -> bool:
        if erased.TABLE not in present(self._ask, self._database):
            return False
        return erased.Erased(
            self._database,
            self._command,
            self._ask,
            self._insert,
            is_replicated=self._is_replicated,
        ).are_any()

    def _bring_up_to_date(self, catalog: Catalog) -> dict[str, dict[str, str]]:
        """Take the steps that are left, and return the tables that are there then."""
        there = present(self._ask, self._database)
        versions = Versions(
            self._project,
            self._database,
            lambda sql: self._command(sql, {}),
            self._ask,
            self._insert,
            is_shared=self._is_shared,
        )
        left = versions.left(there)
        migration = Migration(
            self._project,
            catalog,
            there,
            self._command,
            self._ask,
            self._free,
            _crash=self._crash,
        )
        if migration.is_needed:
            migration.run()
            there = present(self._ask, self._database)
        Unstarted(
            self._database,
            self._command,
            self._ask,
            self._insert,
            is_replicated=self._is_replicated,
            _crash=self._crash,
        ).make(there)
        if self._is_shared and not {claims.CLAIMS, claims.TURNS, erased.TABLE} <= there.keys():
            for declared in (
                *claims.create(self._database, is_replicated=self._is_replicated),
                erased.create(self._database, is_replicated=self._is_replicated),
            ):
                self._command(declared, {})
        versions.note(left)
        return there

    def _keep_for(self, days: int) -> None:
        """Have rows go by themselves once they are so old; those of today's tables too."""
        rows = self._ask(
            "SELECT name, create_table_query FROM system.tables "
            f"WHERE database = '{self._database}' AND engine LIKE '%MergeTree'"
        )
        for name, declared in rows:
            if "`time`" in str(declared) and schema.lifetime(days) not in str(declared):
                # Not waited for: old parts are written anew one after the other.
                self._command(schema.keep_for(self._database, str(name), days), {"alter_sync": 0})


def present(ask: Ask, database: str) -> dict[str, dict[str, str]]:
    """Return the tables and views of a database: column to type, by name."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in ask(
        f"SELECT table, name, type FROM system.columns WHERE database = '{database}' "
        "ORDER BY table, position"
    ):
        found.setdefault(str(table), {})[str(column)] = str(kind)
    return found
