"""Where events are kept: ClickHouse, embedded (chDB) or a server, one dialect for both."""

from .columns import ColumnDefinition, column
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
from .schema import TableDefinition, database, table, tables

__all__ = [
    "ColumnDefinition",
    "Erasing",
    "Limits",
    "MismatchError",
    "QueryLimitError",
    "Result",
    "TableDefinition",
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
