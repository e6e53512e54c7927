from __future__ import annotations

import datetime
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import flag
from aboveboard.warehouse import (
    Limits,
    Warehouse,
    WarehouseError,
    database,
    embedded,
)
from aboveboard.warehouse.schema import NOBODY, key
from tests.clickhouse.forms import FORMS, form
from tests.warehouse.tables import NOON, Grown, Other, Sent, row, rows


class Changed(Event, name="sent"):
    """The same event with another kind of the same name."""

    tokens: bool = flag("Whether any")


def test_a_key_is_an_ids_last_64_bits_and_nobodys_is_0() -> None:
    assert key("561f232a-46d9-44f3-aee2-825890ad4f8e") == 0xAEE2825890AD4F8E
    assert key(NOBODY) == 0
    assert all(key(str(uuid.uuid4())) >= 2**63 for _ in range(100))


@pytest.fixture(params=FORMS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where events are kept: embedded, or in a server."""
    with form(request, tmp_path) as found:
        yield found


@pytest.fixture
def warehouse(url: str) -> Iterator[Warehouse]:
    opened = Warehouse(url)
    opened.ensure("tool", Catalog.of("tool", [Sent]))
    yield opened
    opened.close()


def test_what_is_inserted_is_there_with_its_types(warehouse: Warehouse) -> None:
    told = row(tokens=2**53 - 1, cost=0.25, quiet=True, error_type="KeyError")
    told |= {"error_frames": [["tool:main:1"]], "error_causes": [["OSError"]],
             "error_fingerprint": ["0f"]}  # fmt: skip
    warehouse.insert("tool", "sent", told, "one")
    when = datetime.datetime.fromtimestamp(NOON, datetime.UTC).replace(tzinfo=None)
    ids = (key(str(told["user_id"][0])), key(str(told["session"][0])))
    properties = 2**53 - 1, Decimal("0.25"), True, "KeyError", ["tool:main:1"], ["OSError"], "0f"
    assert rows(warehouse, "* EXCEPT _move") == [(*ids, 7, when, *properties)]


def test_a_column_that_is_left_out_or_null_is_null_and_frames_are_empty(
    warehouse: Warehouse,
) -> None:
    warehouse.insert("tool", "sent", row(tokens=None, error_frames=None), "one")
    assert rows(warehouse, "tokens, cost, quiet, error_type, error_frames") == [
        (None, None, None, None, [])
    ]


def test_the_same_token_inserts_once_even_after_the_warehouse_was_opened_again(
    url: str,
) -> None:
    told = row(tokens=1)
    for _ in range(2):
        warehouse = Warehouse(url)
        warehouse.ensure("tool", Catalog.of("tool", [Sent]))
        warehouse.insert("tool", "sent", told, "one")
        warehouse.insert("tool", "sent", told, "one")
        kept = rows(warehouse)
        warehouse.close()
        assert kept == [(1,)]


def test_the_same_rows_under_another_token_are_other_events(warehouse: Warehouse) -> None:
    told = row(tokens=1)
    warehouse.insert("tool", "sent", told, "one")
    warehouse.insert("tool", "sent", told, "two")
    assert rows(warehouse) == [(2,)]


def test_rows_are_data_whatever_they_say_few_or_many(warehouse: Warehouse) -> None:
    words = ["'); DROP TABLE sent; --", '"]}\nFORMAT Null', "\\", "%s {x:String} ü", ";"]
    many = 1000  # more than what embedded stands in the statement
    for times in (1, many):
        told = {name: values * len(words) * times for name, values in row(tokens=1).items()}
        for _ in range(2):
            warehouse.insert("tool", "sent", told | {"error_type": words * times}, f"{times}")
    found = warehouse.query(
        "SELECT error_type, count() FROM {project:Identifier}.sent GROUP BY ALL",
        {"project": database("tool")},
    ).rows
    assert sorted(found) == sorted((word, 1 + many) for word in words)


def test_an_insert_may_span_many_years(warehouse: Warehouse) -> None:
    months = 101  # more than the hundred partitions that ClickHouse allows an insert by default
    told = {name: values * months for name, values in row(tokens=1).items()}
    told["time"] = [NOON - month * 31 * 86_400 for month in range(months)]
    warehouse.insert("tool", "sent", told, "one")
    warehouse.insert("tool", "sent", told, "one")
    assert rows(warehouse) == [(months,)]


def test_a_grown_catalog_adds_tables_and_columns_and_keeps_what_was_there(
    warehouse: Warehouse,
) -> None:
    warehouse.insert("tool", "sent", row(tokens=1, cost=2), "one")
    warehouse.ensure("tool", Catalog.of("tool", [Grown, Other]))
    warehouse.insert("tool", "sent", row(tokens=3, how="fast"), "two")
    warehouse.insert("tool", "other", row(), "two")
    assert rows(warehouse, "tokens, cost, how") == [(1, 2.0, None), (3, None, "fast")]


def test_a_property_that_changed_its_kind_is_refused_with_what_to_do(
    warehouse: Warehouse,
) -> None:
    with pytest.raises(WarehouseError, match="give the property another name") as refused:
        warehouse.ensure("tool", Catalog.of("tool", [Changed]))
    assert "\n" not in str(refused.value)


def test_a_connection_that_only_reads_answers_and_writes_nothing(warehouse: Warehouse) -> None:
    warehouse.insert("tool", "sent", row(tokens=1), "one")
    told = warehouse.read_only("SELECT count() AS n FROM project_tool.sent", Limits())
    assert (told.columns, told.rows) == (["n"], [(1,)])
    with pytest.raises(WarehouseError):
        warehouse.read_only("TRUNCATE TABLE project_tool.sent", Limits())
    assert rows(warehouse) == [(1,)]


def test_a_value_is_bound_and_never_read_as_sql(warehouse: Warehouse) -> None:
    evil = "x') OR 1=1 -- ' \\"
    told = warehouse.query("SELECT {value:String} AS it", {"value": evil})
    assert told.columns == ["it"]
    assert told.rows == [(evil,)]


def test_a_question_that_cannot_be_answered_says_why_on_one_line(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match=r"project_tool\.nothing") as refused:
        warehouse.query("SELECT 1 FROM {project:Identifier}.nothing", {"project": "project_tool"})
    assert "\n" not in str(refused.value)


def test_questions_are_answered_while_events_are_inserted(warehouse: Warehouse) -> None:
    counts: list[object] = []

    def ask() -> None:
        counts.extend(rows(warehouse)[0][0] for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for number in range(20):
        warehouse.insert("tool", "sent", row(tokens=number), str(number))
    for thread in threads:
        thread.join()
    assert len(counts) == 60
    assert rows(warehouse) == [(20,)]


def test_a_second_process_is_told_that_the_directory_is_in_use(tmp_path: Path) -> None:
    warehouse = Warehouse(embedded(tmp_path / "warehouse"))
    script = (
        "import sys\n"
        "from aboveboard.warehouse import Warehouse, WarehouseBusyError\n"
        "try: Warehouse(sys.argv[1])\n"
        "except WarehouseBusyError as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, embedded(tmp_path / "warehouse")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.count("\n") == 1
    assert "another aboveboard has" in told.stdout
    assert told.stderr == ""
    warehouse.close()


def test_a_closed_warehouse_gives_its_directory_free(tmp_path: Path) -> None:
    for _ in range(2):
        Warehouse(embedded(tmp_path / "with space & %")).close()


def test_a_directory_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match=r"cannot write to .*file/warehouse"):
        Warehouse(embedded(tmp_path / "file" / "warehouse"))


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(WarehouseError, match="ClickHouse does not answer") as refused:
        Warehouse("clickhouse://someone:secret@127.0.0.1:9/")
    assert "secret" not in str(refused.value)
    assert "127.0.0.1:9" in str(refused.value)


@pytest.mark.parametrize("url", ["", "warehouse", "sqlite:///x", "chdb://relative", "chdb:"])
def test_an_address_that_is_none_is_answered_with_what_one_looks_like(url: str) -> None:
    with pytest.raises(WarehouseError, match="chdb:///"):
        Warehouse(url)


def test_money_is_summed_exactly_and_more_than_a_decimal_holds_is_null(
    warehouse: Warehouse,
) -> None:
    for number, cost in enumerate((0.1, 0.2, 1e-7, 1e15, 999_999_999.5, None)):
        warehouse.insert("tool", "sent", row(cost=cost), str(number))
    assert rows(warehouse, "sum(cost)") == [(Decimal("999999999.8000001"),)]
    assert rows(warehouse, "count()") == [(6,)]
