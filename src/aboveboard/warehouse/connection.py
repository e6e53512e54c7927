"""The connection: one dialect to an embedded ClickHouse or to a server.

clickhouse-connect's clients serialise their calls, so reads borrow from a small pool and do not
wait for an insert.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from aboveboard.catalog.line import SESSION, USER_ID

from . import repair, schema
from .columns import MONEY_MAX
from .engine import address, driver
from .engine.complaints import plain
from .engine.embedded import Embedded
from .engine.server import Server
from .erasing import Erasing
from .limits import Limits
from .migration import Migration
from .readonly import ReadOnly
from .result import Result
from .unstarted import VIEW, Unstarted, create_view
from .versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from aboveboard.catalog.catalog import Catalog

LIMITS = Limits()

READERS = 4
"""How many queries run at once; more would only share the same processors."""


def embedded(directory: Path) -> str:
    """Return the URL of an embedded warehouse in a directory."""
    return f"chdb://{quote(str(directory.resolve()))}"


class Warehouse:
    """Where events are kept.

    Args:
        url: `chdb:///absolute/directory`, or `clickhouse://user:password@host:8123/` (`https://`
            and `http://` work too).
        limits: What one question may cost.
        _crash: As `Migration` and `Unstarted` have it, for tests.

    Raises:
        WarehouseBusyError: another process has the embedded directory open.
        WarehouseError: it cannot be reached or opened.
    """

    def __init__(
        self,
        url: str,
        limits: Limits = LIMITS,
        *,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        directory = address.directory(url)
        self.limits = limits
        self._engine = Embedded(directory) if directory else Server(address.address(url))
        self._money: dict[str, dict[str, frozenset[str]]] = {}
        self._crash = _crash
        self._reading = threading.Lock()
        self._read_only: dict[Limits, ReadOnly] = {}
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._slots = queue.SimpleQueue[None]()
        for _ in range(READERS):
            self._slots.put(None)
        try:
            self._writer = self._engine.connect()
        except BaseException:
            self._engine.close()
            raise

    def ensure(self, project: str, catalog: Catalog, days: int | None = None) -> None:
        """Make the project's tables, or add to them what the catalog has more.

        Args:
            project: Whose.
            catalog: What they hold.
            days: How long rows are kept, by their hour; as before where None.

        Raises:
            WarehouseError: the catalog cannot be kept beside what is there already.
        """
        wanted = schema.tables(catalog)
        self._money[project] = schema.money(catalog)
        with plain():
            self._writer.command(schema.create_database(project))
            present = self._tables(project)
            versions = Versions(
                project,
                lambda sql: self._change(sql, {}),
                lambda sql: self.query(sql, bounded=False).rows,
                partial(self._write, project, settings={}),
            )
            left = versions.left(present)
            migration = Migration(
                project,
                catalog,
                present,
                self._change,
                lambda sql: self.query(sql, bounded=False).rows,
                self._engine.free(),
                _crash=self._crash,
            )
            if migration.is_needed:
                migration.run()
                present = self._tables(project)
            self._unstarted(project).make(present)
            versions.note(left)
            if schema.SESSIONS in present and VIEW not in present:
                # Of what is there, so that questions are answered also if the catalog is refused.
                self._writer.command(create_view(project, present[schema.SESSIONS]))
            for each in wanted:
                if each.name not in present:
                    self._writer.command(schema.create_table(project, each))
                    continue
                growth = schema.grow_table(project, each, present[each.name])
                if growth is not None:
                    self._writer.command(growth)
            for each in wanted:
                if each.name == schema.SESSIONS:
                    columns = {column.name: column.type for column in each.columns}
                    self._writer.command(create_view(project, columns))
            if days is not None:
                self._keep_for(project, days)

    def insert(
        self, project: str, table: str, columns: Mapping[str, Sequence[object]], token: str
    ) -> None:
        """Insert rows, given as columns; a null takes its column's default.

        Installs and sessions are given as UUIDs, and kept as keys.

        The same token again inserts nothing, in this process or a later one, for as long as
        ClickHouse remembers it (`schema.create_table`); and a server does not begin while another
        insert with it is under way, of a process that was killed maybe.

        Raises:
            WarehouseError: nothing, or not all, was inserted; `missing` tells what.
        """
        kept = self.kept(project, table, columns)
        with plain(rows=True):
            named = self._engine.named(token)
            self._write(project, table, kept, {**named, "insert_deduplication_token": token})

    def kept(
        self, project: str, table: str, columns: Mapping[str, Sequence[object]]
    ) -> dict[str, Sequence[object]]:
        """Return columns as a table has them: keys for ids, and no more than a decimal holds."""
        return _kept(table, columns, self._money.get(project, {}).get(table, frozenset()))

    def missing(
        self, project: str, table: str, columns: Mapping[str, Sequence[object]], move: int
    ) -> dict[str, list[object]]:
        """Return those rows of a move that its table has not; columns as `insert` takes them.

        Raises:
            WarehouseError: it cannot be known now.
        """
        return repair.missing(
            lambda sql: self.query(sql, bounded=False).rows, project, table, move, columns
        )

    def note_sessions(
        self, project: str, seen: Mapping[tuple[str, str], int], begun: Collection[tuple[str, str]]
    ) -> None:
        """Have each session in the view `_sessions` once, also if its start has not come.

        The same call again, in whatever order with others, changes nothing.

        Args:
            project: Whose.
            seen: Installs and sessions whose events were inserted without a start, with the hour
                of the first one.
            begun: Installs and sessions whose start was inserted.

        Raises:
            WarehouseError: not all is noted; the same call may be repeated.
        """
        with plain(rows=True):
            self._unstarted(project).note(seen, begun)

    def remove(self, project: str, move: int) -> None:
        """Remove the rows that one move brought; they are gone when this returns.

        Raises:
            WarehouseError: some may be there still; the same call may be repeated.
        """
        with plain():
            for table, columns in self._tables(project).items():
                if schema.MOVE.name in columns:
                    into = f"{schema.quote(schema.database(project))}.{schema.quote(table)}"
                    self._writer.command(
                        f"ALTER TABLE {into} DELETE WHERE {schema.MOVE.name} = {move:d}",
                        settings={"mutations_sync": 2},
                    )

    def drop(self, project: str) -> None:
        """Drop all that is kept of a project; it is gone, files too, when this returns.

        Raises:
            WarehouseError: some may be there still; the same call may be repeated.
        """
        with plain():
            name = schema.quote(schema.database(project))
            self._writer.command(f"DROP DATABASE IF EXISTS {name} SYNC")

    def erasing(self, project: str) -> Erasing:
        """Return what erases rows of a project; it keeps no insert waiting. For any thread."""
        return Erasing(
            project,
            self._change_beside,
            lambda sql: self.query(sql, bounded=False).rows,
        )

    def query(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        bounded: bool = True,
    ) -> Result:
        """Answer a question. Values are bound (`{since:DateTime}`), never pasted into the text.

        Args:
            sql: The question.
            parameters: What is bound.
            bounded: Whether `limits` hold; not for what only the collector itself can ask.

        Raises:
            QueryLimitError: the question needs more than `limits`.
            WarehouseError: the question could not be answered.
        """
        bound = dict(parameters or {})
        limits = self.limits if bounded else None
        settings = {**(limits.settings() if limits else {}), **self._engine.reading}
        with self._reader() as client, plain(limits=limits):
            answer = client.query(sql, parameters=bound, settings=settings)
            columns = list(answer.column_names)
            if not columns:
                # Embedded, an answer without rows comes without the names of its columns.
                described = client.query(
                    f"DESCRIBE TABLE (\n{sql}\n)", parameters=bound, settings=settings
                )
                columns = [str(row[0]) for row in described.result_rows]
            return Result(columns, [tuple(row) for row in answer.result_rows])

    def read_only(
        self, sql: str, limits: Limits, parameters: Mapping[str, object] | None = None
    ) -> Result:
        """Answer a question over a connection that only reads; one question at a time.

        Raises:
            QueryLimitError: the question needs more than `limits`.
            WarehouseError: the question could not be answered.
        """
        return self._reads_only(limits).query(sql, parameters)

    def explain(self, sql: str, limits: Limits) -> list[str]:
        """Return what ClickHouse explains, a line each, over the connection that only reads.

        Raises:
            QueryLimitError: it needs more than `limits`.
            WarehouseError: it cannot be explained.
        """
        return self._reads_only(limits).explain(sql)

    def _reads_only(self, limits: Limits) -> ReadOnly:
        with self._reading:
            reader = self._read_only.get(limits)
            if reader is None:
                reader = ReadOnly(self._engine.connect, limits, self._engine.reading)
                self._read_only[limits] = reader
        return reader

    @property
    def directory(self) -> Path | None:
        """Where an embedded warehouse has its files; None for a server."""
        return self._engine.directory

    def present(self, project: str) -> dict[str, dict[str, str]]:
        """Return a project's tables and views as they are: column to type, by name."""
        return self._tables(project)

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """Give a connection of one's own, so that work of long duration keeps nobody waiting.

        Raises:
            WarehouseError: what ClickHouse raises inside, as one line.
        """
        client = self._engine.connect()
        try:
            with plain(rows=True):
                yield client
        finally:
            client.close()

    def close(self) -> None:
        """Close every connection and give the directory free. Queries that run are waited for."""
        for _ in range(READERS):
            self._slots.get()
        for reader in self._read_only.values():
            reader.close()
        while not self._idle.empty():
            self._idle.get().close()
        self._writer.close()
        self._engine.close()

    def _unstarted(self, project: str) -> Unstarted:
        def insert(table: str, columns: Mapping[str, Sequence[object]]) -> None:
            self._write(project, table, columns, {})

        # Asked where it is written, so that no page's question is waited for.
        return Unstarted(
            project,
            self._change,
            lambda sql: [tuple(row) for row in self._writer.query(sql).result_rows],
            insert,
            _crash=self._crash,
        )

    def _write(
        self,
        project: str,
        table: str,
        columns: Mapping[str, Sequence[object]],
        settings: Mapping[str, object],
    ) -> None:
        # ClickHouse reads a column's JSON several times faster than Python makes its bytes.
        self._writer.raw_insert(
            f"{schema.quote(schema.database(project))}.{schema.quote(table)}",
            column_names=list(columns),
            insert_block=msgspec.json.encode(columns),
            fmt="JSONColumns",
            settings={**self._engine.writing, **settings},
        )

    def _keep_for(self, project: str, days: int) -> None:
        """Have rows go by themselves once they are so old; those of today's tables too."""
        rows = self._writer.query(
            "SELECT name, create_table_query FROM system.tables "
            "WHERE database = {database:String} AND engine LIKE '%MergeTree'",
            {"database": schema.database(project)},
        ).result_rows
        for name, declared in rows:
            if "`time`" in declared and schema.lifetime(days) not in declared:
                # Not waited for: old parts are written anew one after the other.
                self._change(schema.keep_for(project, str(name), days), {"alter_sync": 0})

    def _change_beside(self, sql: str) -> None:
        with self._reader() as client, plain():
            client.command(sql)

    def _change(self, sql: str, settings: Mapping[str, object]) -> None:
        self._writer.command(sql, settings=dict(settings))

    def _tables(self, project: str) -> dict[str, dict[str, str]]:
        """Return the types of the columns that a project's tables have."""
        present: dict[str, dict[str, str]] = {}
        rows = self.query(
            "SELECT table, name, type FROM system.columns WHERE database = {database:String} "
            "ORDER BY table, position",
            {"database": schema.database(project)},
            bounded=False,
        ).rows
        for name, column, kind in rows:
            present.setdefault(str(name), {})[str(column)] = str(kind)
        return present

    @contextlib.contextmanager
    def _reader(self) -> Iterator[Client]:
        self._slots.get()
        try:
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                client = self._engine.connect()
            try:
                yield client
            finally:
                self._idle.put(client)
        finally:
            self._slots.put(None)


