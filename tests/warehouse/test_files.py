"""What the embedded ClickHouse leaves on the disk, and for how long."""

from __future__ import annotations

import contextlib
from pathlib import Path

from aboveboard.catalog.catalog import Catalog
from aboveboard.warehouse import Warehouse, embedded
from tests.warehouse.tables import Sent, row, rows


def test_little_is_one_file_and_what_was_merged_stays_until_the_disk_has_what_replaced_it(
    tmp_path: Path,
) -> None:
    with contextlib.closing(Warehouse(embedded(tmp_path))) as warehouse:
        warehouse.ensure("tool", Catalog.of("tool", [Sent]))
        for number in range(3):
            warehouse.insert("tool", "sent", row(tokens=number), str(number))
        found = warehouse.query(
            "SELECT path, part_storage_type FROM system.parts WHERE table = 'sent' AND level = 0"
        ).rows
        assert len(found) == 3
        for path, storage in found:
            files = [each.name for each in Path(str(path)).iterdir() if each.is_file()]
            assert (files, storage) == (["data.packed"], "Packed")
        assert warehouse.query(
            "SELECT value FROM system.merge_tree_settings WHERE name = 'old_parts_lifetime'"
        ).rows == [("120",)]  # Linux writes within 35 seconds what nobody flushes
    with contextlib.closing(Warehouse(embedded(tmp_path))) as warehouse:
        assert rows(warehouse) == [(3,)]
