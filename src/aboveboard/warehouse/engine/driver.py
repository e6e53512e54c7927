"""ClickHouse's driver, loaded when it is needed and set up once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def connect(**told: Any) -> Client:
    """Return a connection. The driver is big: only those who open a warehouse pay for it.

    Args:
        told: As `clickhouse_connect.get_client` has it.
    """
    import clickhouse_connect
    from clickhouse_connect import common

    common.set_setting("autogenerate_session_id", False)  # a session refuses a second query
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    client: Client = clickhouse_connect.get_client(**told)
    return client
