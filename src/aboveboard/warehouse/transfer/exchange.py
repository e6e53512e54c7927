"""Rows out of the warehouse as lines of text, and lines' rows back into it, each as often as told.

Out: a table and a range of installs at a time, so that memory is bounded however much is kept. The
rows of a piece are sorted, so that equal ones follow one another.

In: a row is added as often as it is lacking. Whoever brings the same rows again, after a kill or in
another file, changes nothing.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import msgspec

from aboveboard.catalog.line import EVENT, PROPERTIES, SEQ, SESSION, TIME, USER_ID
from aboveboard.warehouse import schema
from aboveboard.warehouse.columns import column, of_property
from aboveboard.warehouse.schema import KEYS_BITS, KEYS_FROM
from aboveboard.warehouse.structure.unstarted import VIEW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from clickhouse_connect.driver.client import Client

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.warehouse.connection import Warehouse

STAGING = "aboveboard_transfer"
"""The database of what is compared with a table; no project's begins so."""

COPIES = schema.MOVE.name
"""The column of a staged table that says how many equal rows a row stands for."""

BUCKET_ROWS = 100_000
"""About how many rows there are of the installs that are told together, in all tables."""

NOBODYS = f"user_id < {KEYS_FROM:d}"
"""Rows of nobody, whose key is 0."""

SOURCE = "source"

TEXT = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 0,
    "max_bytes_before_external_sort": 256 << 20,
}


@dataclass(frozen=True)
class Choice:
    """Which rows are told.

    Args:
        since, until: From which moment on and before which, in seconds since 1970.
        install: Whose, as a UUID.
        events: Of which events.
    """

    since: int | None = None
    until: int | None = None
    install: str | None = None
    events: tuple[str, ...] = ()

    @classmethod
    def of(cls, told: Mapping[str, object]) -> Choice:
        return msgspec.convert(told, cls)

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def condition(self) -> str:
        """Return what the rows meet, of numbers only."""
        parts = ["1"]
        if self.since is not None:
            parts.append(f"time >= toDateTime({self.since:d}, 'UTC')")
        if self.until is not None:
            parts.append(f"time < toDateTime({self.until:d}, 'UTC')")
        if self.install is not None:
            parts.append(f"user_id = {schema.key(self.install):d}")
        return " AND ".join(parts)


@dataclass(frozen=True)
class Piece:
    """Rows that are told at once: of a table, of installs from a key up to another, of a month."""

    table: str
    first: int
    last: int
    month: int
    rows: int

    def condition(self) -> str:
        month = f" AND {schema.PARTITION} = {self.month:d}" if self.month else ""
        return f"user_id BETWEEN {self.first:d} AND {self.last:d}{month}"