@contextlib.contextmanager
def memory() -> Iterator[Client]:
    """Give an embedded ClickHouse that keeps nothing; while this process has no other one open.

    Raises:
        WarehouseError: what ClickHouse raises inside, as one line.
    """
    with plain(rows=True):
        client = driver.connect(interface="chdb")
        try:
            yield client
        finally:
            client.close()


def _kept(
    table: str, columns: Mapping[str, Sequence[object]], money: Container[str]
) -> dict[str, Sequence[object]]:
    """Return columns as a table has them: keys for ids, and no more money than a decimal holds."""
    kept = dict(columns)
    if table == schema.SESSIONS:
        kept |= {"user_uuid": columns[USER_ID], "session_uuid": columns[SESSION]}
    for name in (USER_ID, SESSION):
        keys = {each: schema.key(str(each)) for each in set(columns[name])}
        kept[name] = list(map(keys.__getitem__, columns[name]))
    for name, values in columns.items():
        if name in money and not _is_below(values, MONEY_MAX):
            kept[name] = [
                each if isinstance(each, (int, float)) and each < MONEY_MAX else None
                for each in values
            ]
    return kept


def _is_below(values: Sequence[object], most: float) -> bool:
    """Return whether all are null or numbers below `most`, as they are; one look at a column."""
    try:
        highest = max(filter(None, values), default=0)  # type: ignore[type-var]
        return highest < most  # type: ignore[operator]
    except TypeError:  # not all are numbers
        return False
