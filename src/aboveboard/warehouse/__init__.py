"""Where events are kept: ClickHouse, embedded (chDB) or a server, one dialect for both."""

from .connection import Result, Warehouse, embedded
from .errors import MismatchError, QueryLimitError, WarehouseBusyError, WarehouseError
from .limits import Limits
from .schema import Column, Table, column, database, table, tables

__all__ = [
    "Column",
    "Limits",
    "MismatchError",
    "QueryLimitError",
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
