"""The connection: one dialect to an embedded ClickHouse or to a server.

clickhouse-connect's clients serialise their calls, so reads borrow from a small pool and do not
wait for an insert.
"""

from __future__ import annotations

import contextlib
import logging
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
from .engine.cluster import Cluster
from .engine.complaints import plain
from .engine.embedded import Embedded
from .engine.link import Link
from .engine.server import Server
from .engine.settings import IN_ORDER
from .errors import WarehouseAwayError
from .limits import Limits
from .places import Nodes, One
from .readonly import ReadOnly
from .result import Result
from .structure.tables import present
from .structure.unstarted import Unstarted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from aboveboard.catalog.catalog import Catalog

    from .erasing import Erasing
    from .places import Places
    from .structure.claims import Claims
    from .structure.erased import Erased

log = logging.getLogger(__name__)

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
            and `http://` work too); of a cluster `clickhouse://…@one:8123,two:8123/?cluster=NAME`.
        limits: What one question may cost.
        waits: Whether a server that is away now is no error: it is asked again with each call.
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
        waits: bool = False,
        _crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self.limits = limits
        self._engine = _engine(url)
        self._money: dict[str, dict[str, frozenset[str]]] = {}
        self._reading = threading.Lock()
        self._read_only: dict[Limits, ReadOnly] = {}
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._slots = queue.SimpleQueue[None]()
        for _ in range(READERS):
            self._slots.put(None)
        self._writer = Link(self._engine.connect)
        self._beside = Link(self._engine.connect)
        self._places: Places = (
            Nodes(self._engine, self._write, _crash=_crash)
            if isinstance(self._engine, Cluster)
            else One(
                self._writer,
                self._beside,
                self._ask_beside,
                self._change_beside,
                self._write,
                self._engine.free,
                is_shared=self.is_shared,
                _crash=_crash,
            )
        )
        try:
            self._engine.check()
            self._writer.ask("SELECT 1")
        except WarehouseAwayError as error:
            if not waits:
                self._engine.close()
                raise
            log.warning("%s", error)
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
        self._money[project] = schema.money(catalog)
        self._places.ensure(project, catalog, days)

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
        named = self._engine.named(token)
        settings = {**named, "insert_deduplication_token": token}
        self._write(schema.database(project), table, kept, settings)

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
        return repair.missing(self._ask_beside, project, table, move, columns)

    def is_at_work(self, token: str) -> bool:
        """Return whether an insert of this token, which failed or was left alone, goes on.

        Raises:
            WarehouseError: it cannot be known now.
        """
        return self._engine.is_at_work(token)

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
        database = schema.database(project)
        # Asked where it is written, so that no page's question is waited for.
        Unstarted(
            database, self._writer.command, self._writer.ask, partial(self._write, database)
        ).note(seen, begun)

    @property
    def is_shared(self) -> bool:
        """Whether other collectors may have it too."""
        return self._engine.directory is None

    def check_versions(self, project: str) -> None:
        """See that this aboveboard can go on beside others that have the project's tables.

        Raises:
            WarehouseError: it cannot, which is told in a line, or the tables are gone.
        """
        self._places.check_versions(project)

    def claims(self, project: str) -> Claims:
        """Return what tells which of several collectors has a delivery, of a shared warehouse.

        Raises:
            WarehouseError: the node where that is kept is away.
        """
        return self._places.claims(project)

    def erased(self, project: str) -> Erased:
        """Return what tells the collectors of a shared warehouse who was erased.

        Raises:
            WarehouseError: the node where that is kept is away.
        """
        return self._places.erased(project)

    def remove(self, project: str, move: int) -> None:
        """Remove the rows that one move brought; they are gone when this returns.

        Raises:
            WarehouseError: some may be there still; the same call may be repeated.
        """
        for tables in self._places.tables(project):
            tables.remove(move)

    def drop(self, project: str) -> None:
        """Drop all that is kept of a project; it is gone, files too, when this returns.

        Of a shared warehouse, the digests of who was erased stay (structure/erased.py).

        Raises:
            WarehouseError: some may be there still; the same call may be repeated.
        """
        self._places.drop(project)

    def erasing(self, project: str) -> Erasing:
        """Return what erases rows of a project; it keeps no insert waiting. For any thread."""
        return self._places.erasing(project)

    def query(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        bounded: bool = True,
        in_order: bool = False,
    ) -> Result:
        """Answer a question. Values are bound (`{since:DateTime}`), never pasted into the text.

        Args:
            sql: The question.
            parameters: What is bound.
            bounded: Whether `limits` hold; not for what only the collector itself can ask.
            in_order: Whether rows are read in the order that tables are sorted in, for a question
                that groups many of them by it.

        Raises:
            QueryLimitError: the question needs more than `limits`.
            WarehouseError: the question could not be answered.
        """
        bound = dict(parameters or {})
        limits = self.limits if bounded else None
        settings = {
            **(limits.settings() if limits else {}),
            **self._engine.reading,
            **(IN_ORDER if in_order else {}),
        }
        with self._reader(limits) as client:
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
        return present(self._ask_beside, schema.database(project))

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
        self._beside.close()
        self._engine.close()

    def _write(
        self,
        database: str,
        table: str,
        columns: Mapping[str, Sequence[object]],
        settings: Mapping[str, object] | None = None,
        node: Link | None = None,
    ) -> None:
        with (node or self._writer).client(rows=True) as client:
            # ClickHouse reads a column's JSON several times faster than Python makes its bytes.
            rows = msgspec.json.encode(columns)
            driver.insert(
                client,
                schema.name(database, table),
                list(columns),
                rows,
                {**self._engine.writing, **(settings or {})},
                inline=len(rows) <= self._engine.inline_max,
            )

    def _change_beside(self, sql: str) -> None:
        with self._reader() as client:
            client.command(sql)

    def _ask_beside(self, sql: str) -> list[tuple[object, ...]]:
        return self.query(sql, bounded=False).rows

    @contextlib.contextmanager
    def _reader(self, limits: Limits | None = None) -> Iterator[Client]:
        self._slots.get()
        try:
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                client = self._engine.connect()
            try:
                waiting = driver.waiting(client, limits.patience if limits else None)
                with plain(limits=limits), waiting:
                    yield client
            except WarehouseAwayError:
                with contextlib.suppress(Exception):  # it is of no use any more
                    client.close()
                raise
            except BaseException:
                self._idle.put(client)
                raise
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


def _engine(url: str) -> Embedded | Server | Cluster:
    directory = address.directory(url)
    if directory:
        return Embedded(directory)
    nodes, cluster = address.addresses(url)
    return Cluster(nodes, cluster) if cluster else Server(nodes[0])


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
