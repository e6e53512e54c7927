"""Events of a small tool, as rows."""

from __future__ import annotations

import uuid

from aboveboard import Event
from aboveboard.catalog.event import choice, count, dollars, exception, flag
from aboveboard.warehouse import (
    Warehouse,
    database,
)

NOON = 1_760_000_400


class Sent(Event):
    """Something was sent."""

    tokens: int = count("How many")
    cost: float | None = dollars("For how much")
    quiet: bool | None = flag("Whether silently")
    error: str | None = exception("How it failed", [])


class Grown(Event, name="sent"):
    """The same event, later."""

    tokens: int = count("How many")
    how: str | None = choice("fast", "slow", doc="How")


class Other(Event):
    """Another event."""


def row(**properties: object) -> dict[str, list[object]]:
    ids = {"user_id": uuid.uuid4(), "session": uuid.uuid4()}
    told: dict[str, object] = {**ids, "seq": 7, "time": NOON}
    return {name: [value] for name, value in (told | properties).items()}


def rows(warehouse: Warehouse, columns: str = "count()") -> list[tuple[object, ...]]:
    sql = f"SELECT {columns} FROM {{project:Identifier}}.sent ORDER BY ALL"
    return warehouse.query(sql, {"project": database("tool")}).rows
