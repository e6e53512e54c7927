"""ClickHouse's driver, loaded when it is needed and set up once."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from aboveboard.warehouse.engine.absent import absent

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextlib.contextmanager
def waiting(client: Client, seconds: int | None) -> Iterator[None]:
    """Wait no longer for anything of an answer, if a bound is told; what is embedded has none."""
    before = getattr(client, "timeout", None)
    if before is None or seconds is None:
        yield
        return
    wait(client, min(seconds, before.read_timeout))
    try:
        yield
    finally:
        client.timeout = before  # type: ignore[attr-defined]


def wait(client: Client, seconds: int) -> None:
    """Have a connection to a server wait so long for anything of each answer."""
    from urllib3 import Timeout

    connect = client.timeout.connect_timeout  # type: ignore[attr-defined]
    client.timeout = Timeout(connect=connect, read=seconds)  # type: ignore[attr-defined]
