"""Listing: a table's rows as a page shows them, sorted, searched, and no more than can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard.insights import FilterError
from aboveboard.insights.filters import shown

from .view import FIND, ROWS, SORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.rendering.cells import Cell

    from .view import View

MOST = 50
"""So many rows are shown before the rest is asked for."""

WORDS = ("word", "code", "day")


@dataclass(frozen=True)
class Head:
    """A column's name, the address that sorts by it, and which way it sorts now.

    Args:
        sorts: As `aria-sort` has it: ascending, descending, or none.
    """

    name: str
    link: str
    sorts: str


@dataclass(frozen=True)
class Listing:
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    found: int
    total: int


def listed(view: View, names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Listing:
    """Return the rows that are asked for, in the order that is asked for.

    Args:
        view: What is asked for.
        names: The columns, in the order of a row's cells.
        rows: All of them, in the order that the question gives.

    Raises:
        FilterError: there is no such column to sort by.
    """
    column, downwards = asked(view, names)
    wanted = view.own.get(FIND, "").casefold()
    found = [
        row
        for row in rows
        if not wanted or any(wanted in cell.text.casefold() for cell in row if cell.kind in WORDS)
    ]
    if column:
        place = names.index(column)
        there = [row for row in found if not row[place].missing]
        there.sort(key=lambda row: _order(row[place]), reverse=downwards)
        found = [*there, *(row for row in found if row[place].missing)]
    most = len(found) if view.own.get(ROWS) == "all" else MOST
    return Listing(list(heads(view, names).values()), found[:most], len(found), len(rows))


def asked(view: View, names: Sequence[str]) -> tuple[str, bool]:
    """Return the column that rows are to be sorted by, or "", and whether downwards.

    Raises:
        FilterError: there is no such column to sort by.
    """
    told = view.own.get(SORT, "")
    column = told.removeprefix("-")
    if column and column not in names:
        raise FilterError(f"sort={shown(told)} is no column here: use one of {', '.join(names)}")
    return column, told.startswith("-")


def heads(view: View, names: Sequence[str]) -> dict[str, Head]:
    """Return each column's head, by its name."""
    return {name: _head(view, name, view.own.get(SORT, "")) for name in names}


def _head(view: View, name: str, asked: str) -> Head:
    # Downwards first: the most is what is mostly looked for.
    link = view.link(sort=name if asked == f"-{name}" else f"-{name}")
    sorts = {name: "ascending", f"-{name}": "descending"}.get(asked, "none")
    return Head(name, link, sorts)


def _order(cell: Cell) -> tuple[float, str]:
    if isinstance(cell.value, int | float):
        return float(cell.value), ""
    return 0.0, cell.text.casefold()
