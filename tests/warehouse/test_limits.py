"""One question has bounds of time, memory and rows, and says which of them it reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.warehouse import Limits, QueryLimitError, Warehouse, WarehouseError, embedded

MIB = 1 << 20


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(
        embedded(tmp_path), Limits(seconds=1, memory=64 * MIB, spill=8 * MIB, rows=9)
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("sql", "bound"),
    [
        ("SELECT sum(sipHash64(number)) FROM numbers(100000000000)", "longer than 1 seconds"),
        ("SELECT length(groupArray(number)) FROM numbers(100000000)", "more than 64 MiB of memory"),
        ("SELECT number FROM numbers(10)", "more than 9 rows as its answer"),
    ],
)
def test_the_bound_that_is_reached_is_named_with_what_to_do(
    warehouse: Warehouse, sql: str, bound: str
) -> None:
    with pytest.raises(QueryLimitError) as stopped:
        warehouse.query(sql)

    said = str(stopped.value)
    assert bound in said
    assert said.endswith("and was stopped: ask for a shorter period")
    assert "\n" not in said
    assert warehouse.query("SELECT 1").rows == [(1,)]


def test_groups_that_do_not_fit_go_on_on_the_disk(warehouse: Warehouse) -> None:
    """A million groups take some 100 MiB."""
    sql = (
        "SELECT count(), sum(n) FROM (SELECT number, count() AS n FROM numbers({}) GROUP BY number)"
    )

    assert warehouse.query(sql.format(1_000_000)).rows == [(1_000_000, 1_000_000)]


def test_what_is_wrong_with_a_question_is_no_bound(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError) as refused:
        warehouse.query("SELECT nothing")

    assert not isinstance(refused.value, QueryLimitError)


def test_the_collector_s_own_questions_have_no_bound(warehouse: Warehouse) -> None:
    assert len(warehouse.query("SELECT number FROM numbers(10)", bounded=False).rows) == 10


@pytest.mark.parametrize(
    "sql", ["SELECT 1 AS a, 'x' AS b WHERE a = 2 -- none", "SELECT a, b FROM ({}) LIMIT 0"]
)
def test_an_answer_without_rows_has_its_columns(warehouse: Warehouse, sql: str) -> None:
    answer = warehouse.query(sql.replace("{}", "SELECT 1 AS a, 2 AS b"))

    assert (answer.columns, answer.rows) == (["a", "b"], [])
