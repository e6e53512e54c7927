"""Where a project's tables are: in one database, or in one on every node of a cluster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from . import schema
from .erasing import Erasing
from .errors import WarehouseAwayError
from .everywhere import Everywhere
from .structure.claims import Claims
from .structure.distributed import Distributed
from .structure.erased import Erased
from .structure.tables import Tables
from .structure.versions import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.catalog.catalog import Catalog

    from .engine.cluster import Cluster
    from .engine.link import Link
    from .engine.statements import Ask, Columns

Told = TypeVar("Told", Claims, Erased)


class Write(Protocol):
    """Inserts rows, given as columns, into a table of a database, by a node's connection."""

    def __call__(
        self, database: str, table: str, columns: Columns, *, node: Link | None = None
    ) -> None: ...


class Places(Protocol):
    """The places of a warehouse."""

    def tables(self, project: str) -> list[Tables]:
        """Return a project's tables: those of each place."""

    def ensure(self, project: str, catalog: Catalog, days: int | None) -> None:
        """Make a project's tables, or add to them what the catalog has more.

        Raises:
            WarehouseError: the catalog cannot be kept beside what is there already.
        """

    def drop(self, project: str) -> None:
        """Drop all that is kept of a project, as `Tables.drop` has it; files too."""

    def erasing(self, project: str) -> Erasing:
        """Return what erases rows of a project."""

    def check_versions(self, project: str) -> None:
        """See that this aboveboard can go on beside others that have the project's tables.

        Raises:
            WarehouseError: it cannot, or the tables are gone.
        """

    def claims(self, project: str) -> Claims:
        """Return what tells which of several collectors has a delivery.

        Raises:
            WarehouseError: the node where that is kept is away.
        """

    def erased(self, project: str) -> Erased:
        """Return what tells several collectors who was erased.

        Raises:
            WarehouseError: the node where that is kept is away.
        """


class One(Places):
    """One database a project, embedded or in a server.

    Args:
        writer: The connection that makes and changes tables.
        beside: One for what several collectors tell each other, which waits for no table.
        ask: Answers a question, beside what is being written.
        change: Carries out a statement, likewise.
        write: Inserts rows.
        free: Bytes that the disk has left; None where that cannot be known.
        is_shared: Whether other collectors may have the warehouse.
        _crash: As `Tables` has it, for tests.
    """

    def __init__(
        self,
        writer: Link,
        beside: Link,
        ask: Ask,
        change: Callable[[str], None],
        write: Write,
        free: Callable[[], int | None],
        *,
        is_shared: bool,
        _crash: Callable[[str], None],
    ) -> None:
        self._writer = writer
        self._beside = beside
        self._ask = ask
        self._change = change
        self._write = write
        self._free = free
        self._is_shared = is_shared
        self._crash = _crash

    def tables(self, project: str) -> list[Tables]:
        database = schema.database(project)
        return [
            Tables(
                project,
                database,
                self._writer.command,
                self._ask,
                partial(self._write, database),
                free=self._free(),
                is_shared=self._is_shared,
                _crash=self._crash,
            )
        ]

    def ensure(self, project: str, catalog: Catalog, days: int | None) -> None:
        for tables in self.tables(project):
            tables.make(catalog, days)

    def drop(self, project: str) -> None:
        for tables in self.tables(project):
            tables.drop()

    def erasing(self, project: str) -> Erasing:
        return Erasing(schema.database(project), self._change, self._ask)

    def check_versions(self, project: str) -> None:
        check(project, schema.database(project), self._beside.ask)

    def claims(self, project: str) -> Claims:
        return self._told(Claims, project)

    def erased(self, project: str) -> Erased:
        return self._told(Erased, project)

    def _told(self, made: type[Told], project: str) -> Told:
        database, node = schema.database(project), self._beside
        return made(database, node.command, node.ask, partial(self._write, database, node=node))


class Nodes(Places):
    """On each node of a cluster a database with its rows, and one with what stands for all rows.

    Args:
        cluster: The nodes.
        write: Inserts rows.
        _crash: As `Tables` has it, for tests.
    """

    def __init__(self, cluster: Cluster, write: Write, *, _crash: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._write = write
        self._crash = _crash

    def tables(self, project: str) -> list[Tables]:
        local = schema.local(project)
        return [
            Tables(
                project,
                local,
                node.command,
                node.ask,
                partial(self._write, local, node=node),
                is_replicated=self._cluster.is_replicated,
                is_shared=True,
                _crash=self._crash,
            )
            for node in self._cluster.nodes
        ]

    def ensure(self, project: str, catalog: Catalog, days: int | None) -> None:
        """Make the tables on every node, then what stands for them.

        A node that is away has what the others have, if there is nothing new; otherwise nothing is
        made anywhere before it is back, so that no node is left behind.
        """
        nodes = list(zip(self._cluster.nodes, self.tables(project), strict=True))
        away, is_made = [], True
        for node, tables in nodes:
            try:
                is_made &= tables.is_made(catalog) and self._stand_ins(node, project).is_made()
            except WarehouseAwayError as error:  # noqa: PERF203  # the others are looked at too
                away.append(error)
        if away and (not is_made or len(away) == len(nodes)):
            raise away[0]
        if away:
            return
        for _, tables in nodes:
            tables.make(catalog, days)
        for node in self._cluster.nodes:
            self._stand_ins(node, project).make()

    def drop(self, project: str) -> None:
        for node in self._cluster.nodes:
            self._stand_ins(node, project).drop()
        for tables in self.tables(project):
            tables.drop()

    def erasing(self, project: str) -> Erasing:
        local = schema.local(project)
        return Everywhere([Erasing(local, node.command, node.ask) for node in self._cluster.nodes])

    def check_versions(self, project: str) -> None:
        # Steps are taken on every node, or on none.
        check(project, schema.local(project), self._cluster.one_place().ask)

    def claims(self, project: str) -> Claims:
        return self._in_one_place(Claims, project)

    def erased(self, project: str) -> Erased:
        return self._in_one_place(Erased, project)

    def _in_one_place(self, made: type[Told], project: str) -> Told:
        node, local = self._cluster.one_place(), schema.local(project)
        insert = partial(self._write, local, node=node)
        return made(
            local, node.command, node.ask, insert, is_replicated=self._cluster.is_replicated
        )

    def _stand_ins(self, node: Link, project: str) -> Distributed:
        return Distributed(project, self._cluster.name, node.command, node.ask)
