"""ClickHouse's driver, loaded when it is needed and set up once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aboveboard.warehouse.engine.absent import absent

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


UNUSED = ("numpy", "pandas", "pyarrow")
"""What the driver and chDB have tables of; rows here are Python's own."""


def load() -> Any:
    """Return the driver. It is big: only those who open a warehouse pay for it."""
    with absent(*UNUSED):
        import clickhouse_connect
    return clickhouse_connect


def connect(**told: Any) -> Client:
    """Return a connection.

    Args:
        told: As `clickhouse_connect.get_client` has it.
    """
    clickhouse_connect = load()
    from clickhouse_connect import common

    common.set_setting("autogenerate_session_id", False)  # a session refuses a second query
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    with absent(*UNUSED):  # chDB is loaded with the first connection
        client: Client = clickhouse_connect.get_client(**told)
    return client
