"""Which steps a project's tables have been through, on every form of a warehouse."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.warehouse import Warehouse, WarehouseError
from aboveboard.warehouse.schema import key
from aboveboard.warehouse.structure import versions
from aboveboard.warehouse.structure.versions import STEPS, Step
from tests.clickhouse.forms import EMBEDDED, MOSTLY_EMBEDDED, SERVER, form
from tests.conftest import in_turn
from tests.warehouse.tables import Grown, Sent, row, rows

CATALOG = Catalog.of("tool", [Sent])
TODAY = datetime.datetime.now(datetime.timezone.utc).date()


@pytest.fixture(params=MOSTLY_EMBEDDED)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with form(request, tmp_path) as found:
        yield found


def where(warehouse: Warehouse) -> str:
    """Return the database with the tables themselves: on a cluster, a node's."""
    (found,) = warehouse.query(
        "SELECT database FROM system.tables WHERE engine LIKE '%MergeTree' AND "
        "database LIKE '%\\_tool' GROUP BY database"
    ).rows
    return str(found[0])


def noted(warehouse: Warehouse, columns: str) -> list[tuple[object, ...]]:
    sql = f"SELECT {columns} FROM {{database:Identifier}}._versions FINAL ORDER BY step"
    return warehouse.query(sql, {"database": where(warehouse)}).rows


def taken_by(warehouse: Warehouse, step: int, oldest: int) -> None:
    """Note a step as a newer aboveboard would."""
    of = f"{where(warehouse)}._versions (step, date, name, oldest, by)"
    with warehouse.client() as client:
        client.command(f"INSERT INTO {of} SELECT {step}, '2030-01-01', 'later', {oldest}, '9.9.9'")


def test_new_tables_have_taken_every_step_and_each_is_noted_once_with_its_day(url: str) -> None:
    for _ in range(2):
        with closing(Warehouse(url)) as warehouse:
            warehouse.ensure("tool", CATALOG)
            warehouse.ensure("tool", Catalog.of("tool", [Grown]))
            told = noted(warehouse, "step, toString(date), name, oldest")
            is_shared = warehouse.is_shared
            assert told == [
                (each.number, each.date, each.name, each.beside(is_shared=is_shared))
                for each in STEPS
            ]
            days = {day for (day,) in noted(warehouse, "toDate(taken)")}
            assert days <= {TODAY, TODAY + datetime.timedelta(1)}


def test_tables_of_before_are_noted_and_lose_nothing(url: str) -> None:
    with closing(Warehouse(url)) as warehouse:
        warehouse.ensure("tool", CATALOG)
        warehouse.insert("tool", "sent", row(tokens=1), "one")
        with warehouse.client() as client:
            client.command(f"DROP TABLE {where(warehouse)}._versions SYNC")
    with closing(Warehouse(url)) as warehouse:
        warehouse.ensure("tool", CATALOG)
        assert noted(warehouse, "step") == [(each.number,) for each in STEPS]
        assert rows(warehouse) == [(1,)]


def test_beside_a_newer_collector_an_older_one_goes_on_where_its_rows_are_right(url: str) -> None:
    with closing(Warehouse(url)) as warehouse:
        warehouse.ensure("tool", CATALOG)
        taken_by(warehouse, step=98, oldest=len(STEPS))
        warehouse.ensure("tool", Catalog.of("tool", [Grown]))
        warehouse.insert("tool", "sent", row(how="fast"), "one")
        assert rows(warehouse, "how") == [("fast",)]
        taken_by(warehouse, step=99, oldest=99)
        with pytest.raises(WarehouseError, match=r"aboveboard 9\.9\.9, which this one") as told:
            warehouse.ensure("tool", CATALOG)
        assert "\n" not in str(told.value)


def test_who_knows_no_claims_cannot_go_on_beside_collectors_that_claim(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Warehouse(url)) as warehouse:
        warehouse.ensure("tool", CATALOG)
        monkeypatch.setattr(versions, "STEPS", STEPS[:3])
        if not warehouse.is_shared:
            warehouse.ensure("tool", CATALOG)
            return
        for _ in range(2):
            with pytest.raises(WarehouseError, match="cannot go on beside: install that"):
                warehouse.ensure("tool", CATALOG)
        with pytest.raises(WarehouseError, match="cannot go on beside: install that"):
            warehouse.check_versions("tool")


def test_a_step_that_comes_later_is_taken_from_any_earlier_one(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Warehouse(url)) as warehouse:
        monkeypatch.setattr(versions, "STEPS", STEPS[:1])
        warehouse.ensure("tool", CATALOG)
        assert noted(warehouse, "step") == [(1,)]
        later = (*STEPS, Step(len(STEPS) + 1, "2030-01-01", "later", 1))
        monkeypatch.setattr(versions, "STEPS", later)
        warehouse.ensure("tool", CATALOG)
        assert noted(warehouse, "step") == [(each.number,) for each in later]


@pytest.mark.parametrize("url", in_turn([EMBEDDED, SERVER], [EMBEDDED]), indirect=True)
def test_tables_of_0_1_0_are_brought_up_to_date_in_a_server_too(url: str) -> None:
    """`tests/migration` takes what 0.1.0 itself has written through the same steps."""
    one, two = "561f232a-46d9-44f3-aee2-825890ad4f8e", "561f232a-46d9-44f3-aee2-825890ad4f8f"
    with closing(Warehouse(url)) as warehouse:
        with warehouse.client() as client:
            client.command("CREATE DATABASE project_tool")
            for table, more in (
                ("sent", "cost Nullable(Float64)"),
                ("sessions", "source LowCardinality(String)"),
            ):
                client.command(
                    f"CREATE TABLE project_tool.{table} (user_id UUID, session UUID, "
                    f"time DateTime('UTC'), {more}, _move UInt64) ENGINE = MergeTree "
                    "PARTITION BY toYYYYMM(time) ORDER BY (toDate(time), user_id)"
                )
            client.command(
                f"INSERT INTO project_tool.sent SELECT '{one}', '{two}', 1760000400 + number, "
                "number / 10, 7 FROM numbers(50)"
            )
            client.command(
                f"INSERT INTO project_tool.sessions SELECT '{one}', '{two}', 1760000399, 'x', 7"
            )
        warehouse.ensure("tool", CATALOG)
        told = rows(warehouse, "user_id, session, seq, toString(time), toString(cost)")
        ids = (key(one), key(two))
        hours = "2025-10-09 09:00:00"
        expected = [(*ids, n + 1, hours, f"{n / 10:g}") for n in range(50)]
        assert sorted(told) == sorted(expected)
        assert noted(warehouse, "step") == [(each.number,) for each in STEPS]
