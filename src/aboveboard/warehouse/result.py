"""Result: what a question is answered with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """Columns and rows, as ClickHouse's types are in Python."""

    columns: list[str]
    rows: list[tuple[object, ...]]