class Exchange:
    """Reads and adds rows, on connections of its own. For any thread.

    Raises:
        WarehouseError: by each method, as the warehouse has it.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._lock = threading.Lock()
        self._is_clean = False

    def pieces(self, project: str, catalog: Catalog, choice: Choice) -> list[Piece]:
        """Return all that is to be told, in the order in which it is best told."""
        events = events_of(catalog, self._warehouse.present(project))
        if choice.events:
            events = {name: table for name, table in events.items() if name in choice.events}
        where = choice.condition()
        with self._warehouse.client() as client:
            total = sum(
                _number(client, f"SELECT count() FROM {_of(project, table)} WHERE {where}")
                for table in events.values()
            )
            buckets = 1 + total // BUCKET_ROWS
            found = []
            for place, table in enumerate(events.values()):
                rows = client.query(
                    f"SELECT if({NOBODYS}, 0, 1 + least({buckets - 1:d}, toInt64(intDiv("
                    f"toUInt256(user_id - {KEYS_FROM:d}) * {buckets:d}, {1 << KEYS_BITS:d}"
                    f")))) AS bucket, if({NOBODYS}, {schema.PARTITION}, 0) AS month, count() "
                    f"FROM {_of(project, table)} WHERE {where} GROUP BY bucket, month"
                ).result_rows
                for bucket, month, count in rows:
                    found.append((int(bucket), place, int(month), table, int(count)))
        # All that is of some installs lies together, the starts of their sessions first.
        return [
            Piece(table, *_range(bucket, buckets), month, count)
            for bucket, _, month, table, count in sorted(found)
        ]

    def lines(
        self, project: str, catalog: Catalog, choice: Choice, piece: Piece, *, flat: bool = False
    ) -> bytes:
        """Return a piece's rows, a line of JSON each.

        Args:
            project: Whose.
            catalog: What its properties are called by.
            choice: Which rows.
            piece: One of `pieces`.
            flat: Whether each column is a key of its own, called by event and property.
        """
        present = self._warehouse.present(project)
        event, of = next(
            (event, table)
            for event, table in events_of(catalog, present).items()
            if table == piece.table
        )
        columns = present[of]
        said = _flat(event, columns, catalog) if flat else _in_table(event, columns, catalog)
        is_start = of == schema.SESSIONS
        source = f""", ', "{SOURCE}": ', toJSONString(toString(e.{SOURCE}))""" if is_start else ""
        if is_start:
            known = ""
            user, session = "e.user_uuid", "e.session_uuid"
        else:
            known = (
                " LEFT ANY JOIN (SELECT user_id, session, any(user_uuid) AS user_uuid, "
                f"any(session_uuid) AS session_uuid FROM {_of(project, VIEW)} "
                f"WHERE user_id BETWEEN {piece.first:d} AND {piece.last:d} "
                "GROUP BY user_id, session) AS k "
                "ON e.user_id = k.user_id AND e.session = k.session"
            )
            user, session = "k.user_uuid", "k.session_uuid"
        line = (
            f"concat({said}, ', \"{USER_ID}\": ', {_id('e.user_id', user)}, "
            f"', \"{SESSION}\": ', {_id('e.session', session)}, "
            f"', \"{SEQ}\": ', toString(e.seq), "
            f"', \"{TIME}\": ', toString(toUnixTimestamp(e.time)){source}, '}}')"
        )
        sql = (
            f"SELECT {line} AS line FROM (SELECT * FROM {_of(project, of)} "
            f"WHERE {choice.condition()} AND {piece.condition()}) AS e{known} "
            "ORDER BY e.user_id, e.session, e.seq, line"
        )
        with self._warehouse.client() as client:
            told = client.raw_query(sql, fmt="TSVRaw", settings=TEXT)
        return bytes(told)

    def merge(
        self, project: str, move: int, table: str, columns: Mapping[str, Sequence[object]]
    ) -> int:
        """Add rows, each as often as the table has fewer of it; return how many were added.

        Args:
            project: Whose table.
            move: The number that the added rows carry.
            table: Its name.
            columns: The rows as columns, ids as UUIDs, with `COPIES` of each.
        """
        kept = self._warehouse.kept(project, table, columns)
        names = [name for name in kept if name != COPIES]
        listed = ", ".join(map(schema.quote, names))
        into, staged = _of(project, table), f"{STAGING}.t{secrets.token_hex(8)}"
        keys = [int(str(each)) for each in kept[USER_ID]]
        months = {schema.partition(int(str(each))) for each in set(kept[TIME])}
        with self._lock, self._warehouse.client() as client:
            self._clean(client)
            client.command(f"CREATE TABLE {staged} AS {into} ENGINE = Memory")
            try:
                client.raw_insert(
                    staged,
                    column_names=list(kept),
                    insert_block=msgspec.json.encode(kept),
                    fmt="JSONColumns",
                    settings={"date_time_input_format": "best_effort"},
                )
                there = (
                    f"SELECT {listed}, toInt64(-1) AS copies FROM {into} "
                    f"WHERE user_id BETWEEN {min(keys):d} AND {max(keys):d} "
                    f"AND {schema.PARTITION} IN ({', '.join(f'{each:d}' for each in months)}) "
                    "AND (user_id, session, seq) GLOBAL IN "  # of a cluster, it is on one node only
                    f"(SELECT user_id, session, seq FROM {staged})"
                )
                # What is there beforehand is counted with the same statement that adds.
                lacking = (
                    f"SELECT {listed}, sum(copies) AS lacking FROM ("
                    f"SELECT {listed}, toInt64({COPIES}) AS copies FROM {staged} "
                    f"UNION ALL {there}) GROUP BY {listed} HAVING lacking > 0"
                )
                added = _number(client, f"SELECT sum(lacking) FROM ({lacking})")
                if added:
                    client.command(
                        f"INSERT INTO {into} ({listed}, {schema.MOVE.name}) "
                        f"SELECT {listed}, {move:d} FROM ({lacking}) "
                        "ARRAY JOIN range(toUInt64(lacking))",
                        settings={"max_partitions_per_insert_block": 0},
                    )
            finally:
                with contextlib.suppress(Exception):  # what is left of it is removed another time
                    client.command(f"DROP TABLE {staged} SYNC")
        return added

    def _clean(self, client: Client) -> None:
        """Remove what a process that was killed has left."""
        if not self._is_clean:
            client.command(f"DROP DATABASE IF EXISTS {STAGING} SYNC")
            self._is_clean = True
        client.command(f"CREATE DATABASE IF NOT EXISTS {STAGING}")


def events_of(catalog: Catalog, present: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the events that are kept, those too that the catalog has no more, and their tables.

    Session starts come first.
    """
    names = {schema.table(name): name for name in catalog.entries}
    tables = [
        name
        for name, columns in present.items()
        if schema.MOVE.name in columns and not name.startswith("_")
    ]
    tables.sort(key=lambda name: (name != schema.SESSIONS, name))
    own = {schema.SESSIONS: schema.SESSION_START}
    return {names.get(table) or own.get(table, table): table for table in tables}


