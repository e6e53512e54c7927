"""An embedded warehouse's files as they are at a moment, and tables made of such files.

ClickHouse links the parts of a table into a directory of their own (`FREEZE`): no byte is copied,
and merges and inserts go on. A part is a set of files that never change.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

import msgspec

from aboveboard.warehouse import schema
from aboveboard.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from aboveboard.warehouse.connection import Warehouse

SHADOW = "shadow"
"""Where ClickHouse links frozen parts, in its directory."""

PREFIX = "aboveboard_backup_"

NO_FILES = (
    "events are kept in a ClickHouse server, which has backups of its own: use its BACKUP DATABASE "
    "after copying inbox.sqlite and projects.sqlite"
)


class FrozenTable(msgspec.Struct, frozen=True):
    """A table, or a view, of a backup.

    Args:
        database, name: What it is called.
        create: The statement that makes it.
        rows: How many it has; None for a view.
        path: Where its parts are, below the warehouse's directory.
    """

    database: str
    name: str
    create: str
    rows: int | None = None
    path: str = ""


def freeze(warehouse: Warehouse, name: str) -> list[FrozenTable]:
    """Link the parts of every project's tables under a name; return the tables, views last.

    Raises:
        WarehouseError: it cannot be done; what was linked is there still.
    """
    if warehouse.directory is None:
        raise WarehouseError(NO_FILES)
    found = []
    with warehouse.client() as client:
        rows = client.query(
            "SELECT database, name, engine, create_table_query, data_paths FROM system.tables "
            "WHERE startsWith(database, 'project_') AND (engine LIKE '%MergeTree' OR "
            "engine = 'View') ORDER BY engine = 'View', database, name"
        ).result_rows
        for database, table, engine, create, paths in rows:
            if engine == "View":
                found.append(FrozenTable(database, table, create))
                continue
            quoted = f"{schema.quote(database)}.{schema.quote(table)}"
            # Parts come and go meanwhile, so it is asked twice what each has.
            rows_of = _rows_of_parts(client, database, table)
            client.command(f"ALTER TABLE {quoted} FREEZE WITH NAME '{PREFIX}{name}'")
            rows_of |= _rows_of_parts(client, database, table)
            place = str(paths[0]).rstrip("/").rpartition("/store/")[2]
            path = f"{SHADOW}/{PREFIX}{name}/store/{place}"
            # The table may have fewer by now: rows are erased and merged, or are over their time.
            counted = sum(rows_of[each.name] for each in _parts(warehouse.directory / path))
            found.append(FrozenTable(database, table, create, counted, path))
    return found


def _rows_of_parts(client: Client, database: str, table: str) -> dict[str, int]:
    """Return how many rows each part of a table has, those that others have replaced too."""
    answer = client.query(
        "SELECT name, rows FROM system.parts "
        "WHERE database = {database:String} AND table = {table:String}",
        parameters={"database": database, "table": table},
    )
    return {str(part): int(rows) for part, rows in answer.result_rows}


def _parts(directory: Path) -> list[Path]:
    return list(directory.iterdir()) if directory.exists() else []


def thaw(directory: Path, name: str | None = None) -> None:
    """Remove what `freeze` linked; under every name where none is given."""
    for each in (directory / SHADOW).glob(f"{PREFIX}{name or '*'}"):
        shutil.rmtree(each, ignore_errors=True)


def rebuild(warehouse: Warehouse, tables: Sequence[FrozenTable], parts: Path) -> None:
    """Make tables of frozen parts, which are moved from `parts/<database>/<table>`.

    Raises:
        WarehouseError: the parts are not what they were.
    """
    with warehouse.client() as client:
        # Rows that are over their time, or that a merge leaves out, would be missed when counted.
        client.command("SYSTEM STOP MERGES")
        client.command("SYSTEM STOP TTL MERGES")
        for database in dict.fromkeys(each.database for each in tables):
            client.command(f"CREATE DATABASE {schema.quote(database)}")
        for each in tables:
            client.command(each.create)
            if each.rows is None:
                continue
            quoted = f"{schema.quote(each.database)}.{schema.quote(each.name)}"
            ((paths,),) = client.query(
                "SELECT data_paths FROM system.tables "
                "WHERE database = {database:String} AND name = {name:String}",
                parameters={"database": each.database, "name": each.name},
            ).result_rows
            with contextlib.suppress(FileNotFoundError):
                for part in sorted((parts / each.database / each.name).iterdir()):
                    shutil.move(part, f"{paths[0]}/detached/{part.name}")
                    client.command(f"ALTER TABLE {quoted} ATTACH PART '{part.name}'")
            ((count,),) = client.query(f"SELECT count() FROM {quoted}").result_rows
            if count != each.rows:
                raise WarehouseError(
                    f"the backup is damaged: {each.database}.{each.name} has {count:,} rows of "
                    f"{each.rows:,}"
                )
