"""CSV and Parquet, by ClickHouse's own formats: from an export's flat lines, and back to lines.

It works on files alone, in an embedded ClickHouse that keeps nothing, while no warehouse is open in
this process. Rows stay in their order.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aboveboard.catalog.line import EVENT, SEQ, SESSION, TIME, USER_ID

from . import schema
from .connection import memory
from .errors import WarehouseError
from .transfer.exchange import SOURCE, TEXT, Told, events_of, flat_name, literal, nested

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from aboveboard.catalog.catalog import Catalog

CSV, PARQUET = "csv", "parquet"

FORMATS = {CSV: "CSVWithNames", PARQUET: "Parquet"}
"""By the end of a file's name, what ClickHouse calls it."""

_IN_ORDER = {
    "max_threads": 1,
    "max_insert_threads": 1,
    "engine_file_truncate_on_insert": 1,
    "storage_file_read_method": "pread",  # mapped files look like memory that is used
    # What is read, and written, side by side is all in memory.
    "input_format_parallel_parsing": 0,
    "output_format_parallel_formatting": 0,
    "output_format_parquet_parallel_encoding": 0,
}

_HEAD = (EVENT, USER_ID, SESSION, SEQ, TIME)


def to_table(lines: Path, target: Path, kind: str, columns: Mapping[str, str]) -> None:
    """Write flat lines as a table, a column each key.

    Args:
        lines: The lines' file.
        target: The table's.
        kind: `CSV` or `PARQUET`.
        columns: Keys and types, as `exchange.flat_columns` has them.

    Raises:
        WarehouseError: it cannot be written.
    """
    structure = ", ".join(f"{_quoted(name)} {type_}" for name, type_ in columns.items())
    selected = ", ".join(
        f"toDateTime({TIME}, 'UTC') AS {TIME}" if name == TIME else _quoted(name)
        for name in columns
    )
    with memory() as client:
        client.command(
            f"INSERT INTO FUNCTION file({_path(target)}, '{FORMATS[kind]}') SELECT {selected} "
            f"FROM file({_path(lines)}, 'JSONEachRow', {literal(structure)})",
            settings={
                **_IN_ORDER,
                "format_csv_null_representation": "",
                "output_format_parquet_row_group_size": 50_000,
                "output_format_parquet_compression_method": "zstd",
            },
        )


class NoExportError(WarehouseError):
    """A file is none that an export wrote."""


_OF_THE_MACHINE = ("MEMORY_LIMIT_EXCEEDED", "NOT_ENOUGH_SPACE", "No space left")
"""What ClickHouse says where the file is not at fault."""


@contextlib.contextmanager
def _readable(table: Path, kind: str) -> Iterator[None]:
    """Say of a file that it cannot be read, instead of how ClickHouse tried to."""
    try:
        yield
    except NoExportError:
        raise
    except WarehouseError as error:
        if any(word in str(error.__cause__) for word in _OF_THE_MACHINE):
            raise
        raise NoExportError(
            f"{table} cannot be read as {kind}: it is damaged, or `aboveboard export` did not "
            "write it"
        ) from error


def to_lines(table: Path, target: Path, kind: str, catalog: Catalog) -> None:
    """Write a table as an export's lines.

    Raises:
        WarehouseError: it is no such table, or a value is not of its column's type.
    """
    types = {
        each.name: {column.name: column.type for column in each.columns}
        for each in schema.tables(catalog)
    }
    with _readable(table, kind), memory() as client:
        present = _columns(client, table, kind)
        missing = [name for name in _HEAD if name not in present]
        if missing:
            raise NoExportError(
                f"{table} is no export: it has no column {missing[0]!r}; "
                "`aboveboard export` writes what can be imported"
            )
        said = []
        flat: dict[str, str] = {}
        for event, name in events_of(catalog, types).items():

            def refer(told: Told, part: str, event: str = event, name: str = name) -> str:
                key = flat_name(event, told.name, part)
                kind_of = types[name][told.columns[part]]
                flat[key] = kind_of
                if key in present:
                    return f"CAST({_quoted(key)} AS {kind_of})"
                return f"defaultValueOfTypeName({literal(kind_of)})"

            line = nested(event, types[name], catalog, refer)
            said.append(f"{EVENT} = {literal(event)}, concat({line})")
        unknown = (
            f"concat('{{\"{EVENT}\": ', toJSONString(toString({EVENT})), ', \"properties\": {{}}')"
        )
        source = (
            f"if(ifNull(toString({SOURCE}), '') = '', '', "
            f"concat(', \"{SOURCE}\": ', toJSONString(toString({SOURCE}))))"
            if SOURCE in present
            else "''"
        )
        rest = (
            f"', \"{USER_ID}\": ', {_text(USER_ID)}, ', \"{SESSION}\": ', {_text(SESSION)}, "
            f"', \"{SEQ}\": ', toString({SEQ}), "
            f"', \"{TIME}\": ', toString(toUnixTimestamp(toDateTime({TIME}, 'UTC'))), "
            f"{source}, '}}'"
        )
        structure = ""
        if kind == CSV:  # which tells no types
            head = {SEQ: "UInt32", TIME: "DateTime('UTC')", EVENT: "String"}
            structure = ", " + literal(
                ", ".join(
                    f"{_quoted(name)} {head.get(name) or flat.get(name, 'Nullable(String)')}"
                    for name in present
                )
            )
        client.command(
            f"INSERT INTO FUNCTION file({_path(target)}, 'TSVRaw', 'line String') "
            f"SELECT concat(multiIf({', '.join(said)}, {unknown}), {rest}) "
            f"FROM file({_path(table)}, '{FORMATS[kind]}'{structure})",
            settings={**TEXT, **_IN_ORDER, "format_csv_null_representation": ""},
        )


def _columns(client: Client, table: Path, kind: str) -> list[str]:
    rows = client.query(f"DESCRIBE TABLE file({_path(table)}, '{FORMATS[kind]}')").result_rows
    return [str(row[0]) for row in rows]


def _text(name: str) -> str:
    return f"if(ifNull(toString({name}), '') = '', 'null', toJSONString(toString({name})))"


def _path(file: Path) -> str:
    return literal(str(file.resolve()))


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
