"""Read-only: a connection for questions that somebody has written: bounded, with no way to write.

ClickHouse's `readonly = 1` holds for the connection: nothing is written, made or dropped, no
setting is changed, and no table function reads a file or another server. It is the second wall, not
the first: measured with 26.9, it lets `INTO OUTFILE` write a file, the function `file()` read one,
all of `system` be read, and several statements be one text. So no text reaches it but what
`insights/adhoc/rules.py` has let through.
"""

from __future__ import annotations

import contextlib
import re
import threading
from typing import TYPE_CHECKING

from .engine import driver
from .engine.complaints import plain
from .errors import WarehouseAwayError
from .result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from clickhouse_connect.driver.client import Client

    from .limits import Limits

STRICT: Mapping[str, object] = {
    "max_threads": 2,
    "allow_ddl": 0,
    "max_ast_depth": 300,
    "max_ast_elements": 5_000,
    "max_expanded_ast_elements": 50_000,
    "max_subquery_depth": 30,
    "max_query_size": 1 << 17,
    # What a question orders stays in order, also though the question stands in brackets.
    "query_plan_remove_redundant_sorting": 0,
}


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "a": "\a", "v": "\v"}


def _unescaped(text: str) -> str:
    """Return a value of ClickHouse's TabSeparated, which has it on one line."""
    return _ESCAPED.sub(lambda match: _LETTERS.get(match[1], match[1]), text)


class ReadOnly:
    """A connection that only reads, made when it is first needed. For any thread, one at a time.

    Args:
        connect: Gives another connection.
        limits: What one question may cost.
        reading: The settings that the engine reads with.
    """

    def __init__(
        self, connect: Callable[[], Client], limits: Limits, reading: Mapping[str, object]
    ) -> None:
        self._connect = connect
        self._limits = limits
        self._reading = reading
        self._client: Client | None = None
        self._lock = threading.Lock()

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> Result:
        """Answer a question.

        Raises:
            QueryLimitError: it needs more than the limits.
            WarehouseError: it could not be answered.
        """
        bound = dict(parameters) if parameters else None
        with self._asking() as client:
            answer = client.query(sql, parameters=bound)
            columns = list(answer.column_names)
            if not columns:  # as in `Warehouse.query`
                described = client.query(f"DESCRIBE TABLE (\n{sql}\n)", parameters=bound)
                columns = [str(row[0]) for row in described.result_rows]
            return Result(columns, [tuple(row) for row in answer.result_rows])

    def explain(self, sql: str) -> list[str]:
        """Return what ClickHouse explains, a line each.

        Without a format of ours: behind EXPLAIN, a server takes it for a part of what is explained.

        Raises:
            QueryLimitError: it needs more than the limits.
            WarehouseError: it cannot be explained.
        """
        with self._asking() as client:
            told = client.raw_query(sql).decode("utf-8", "replace")
        return [_unescaped(line) for line in told.split("\n") if line]

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Client]:
        with self._lock:
            try:
                with plain(limits=self._limits):
                    client = self._opened()
                    with driver.waiting(client, self._limits.patience):
                        yield client
            except WarehouseAwayError:  # another node of a cluster may answer
                self._end()
                raise

    def _opened(self) -> Client:
        if self._client is None:
            client = self._connect()
            try:
                for name, value in {
                    **self._reading,
                    **self._limits.settings(),
                    **STRICT,
                    "readonly": 1,  # the last: none can be changed after it
                }.items():
                    client.set_client_setting(name, value)
            except BaseException:
                client.close()
                raise
            self._client = client
        return self._client

    def close(self) -> None:
        """Close the connection; a question that is being answered is waited for."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):  # it may be of no use any more
                client.close()
