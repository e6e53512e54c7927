from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.warehouse import Warehouse, WarehouseError, Which, database, embedded
from aboveboard.warehouse.schema import key
from tests.collector.tool import until
from tests.conftest import ROOT, missing
from tests.warehouse.kept import CATALOG, NOON, files_with, insert


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(embedded(tmp_path / "warehouse"))
    opened.ensure("tool", CATALOG)
    yield opened
    opened.close()


def installs(warehouse: Warehouse, table: str = "sent") -> list[int]:
    rows = warehouse.query(
        f"SELECT user_id FROM {{project:Identifier}}.{table} ORDER BY ALL",
        {"project": database("tool")},
    ).rows
    return [int(str(each)) for (each,) in rows]


def erase(warehouse: Warehouse, which: Which) -> int:
    """Erase as the collector does, and wait until no file has the rows any more."""
    erasing = warehouse.erasing("tool")
    tables = erasing.count(which)
    erasing.begin(which, tables)
    until(erasing.is_done)
    old = erasing.old_parts(tables)

    erasing.hurry(tables)

    def is_removed() -> bool:
        erasing.wake(tables)
        return not old & erasing.old_parts(tables)

    until(is_removed, seconds=120)
    erasing.end(tables)
    return sum(tables.values())


ONE_LIFE = """
import os, sys, uuid
from pathlib import Path
from aboveboard.warehouse import Warehouse, Which, embedded
from tests.warehouse.test_erasing import CATALOG, erase, files_with, insert, key

data = Path(sys.argv[1])
warehouse = Warehouse(embedded(data))
warehouse.ensure("tool", CATALOG)
me = str(uuid.uuid4())
told = b"77.66.55", key(me).to_bytes(8, "little")
insert(warehouse, str(uuid.uuid4()), str(uuid.uuid4()))
insert(warehouse, me, str(uuid.uuid4()), "77.66.55")
before = bool(files_with(data, *told))
erase(warehouse, Which((me,)))
after = files_with(data, *told)
print(f"found before: {before}; found after: {after}", flush=True)
os._exit(0)
"""


class TestOneInstall:
    def test_is_gone_from_every_table_and_the_others_stay(self, warehouse: Warehouse) -> None:
        me, other = str(uuid.uuid4()), str(uuid.uuid4())
        for user in (me, other, me):
            insert(warehouse, user, str(uuid.uuid4()))
        assert erase(warehouse, Which((me,))) == 6
        for table in ("sessions", "sent", "kept"):
            assert installs(warehouse, table) == [key(other)]

    def test_is_in_no_file_any_more(self, warehouse: Warehouse, tmp_path: Path) -> None:
        me = str(uuid.uuid4())
        told = [b"77.66.55", key(me).to_bytes(8, "little"), str(key(me)).encode()]
        for number in range(5):
            insert(warehouse, str(uuid.uuid4()), str(uuid.uuid4()), f"1.0.{number}")
        insert(warehouse, me, str(uuid.uuid4()), "77.66.55")
        for table in ("sessions", "sent", "kept"):  # beside others, in one part
            warehouse.erasing("tool")._command(f"OPTIMIZE TABLE project_tool.{table} FINAL")
        assert files_with(tmp_path, *told[:1])
        assert files_with(tmp_path, *told[1:2])
        erase(warehouse, Which((me,)))
        assert files_with(tmp_path, *told) == []
        assert len(installs(warehouse)) == 5

    @pytest.mark.thorough
    def test_is_gone_only_when_its_files_are_removed(self, tmp_path: Path) -> None:
        if shutil.which("strace") is None:
            missing("strace")
        slowly = ["strace", "--seccomp-bpf", "-f", "-qq", "-o", str(tmp_path / "calls")]
        slowly += ["-e", "trace=unlink", "-e", "inject=unlink:delay_enter=20000"]  # each 20 ms
        where = tmp_path / "data"
        where.mkdir()
        told = subprocess.run(
            [*slowly, sys.executable, "-c", ONE_LIFE, str(where)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        assert told == b"found before: True; found after: []\n"

    def test_tables_are_as_they_were(self, warehouse: Warehouse) -> None:
        def declared() -> list[tuple[object, ...]]:
            return warehouse.query(
                "SELECT name, create_table_query FROM system.tables "
                "WHERE database = 'project_tool' ORDER BY name"
            ).rows

        before = declared()
        me = str(uuid.uuid4())
        insert(warehouse, me, str(uuid.uuid4()))
        erase(warehouse, Which((me,)))
        assert declared() == before

    def test_of_whom_there_is_nothing_changes_nothing(self, warehouse: Warehouse) -> None:
        insert(warehouse, str(uuid.uuid4()), str(uuid.uuid4()))
        erasing = warehouse.erasing("tool")
        assert erasing.count(Which((str(uuid.uuid4()),))) == {}

    def test_whose_key_another_has_too_is_told(self, warehouse: Warehouse) -> None:
        me, other = str(uuid.uuid4()), str(uuid.uuid4())
        alike = f"{uuid.uuid4()}"[:19] + me[19:]
        for user in (me, other, alike):
            insert(warehouse, user, str(uuid.uuid4()))
        erasing = warehouse.erasing("tool")
        assert erasing.strangers(Which((me, other))) == {me}
        assert erasing.strangers(Which((other,))) == set()

    def test_has_these_sessions(self, warehouse: Warehouse) -> None:
        me, runs = str(uuid.uuid4()), {str(uuid.uuid4()) for _ in range(3)}
        for run in runs:
            insert(warehouse, me, run)
        insert(warehouse, str(uuid.uuid4()), str(uuid.uuid4()))
        assert warehouse.erasing("tool").sessions(Which((me,))) == runs


class TestRows:
    def test_of_a_time_are_erased(self, warehouse: Warehouse) -> None:
        me, other = str(uuid.uuid4()), str(uuid.uuid4())
        for hours in range(4):
            insert(warehouse, me, str(uuid.uuid4()), moment=NOON + hours * 3600)
            insert(warehouse, other, str(uuid.uuid4()), moment=NOON + hours * 3600)
        assert erase(warehouse, Which((me,), since=NOON + 3600, until=NOON + 3 * 3600)) == 6
        assert sorted(installs(warehouse)) == sorted([key(me)] * 2 + [key(other)] * 4)
        assert erase(warehouse, Which(None, since=NOON + 3 * 3600)) == 6
        assert sorted(installs(warehouse)) == sorted([key(me)] + [key(other)] * 3)

    def test_of_no_kind_are_all_rows_and_refused(self) -> None:
        with pytest.raises(WarehouseError, match="all rows"):
            Which()


def test_every_table_that_counts_installs_can_be_erased_from(warehouse: Warehouse) -> None:
    """A table without installs, made from tables with them, would keep what was erased."""
    ((others,),) = warehouse.query(
        "SELECT count() FROM system.tables WHERE database = 'project_tool' "
        "AND engine LIKE '%MergeTree' AND name != '_versions' "
        "AND name NOT IN (SELECT table FROM system.columns "
        "WHERE database = 'project_tool' AND name = 'user_id')"
    ).rows
    assert others == 0
