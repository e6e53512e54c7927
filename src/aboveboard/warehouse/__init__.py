"""Where events are kept: ClickHouse, embedded (chDB) or a server, one dialect for both."""

from .columns import Column, column
from .connection import Warehouse, embedded
from .erasing import Erasing, Which
from .errors import (
    MismatchError,
    QueryLimitError,
    WarehouseAwayError,
    WarehouseBusyError,
    WarehouseError,
)
from .limits import Limits
from .result import Result
from .schema import Table, database, table, tables

__all__ = [
    "Column",
    "Erasing",
    "Limits",
    "MismatchError",
    "QueryLimitError",
    "Result",
    "Table",
    "Warehouse",
    "WarehouseAwayError",
    "WarehouseBusyError",
    "WarehouseError",
    "Which",
    "column",
    "database",
    "embedded",
    "table",
    "tables",
]
