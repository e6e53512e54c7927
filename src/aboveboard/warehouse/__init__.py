"""Where events are kept: ClickHouse, embedded (chDB) or a server, one dialect for both."""

from .connection import Result, Warehouse, embedded
from .errors import WarehouseBusyError, WarehouseError
from .schema import Column, Table, column, database, table, tables

__all__ = [
    "Column",
    "Result",
    "Table",
    "Warehouse",
    "WarehouseBusyError",
    "WarehouseError",
    "column",
    "database",
    "embedded",
    "table",
    "tables",
]
