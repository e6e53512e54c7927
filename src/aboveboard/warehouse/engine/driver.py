"""ClickHouse's driver, loaded when it is needed and set up once."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from aboveboard.warehouse.engine.absent import absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


def insert(
    client: Client,
    table: str,
    columns: Sequence[str],
    rows: bytes,
    settings: Mapping[str, object],
    *,
    inline: bool = False,
) -> None:
    """Insert rows.

    Args:
        client: The connection.
        table: Its name, quoted.
        columns: The names of the columns.
        rows: All of them as one document of JSON, a list a column.
        settings: What it is done with; words and numbers of ours.
        inline: Whether the rows stand in the statement.
    """
    if inline:
        names = ", ".join(f"`{each}`" for each in columns)
        told = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
        client.command(
            f"INSERT INTO {table} ({names}) SETTINGS {told} FORMAT JSONColumns\n{rows.decode()}"
        )
        return
    client.raw_insert(
        table,
        column_names=columns,
        insert_block=rows,
        fmt="JSONColumns",
        settings=dict(settings),
    )


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
