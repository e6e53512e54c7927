"""ClickHouse's driver, loaded when it is needed and set up once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def driver() -> ModuleType:
    """Return clickhouse-connect; it is big, and only those who open a warehouse pay for it."""
    import clickhouse_connect
    from clickhouse_connect import common

    common.set_setting("autogenerate_session_id", False)  # a session refuses a second query
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    return clickhouse_connect
