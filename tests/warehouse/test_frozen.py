"""A table's files of one moment, whatever happens to the table in the next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aboveboard.warehouse import Warehouse, embedded
from aboveboard.warehouse.transfer import frozen
from tests.collector.tool import new_id
from tests.warehouse.kept import CATALOG, insert


def test_rows_that_go_while_tables_are_frozen_are_counted_as_they_lie_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erasing, retention and merges take rows away at any moment; the manifest has to agree."""
    with contextlib.closing(Warehouse(embedded(tmp_path))) as warehouse:
        warehouse.ensure("tool", CATALOG)
        for _ in range(3):
            insert(warehouse, new_id(), new_id())
        given = warehouse.client

        @contextlib.contextmanager
        def client() -> Iterator[Any]:
            with given() as own:

                class Hasty:
                    query = own.query

                    def command(self, sql: str) -> None:
                        own.command(sql)
                        table = sql.partition("ALTER TABLE ")[2].partition(" FREEZE")[0]
                        own.command(f"TRUNCATE TABLE {table}")

                yield Hasty()

        monkeypatch.setattr(warehouse, "client", client)
        tables = frozen.freeze(warehouse, "x")
    rows = {each.name: each.rows for each in tables if each.rows is not None}
    assert rows["sent"] == 3
