"""The connection: one dialect to an embedded ClickHouse or to a server.

clickhouse-connect's clients serialise their calls, so reads borrow from a small pool and do not
wait for an insert.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import msgspec
from filelock import Timeout

from aboveboard.catalog.line import SESSION, USER_ID

from . import schema
from .columns import MONEY_MAX
from .erasing import Erasing
from .errors import QueryLimitError, WarehouseBusyError, WarehouseError
from .limits import Limits
from .lock import hold
from .migration import Migration
from .unstarted import VIEW, Unstarted, create_view

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence

    from clickhouse_connect.driver.client import Client
    from filelock import FileLock

    from aboveboard.catalog.catalog import Catalog

LIMITS = Limits()

READERS = 4
"""How many queries run at once; more would only share the same processors."""

LOCK = "aboveboard.lock"

_INSERT = {
    # Without it a materialized view counts a repeat that its table drops.
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # An imported log may span more months than the hundred that are a server's default.
    "max_partitions_per_insert_block": 0,
    "date_time_input_format": "best_effort",
}


_READING = {"analyzer_inline_views": 1}
"""For the embedded ClickHouse, whose version is known: an older server refuses a setting that it
does not know. `errors` over the view `_sessions` took 20 % longer than over a table; so, it takes
6 %."""


@dataclass(frozen=True)
class Result:
    columns: list[str]
    rows: list[tuple[object, ...]]


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
        self._url = url
        self.limits = limits
        self._directory = _directory(url)
        self._reading = _READING if self._directory else {}
        self._money: dict[str, dict[str, frozenset[str]]] = {}
        self._crash = _crash
        self._lock = _lock(self._directory) if self._directory else None
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._slots = queue.SimpleQueue[None]()
        for _ in range(READERS):
            self._slots.put(None)
        try:
            self._writer = self._connect()
        except BaseException:
            self._unlock()
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
        with _plain_errors():
            self._writer.command(schema.create_database(project))
            present = self._tables(project)
            migration = Migration(
                project,
                catalog,
                present,
                self._change,
                lambda sql: self.query(sql, bounded=False).rows,
                shutil.disk_usage(self._directory).free if self._directory else None,
                _crash=self._crash,
            )
            if migration.is_needed:
                migration.run()
                present = self._tables(project)
            self._unstarted(project).make(present)
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

        The same token again inserts nothing, in this process or a later one.

        Raises:
            WarehouseError: nothing, or not all, was inserted; the same call may be repeated.
        """
        kept = self.kept(project, table, columns)
        with _plain_errors(rows=True):
            self._write(project, table, kept, {**_INSERT, "insert_deduplication_token": token})

    def kept(
        self, project: str, table: str, columns: Mapping[str, Sequence[object]]
    ) -> dict[str, Sequence[object]]:
        """Return columns as a table has them: keys for ids, and no more than a decimal holds."""
        return _kept(table, columns, self._money.get(project, {}).get(table, frozenset()))

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
        with _plain_errors(rows=True):
            self._unstarted(project).note(seen, begun)

    def remove(self, project: str, move: int) -> None:
        """Remove the rows that one move brought; they are gone when this returns.

        Raises:
            WarehouseError: some may be there still; the same call may be repeated.
        """
        with _plain_errors():
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
        with _plain_errors():
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
        settings = {**(limits.settings() if limits else {}), **self._reading}
        with self._reader() as client, _plain_errors(limits=limits):
            answer = client.query(sql, parameters=bound, settings=settings)
            columns = list(answer.column_names)
            if not columns:
                # Embedded, an answer without rows comes without the names of its columns.
                described = client.query(
                    f"DESCRIBE TABLE (\n{sql}\n)", parameters=bound, settings=settings
                )
                columns = [str(row[0]) for row in described.result_rows]
            return Result(columns, [tuple(row) for row in answer.result_rows])

    @property
    def directory(self) -> Path | None:
        """Where an embedded warehouse has its files; None for a server."""
        return self._directory

    def present(self, project: str) -> dict[str, dict[str, str]]:
        """Return a project's tables and views as they are: column to type, by name."""
        return self._tables(project)

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """Give a connection of one's own, so that work of long duration keeps nobody waiting.

        Raises:
            WarehouseError: what ClickHouse raises inside, as one line.
        """
        client = self._connect()
        try:
            with _plain_errors(rows=True):
                yield client
        finally:
            client.close()

    def close(self) -> None:
        """Close every connection and give the directory free. Queries that run are waited for."""
        for _ in range(READERS):
            self._slots.get()
        while not self._idle.empty():
            self._idle.get().close()
        self._writer.close()
        self._unlock()

    def _unstarted(self, project: str) -> Unstarted:
        def insert(table: str, columns: Mapping[str, Sequence[object]]) -> None:
            self._write(project, table, columns, _INSERT)

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
            settings=dict(settings),
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
        with self._reader() as client, _plain_errors():
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
                client = self._connect()
            try:
                yield client
            finally:
                self._idle.put(client)
        finally:
            self._slots.put(None)

    def _connect(self) -> Client:
        import clickhouse_connect  # chDB is a big library: only those who open it pay for it
        from clickhouse_connect import common

        common.set_setting("autogenerate_session_id", False)  # a session refuses a second query
        logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
        with _plain_errors(f"cannot open the warehouse {_shown(self._url)}: "):
            if self._directory:
                return clickhouse_connect.get_client(interface="chdb", path=str(self._directory))
            interface = "https" if self._url.startswith("https:") else None
            return clickhouse_connect.get_client(dsn=self._url, interface=interface)

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


