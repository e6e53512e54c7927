"""Counting in the warehouse: installs by value, each of them in at most so many rows of a table.

What one install can change is bounded here, before there is any number: by its presence it adds 1
to the active installs, and 1 to at most `cap` rows of each table, however much it sends.
"""

from __future__ import annotations

import functools
from datetime import date
from importlib import resources
from typing import TYPE_CHECKING

import jinja2

from aboveboard.warehouse import database

from .tables import OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.warehouse import Warehouse

    from .periods import Period
    from .tables import PropertyTable

NAMES_AT_ONCE = 1_000
"""Names in one bound array: a server takes no value of more than 128 KiB."""

NOTHING = ""
"""What stands for a value that is not counted: no value is blank."""


def active(warehouse: Warehouse, project: str, period: Period) -> int:
    """Return how many installs began a session in the period."""
    told = warehouse.query(_sql("active")(), _of(project, period))
    return int(str(told.rows[0][0]))


def first_day(warehouse: Warehouse, project: str) -> date | None:
    """Return the day of the first session of an install that is kept, in UTC; None without any."""
    told = warehouse.query(_sql("first")(), {"project": database(project)})
    sessions, first = told.rows[0]
    return date.fromisoformat(str(first)) if int(str(sessions)) else None


def counts(warehouse: Warehouse, project: str, period: Period, table: PropertyTable) -> list[int]:
    """Return how many installs had each key of a table, in the order of its keys; 0 where none.

    Raises:
        WarehouseError: it cannot be asked.
    """
    of = {**_of(project, period), "source": table.source, "column": table.column}
    # The whole list, whoever sent what: what is asked must not depend on what is there.
    names = [key for key in table.keys if key != OTHER]
    bound: dict[str, object] = {
        f"names_{at // NAMES_AT_ONCE}": names[at : at + NAMES_AT_ONCE]
        for at in range(0, len(names), NAMES_AT_ONCE)
    }
    sql = _sql("installs")(
        is_minor=table.is_minor, parts=[f"{{{name}:Array(String)}}" for name in bound]
    )
    answer = warehouse.query(
        sql,
        {
            **of,
            **bound,
            "other": OTHER if table.has_other else NOTHING,
            "nothing": NOTHING,
            "cap": table.cap,
        },
    )
    found = {str(value): int(str(installs)) for value, installs in answer.rows}
    return [found.get(key, 0) for key in table.keys]


def all_counts(
    warehouse: Warehouse, project: str, period: Period, tables: Sequence[PropertyTable]
) -> tuple[int, list[list[int]]]:
    """Return the active installs, and each table's counts."""
    return active(warehouse, project, period), [
        counts(warehouse, project, period, table) for table in tables
    ]


def _of(project: str, period: Period) -> dict[str, object]:
    return {"project": database(project), "since": period.since, "until": period.until}


class _Sql:
    def __init__(self, name: str) -> None:
        text = resources.files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
        # SQL: what is not ours is bound.
        self._template = jinja2.Environment(  # noqa: S701
            undefined=jinja2.StrictUndefined
        ).from_string(text)

    def __call__(self, **words: object) -> str:
        return self._template.render(**words)


@functools.cache
def _sql(name: str) -> _Sql:
    return _Sql(name)
