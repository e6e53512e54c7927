"""Sums kept beside a table's rows tell what the rows do, whatever became of the rows since."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import choice, count, dollars, model
from aboveboard.warehouse import Warehouse, WarehouseError, Which, tables
from aboveboard.warehouse.structure.projections import Projections, of
from tests.clickhouse.forms import MOSTLY_EMBEDDED, form
from tests.collector.tool import until

NOON = 1_760_000_400 - 1_760_000_400 % 3600
DAY = 86_400


class Sent(Event, name="message_send"):
    """A model answered."""

    main_model: str | None = model("Which")
    edit_format: str | None = choice("diff", "whole", doc="How")
    total_tokens: int | None = count("How many")


class Paid(Event, name="message_send"):
    """The same, later."""

    main_model: str | None = model("Which")
    edit_format: str | None = choice("diff", "whole", doc="How")
    total_tokens: int | None = count("How many")
    cost: float | None = dollars("For how much")


OLD, NEW = (Catalog.of("tool", [each]) for each in (Sent, Paid))
ROWS = "SETTINGS optimize_use_projections = 0"
ASKED = (
    "SELECT main_model, toDate(time) AS day, count(), count(total_tokens), "
    "sum(toInt128(total_tokens)){} FROM project_tool.message_send WHERE user_id != 0 "
    "GROUP BY main_model, day ORDER BY ALL"
)
(BEFORE, _), (AFTER, SELECTED) = (
    next(each for table in tables(catalog) for each in of(table).items()) for catalog in (OLD, NEW)
)
OF_0_1 = "messages_edit_format_total_tokens_cost"
"""As step 3 of versions.py named one, which an aboveboard of before made."""
INSTALLS = [str(uuid.UUID(int=number, version=4)) for number in range(1, 30)]


@pytest.fixture(params=MOSTLY_EMBEDDED)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with form(request, tmp_path) as found:
        yield found


def insert(
    warehouse: Warehouse,
    move: int,
    installs: Sequence[str] = INSTALLS,
    *,
    first: int = NOON,
    paid: bool = False,
) -> None:
    """Insert a move: four messages of each install, over two days and of two models."""
    rows = [(install, number) for install in installs for number in range(4)]
    columns: dict[str, list[object]] = {
        "user_id": [install for install, _ in rows],
        "session": [install for install, _ in rows],
        "seq": [number for _, number in rows],
        "time": [first + number % 2 * DAY for _, number in rows],
        "main_model": [("gpt-5", None, "o3")[number % 3] for _, number in rows],
        "edit_format": ["diff" for _ in rows],
        "total_tokens": [100 + number for _, number in rows],
        "_move": [move for _ in rows],
    }
    if paid:
        columns["cost"] = [number / 7 for _, number in rows]
    warehouse.insert("tool", "message_send", columns, f"move-{move}")


def agree(warehouse: Warehouse, *, paid: bool = True) -> int:
    """Ask with the sums and without them, and return how many messages there are."""
    asked = ASKED.format(", sum(cost), count(cost)" if paid else "")
    with_sums, from_rows = warehouse.query(asked).rows, warehouse.query(f"{asked} {ROWS}").rows
    assert with_sums == from_rows
    return sum(int(str(row[2])) for row in with_sums)


def lacking(warehouse: Warehouse, name: str) -> int:
    """Return how many parts of this node have not the sums of a name."""
    ((parts, without),) = warehouse.query(
        "SELECT count(), countIf(NOT has(projections, {name:String})) FROM system.parts "
        "WHERE active AND rows > 0 AND table = 'message_send' AND database LIKE '%\\_tool'",
        {"name": name},
    ).rows
    assert parts
    return int(str(without))


def test_sums_follow_their_rows(url: str) -> None:
    with closing(Warehouse(url)) as warehouse:
        warehouse.ensure("tool", OLD)
        insert(warehouse, 1)
        assert agree(warehouse, paid=False) == 4 * 29
        assert lacking(warehouse, BEFORE) == 0

        warehouse.ensure("tool", NEW)  # rows of before have the new ones, too
        until(lambda: lacking(warehouse, AFTER) == 0)
        assert lacking(warehouse, BEFORE) > 0
        insert(warehouse, 2, paid=True)
        assert agree(warehouse) == 8 * 29

        insert(warehouse, 2, paid=True)  # a repeated move
        assert agree(warehouse) == 8 * 29
        insert(warehouse, 3, first=NOON - 40 * DAY, paid=True)  # a late one
        assert agree(warehouse) == 12 * 29

        erasing = warehouse.erasing("tool")
        erasing.prepare()
        until(erasing.is_done)
        erasing.begin(Which(tuple(INSTALLS[:7])), ["message_send"])
        until(erasing.is_done)
        erasing.end(["message_send"])
        assert agree(warehouse) == 12 * 22

        warehouse.remove("tool", 2)
        assert agree(warehouse) == 8 * 22
        insert(warehouse, 4, INSTALLS[:7], paid=True)  # an import of what was erased
        assert agree(warehouse) == 8 * 22 + 4 * 7
        assert lacking(warehouse, AFTER) == 0


def test_tables_of_before_get_them_also_if_the_process_ended_in_between(url: str) -> None:
    with closing(Warehouse(url)) as warehouse:
        warehouse.ensure("tool", NEW)
        insert(warehouse, 1, paid=True)
        for each in warehouse._places.tables("tool"):
            of_node = f"{each._database}.message_send"
            each._command(f"ALTER TABLE {of_node} DROP PROJECTION {AFTER}", {"mutations_sync": 2})
            older = "SELECT user_id, main_model, time, count() GROUP BY user_id, main_model, time"
            each._command(f"ALTER TABLE {of_node} ADD PROJECTION {OF_0_1} ({older})", {})
            # As a process leaves it that is killed before its second statement.
            each._command(f"ALTER TABLE {of_node} ADD PROJECTION {AFTER} ({SELECTED})", {})
        assert lacking(warehouse, AFTER) > 0
        warehouse.ensure("tool", NEW)
        until(lambda: lacking(warehouse, AFTER) == 0)
        assert agree(warehouse) == 4 * 29
        ((declared,),) = warehouse.query(
            "SELECT create_table_query FROM system.tables WHERE name = 'message_send' "
            "AND database LIKE '%\\_tool' AND engine LIKE '%MergeTree' LIMIT 1"
        ).rows
        assert OF_0_1 not in str(declared)  # nothing reads it any more


def test_rows_that_are_over_their_time_leave_the_sums(url: str) -> None:
    with closing(Warehouse(url)) as warehouse:
        warehouse.ensure("tool", NEW)
        insert(warehouse, 1, paid=True)
        warehouse.ensure("tool", NEW, days=1)
        for each in warehouse._places.tables("tool"):
            each._command(f"OPTIMIZE TABLE {each._database}.message_send FINAL", {})
        until(lambda: agree(warehouse) == 0)


def test_who_may_not_make_them_has_the_same_answers_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def command(_sql: str, _settings: object) -> None:
        raise WarehouseError("Not enough privileges")

    def ask(_sql: str) -> list[tuple[object, ...]]:
        return [("message_send", "CREATE TABLE message_send (…)")]

    with caplog.at_level(logging.WARNING):
        Projections("project_tool", command, ask).make(tables(NEW))

    assert caplog.messages == [
        "questions about project_tool will take longer: Not enough privileges"
    ]


def test_of_what_says_nothing_and_of_failures_there_is_none() -> None:
    opened = type("Opened", (Event,), {"__doc__": "It was opened."})

    of_events = {each.name for each in tables(Catalog.of("tool", [opened, Sent])) if of(each)}

    assert of_events == {"message_send", "rejected_value"}
