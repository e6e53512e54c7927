"""A connection that is made when it is needed, and made anew after it failed."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from aboveboard.warehouse.errors import WarehouseAwayError

from .complaints import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from clickhouse_connect.driver.client import Client

    from .statements import Rows


class Link:
    """One connection; clickhouse-connect's clients serialise their calls.

    Args:
        connect: Makes a connection.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def client(self, *, rows: bool = False) -> Iterator[Client]:
        """Give the connection.

        Args:
            rows: As `plain` has it.

        Raises:
            WarehouseError: it cannot be made, or what ClickHouse raises inside, as one line.
        """
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            client = self._client
        try:
            with plain(rows=rows):
                yield client
        except WarehouseAwayError:
            with self._lock:
                if self._client is client:
                    self._client = None
            with contextlib.suppress(Exception):  # it is of no use any more
                client.close()
            raise

    def command(self, sql: str, settings: Mapping[str, object] | None = None) -> None:
        """Carry out a statement.

        Raises:
            WarehouseError: it was not carried out.
        """
        with self.client() as client:
            client.command(sql, settings=dict(settings or {}))

    def ask(self, sql: str) -> Rows:
        """Answer a question without bounds.

        Raises:
            WarehouseError: it cannot be answered.
        """
        with self.client() as client:
            return [tuple(row) for row in client.query(sql).result_rows]

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