@contextlib.contextmanager
def memory() -> Iterator[Client]:
    """Give an embedded ClickHouse that keeps nothing; while this process has no other one open.

    Raises:
        WarehouseError: what ClickHouse raises inside, as one line.
    """
    import clickhouse_connect
    from clickhouse_connect import common

    common.set_setting("autogenerate_session_id", False)
    with _plain_errors(rows=True):
        client = clickhouse_connect.get_client(interface="chdb")
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
        kept[name] = [keys[each] for each in columns[name]]
    for name, values in columns.items():
        if name in money:
            kept[name] = [
                each if isinstance(each, int | float) and each < MONEY_MAX else None
                for each in values
            ]
    return kept


def _directory(url: str) -> Path | None:
    """Return an embedded warehouse's directory, None for a server's URL."""
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        if parts.netloc or not parts.path.startswith("/"):
            raise WarehouseError(f"{url!r}: an embedded warehouse is chdb:///absolute/directory")
        return Path(unquote(parts.path))
    if parts.scheme not in ("clickhouse", "http", "https"):
        raise WarehouseError(
            f"{_shown(url)!r} is no warehouse: "
            "use chdb:///directory or clickhouse://user:password@host"
        )
    return None


def _shown(url: str) -> str:
    """Return a URL without its password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _lock(directory: Path) -> FileLock:
    """Take the directory for this process.

    ClickHouse locks it as well, but its error takes a page to say so.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return hold(directory / LOCK)
    except Timeout:
        raise WarehouseBusyError(
            f"another aboveboard has {directory} open: stop it, or choose another with --data"
        ) from None
    except OSError as error:
        raise WarehouseError(
            f"cannot write to {directory} ({error.strerror}): choose another with --data"
        ) from None


@contextlib.contextmanager
def _plain_errors(
    prefix: str = "", limits: Limits | None = None, *, rows: bool = False
) -> Iterator[None]:
    """Raise ClickHouse's errors as ours.

    Args:
        prefix: What the error's text begins with.
        limits: What a question may cost, if one is asked.
        rows: Whether rows are sent, of which the text must not tell: it is logged.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as error:
        reached = limits.reached(str(error)) if limits else None
        if reached is not None:
            raise QueryLimitError(reached) from error
        said = _QUOTED.sub("'…'", str(error)) if rows else str(error)
        raise WarehouseError(prefix + _what_is_wrong(said)) from error


_QUOTED = re.compile(r"'(?:\\.|[^'\\])*(?:'|$)", re.DOTALL)
"""What ClickHouse quotes where it cannot read a row: the row itself."""


def _what_is_wrong(text: str) -> str:
    """Return the part of ClickHouse's message that says what is wrong, on one line."""
    if "NewConnectionError" in text or "NameResolutionError" in text:
        return "nothing answers there; start the server, or correct the URL"
    said = " ".join(text.rpartition("DB::Exception: ")[2].split())
    return said.partition(" Expected one of")[0][:300] or "it gave no reason"
