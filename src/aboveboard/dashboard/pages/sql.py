"""The page of questions that nobody foresaw: SQL, its answer as a table and a chart, the schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard.insights.adhoc import asking
from aboveboard.rendering import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Table
    from aboveboard.insights.adhoc.schema import SeenTable
    from aboveboard.insights.table import Value

ROWS = 500
"""Rows that the page shows; the CSV has all."""

BARS = 30
POINTS = 2_000

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]{8})?", re.ASCII)


@dataclass(frozen=True)
class Cell:
    text: str
    title: str
    number: bool
    missing: bool


@dataclass(frozen=True)
class Answer:
    """What was answered.

    Args:
        rows: The first of them.
        count: How many there are.
        chart: A chart of the first column against the first number beside it, if that is one.
    """

    columns: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: list[list[Cell]]
    count: int
    chart: Mapping[str, Any] | None


@dataclass(frozen=True)
class Page:
    """The page.

    Args:
        text: What is in the field.
        wrong: Why there is no answer, if one was asked for.
        waits: Whether the question came by another site's link, and is to be looked at first.
    """

    text: str
    tables: Sequence[SeenTable]
    examples: list[tuple[str, str]]
    answer: Answer | None = None
    wrong: str = ""
    waits: bool = False


def look(view: View, text: str, answer: Table | None, wrong: str, *, waits: bool) -> Page:
    """Return the page around an answer, or around why there is none.

    Raises:
        WarehouseError: the warehouse does not answer.
    """
    tables = asking.seen(view.warehouse, view.project)
    return Page(
        text, tables, _examples(tables), _answered(answer) if answer else None, wrong, waits
    )


def _answered(table: Table) -> Answer:
    numbers = tuple(
        all(isinstance(row[place], (int, float)) or row[place] is None for row in table.rows)
        and any(row[place] is not None for row in table.rows)
        for place in range(len(table.columns))
    )
    return Answer(
        table.columns,
        numbers,
        [
            [_cell(value, number=number) for value, number in zip(row, numbers, strict=True)]
            for row in table.rows[:ROWS]
        ],
        len(table.rows),
        chart(table, numbers),
    )


def _cell(value: Value, *, number: bool) -> Cell:
    if value is None:
        return Cell("null", "", number, missing=True)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Cell(str(value), "", number, missing=False)
    exact = f"{value:,}" if isinstance(value, float) else str(value)
    if isinstance(value, int):
        # An id is no amount: a number that long is told as it is.
        return Cell(exact if abs(value) >= 10**15 else f"{value:,}", exact, number, missing=False)
    return Cell(wording.average(value), exact, number, missing=False)


def chart(table: Table, numbers: Sequence[bool]) -> Mapping[str, Any] | None:
    """Return Vega-Lite of the first column against the first other that has numbers, or None.

    Days make a line, words make bars; of anything else, and of too many, there is no chart.
    """
    y = next((place for place in range(1, len(numbers)) if numbers[place]), None)
    if y is None or len(table.rows) < 2:
        return None
    first = [row[0] for row in table.rows]
    is_day = all(isinstance(value, str) and _DAY.fullmatch(value) for value in first)
    if is_day and len(first) > POINTS:
        return None
    if not is_day and (numbers[0] or len(first) > BARS or len(set(first)) < len(first)):
        return None
    values = [{"x": "null" if row[0] is None else row[0], "y": row[y]} for row in table.rows]
    amount = {"field": "y", "type": "quantitative", "axis": {"title": table.columns[y]}}
    if is_day:
        axis = {"title": None, "format": "%d %b %Y", "tickCount": 6, "labelOverlap": True}
        encoding: dict[str, Any] = {
            "x": {"field": "x", "type": "temporal", "scale": {"type": "utc"}, "axis": axis},
            "y": amount,
        }
        layer = [{"mark": {"type": "line", "point": True}}]
    else:
        named = {"title": table.columns[0], "labelLimit": 260}
        encoding = {
            "y": {"field": "x", "type": "nominal", "sort": None, "axis": named},
            "x": amount,
        }
        layer = [{"mark": {"type": "bar", "cornerRadiusEnd": 3, "height": {"band": 0.62}}}]
    return {
        "width": "container",
        "height": 220 if is_day else 26 * len(values),
        "encoding": {
            **encoding,
            "tooltip": [
                {"field": "x", "title": table.columns[0]},
                {"field": "y", "title": table.columns[y], "type": "quantitative"},
            ],
        },
        "layer": layer,
        "data": {"values": values},
    }


def _examples(tables: Sequence[SeenTable]) -> list[tuple[str, str]]:
    """Return questions that this project's tables can answer, each with what it asks."""
    has = {table.name: {column.name for column in table.columns} for table in tables}
    return [
        (title, text)
        for title, (table, needed, text) in EXAMPLES.items()
        if needed <= has.get(table, set())
    ]


EXAMPLES = {
    "Installs a week": (
        "sessions",
        {"time"},
        """SELECT toStartOfWeek(time, 1) AS week, uniqExact(user_id) AS installs
FROM sessions
GROUP BY week
ORDER BY week""",
    ),
    "Sessions by version and system": (
        "sessions",
        {"app_version", "os"},
        """SELECT app_version, os, count() AS sessions
FROM sessions
GROUP BY ALL
ORDER BY sessions DESC""",
    ),
    "Messages by model and edit format": (
        "message_send",
        {"main_model", "edit_format"},
        """SELECT main_model, edit_format, count() AS messages
FROM message_send
GROUP BY ALL
ORDER BY messages DESC""",
    ),
    "What is run after the first command": (
        "command",
        {"command"},
        """WITH runs AS (
    SELECT session, groupArray(command) AS commands
    FROM (SELECT session, command FROM command ORDER BY session, seq)
    GROUP BY session
)
SELECT commands[1] AS first, commands[2] AS second, count() AS sessions
FROM runs
WHERE length(commands) > 1
GROUP BY ALL
ORDER BY sessions DESC
LIMIT 20""",
    ),
}
"""By title: the table and the columns that a question needs, and the question."""