@dataclass(frozen=True)
class Told:
    """A property, and the columns that hold it: part to column, the whole value's part empty."""

    name: str
    columns: Mapping[str, str]


def properties(event: str, columns: Mapping[str, str], catalog: Catalog) -> Iterator[Told]:
    """Yield a table's properties, those too that the catalog has no more, by their columns."""
    table = schema.table(event)
    own = {each.name for each in (*schema.columns_of_all(table), schema.MOVE)}
    own |= {SOURCE} if table == schema.SESSIONS else set()
    left = [name for name in columns if name not in own]
    entry = catalog.entries.get(event)
    for name, declared in entry.properties.items() if entry else ():
        parts = {}
        for each in of_property(name, declared.kind):
            if each.name in left:
                left.remove(each.name)
                parts[each.name[len(column(name)) :].lstrip("_")] = each.name
        if parts:
            yield Told(name, parts)
    for name in left:
        yield Told(name, {"": name})


def flat_columns(
    catalog: Catalog, present: Mapping[str, Mapping[str, str]], events: Sequence[str] = ()
) -> dict[str, str]:
    """Return the keys of flat lines and their types."""
    found = {
        EVENT: "LowCardinality(String)",
        USER_ID: "Nullable(String)",
        SESSION: "Nullable(String)",
        SEQ: "UInt32",
        TIME: "UInt32",
        SOURCE: "LowCardinality(Nullable(String))",
    }
    for event, table in events_of(catalog, present).items():
        if events and event not in events:
            continue
        for told in properties(event, present[table], catalog):
            for part, name in told.columns.items():
                found[flat_name(event, told.name, part)] = present[table][name]
    return found


def flat_name(event: str, name: str, part: str) -> str:
    """Return what a column is called in a table of all events.

    No dot: ClickHouse takes lists of equal beginnings for one list of tuples.
    """
    return "/".join(filter(None, (event, name, part)))


def nested(
    event: str,
    columns: Mapping[str, str],
    catalog: Catalog,
    refer: Callable[[Told, str], str],
) -> str:
    """Return the expressions of a line up to its properties' end; what is null is left out.

    Args:
        event: Which event.
        columns: Its table's columns and their types.
        catalog: What its properties are called by.
        refer: Returns the expression of a property's part.
    """
    said = []
    for told in properties(event, columns, catalog):
        key = literal(f", {json.dumps(told.name)}: ")
        references = {part: refer(told, part) for part in told.columns}
        if "" in told.columns:
            value = f"concat({key}, toJSONString({references['']}))"
            said.append(f"if({_is_none(references[''], columns[told.columns['']])}, '', {value})")
            continue
        parts = []
        for number, (part, reference) in enumerate(references.items()):
            before = literal(f"{', ' if number else '{'}{json.dumps(part)}: ")
            # A dictionary's null is told as such.
            parts += [before, f"ifNull(toJSONString({reference}), 'null')"]
        part, name = next(iter(told.columns.items()))
        value = f"concat({key}, {', '.join(parts)}, '}}')"
        said.append(f"if({_is_none(references[part], columns[name])}, '', {value})")
    start = literal(f"{{{json.dumps(EVENT)}: {json.dumps(event)}, {json.dumps(PROPERTIES)}: {{")
    inner = f"substring(concat({', '.join(said)}, ''), 3)" if said else "''"
    return f"{start}, {inner}, '}}'"


def _in_table(event: str, columns: Mapping[str, str], catalog: Catalog) -> str:
    return nested(
        event, columns, catalog, lambda told, part: f"e.{schema.quote(told.columns[part])}"
    )


def _flat(event: str, columns: Mapping[str, str], catalog: Catalog) -> str:
    said = []
    for told in properties(event, columns, catalog):
        for part, name in told.columns.items():
            key = literal(f", {json.dumps(flat_name(event, told.name, part))}: ")
            value = f"concat({key}, toJSONString(e.{schema.quote(name)}))"
            said.append(f"if({_is_none(f'e.{schema.quote(name)}', columns[name])}, '', {value})")
    start = literal(f"{{{json.dumps(EVENT)}: {json.dumps(event)}")
    return f"{start}, {', '.join(said)}" if said else start


def _is_none(reference: str, type_: str) -> str:
    return f"{'empty' if type_.startswith('Array') else 'isNull'}({reference})"


def _id(key: str, uuid: str) -> str:
    """Return the expression of an id: its UUID, or one of the same key; null for nobody's.

    Of a UUID that is nowhere kept the key is the last half. It is told as a random UUID would be,
    since nothing else is taken back.
    """
    padded = f"leftPad(lower(hex({key})), 16, '0')"
    made = (
        f"concat('\"00000000-0000-4000-', substring({padded}, 1, 4), "
        f"'-', substring({padded}, 5), '\"')"
    )
    is_random = f"substring(toString({uuid}), 15, 1) = '4'"
    return f"multiIf({key} = 0, 'null', {is_random}, concat('\"', toString({uuid}), '\"'), {made})"


def _range(bucket: int, buckets: int) -> tuple[int, int]:
    """Return the first and the last key of a bucket; 0 is nobody's."""
    if bucket == 0:
        return 0, KEYS_FROM - 1
    # The first key of which key * buckets >> KEYS_BITS is the bucket's number.
    first = KEYS_FROM + -(-((bucket - 1) << KEYS_BITS) // buckets)
    last = KEYS_FROM + -(-(bucket << KEYS_BITS) // buckets) - 1
    return first, last if bucket < buckets else 2**64 - 1


def literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _number(client: Client, sql: str) -> int:
    ((found,),) = client.query(sql).result_rows
    return int(found or 0)


def _of(project: str, name: str) -> str:
    return schema.name(schema.database(project), name)
