"""Insights: a question each, kept as a pair of files, `<name>.sql` and `<name>.json`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import msgspec

from aboveboard.statistics.intervals import interval
from aboveboard.warehouse import database

from .statement import fitted, has
from .table import Table, Value, plain
from .versions import age

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.warehouse import Result, Warehouse

    from .filters import Filters

ERROR, LOW, HIGH = "_se", "_low", "_high"
"""What follows a share's name: its standard error in SQL, which becomes the interval's bounds."""

DIGITS_OF_ERROR = 8
ALIKE = 1e-5
"""An error is what a subtraction leaves of sums of squares. Below this part of its share it is
noise of that subtraction, and installs are all alike; above, the order in which many squares
happened to be added up hardly ever shows in so few digits."""


QUESTIONS = resources.files(__package__).joinpath("questions")
"""Where the pairs of files are."""


class Project(Protocol):
    """What an insight has to know of a project."""

    @property
    def name(self) -> str: ...

    @property
    def catalog(self) -> Catalog: ...


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a column is shown to a person.

    Args:
        null: The word for a value that is null.
        of: For a share, the column that has the number of installs behind it.
        unit: For an amount, the column that has its unit.
        asks: The parameter that a value of this column may be asked for with.
    """

    label: str
    kind: Literal["day", "word", "code", "count", "dollars", "average", "amount", "share"]
    null: str = "none"
    of: str | None = None
    unit: str | None = None
    asks: str | None = None
    doc: str = ""


class Glance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the first page sums an insight up.

    Args:
        name: The column that names a row.
        value: The column of the share that rows are ordered by.
        where: Which rows, by the values that a column may have.
        beside: The column of what stands beside the name.
    """

    name: str
    value: str
    title: str
    where: dict[str, list[str | bool]]
    beside: str | None = None


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the JSON of a question says; `Insight` tells what each field means."""

    title: str
    order: int
    needs: tuple[str, ...]
    columns: dict[str, Column]
    needs_any: tuple[str, ...] = ()
    chart: dict[str, Any] | None = None
    glance: Glance | None = None
    listed: bool = True
    of_event: bool = False
    newest_first: str | None = None


@dataclass(frozen=True)
class Insight:
    """One question about the data.

    Args:
        order: Where it stands among the others.
        question: The question, from the first line of its SQL.
        needs: Events, or `event.property`, all of which the catalog must have.
        needs_any: Of these it must have one, where there are any.
        columns: What the table shows, in this order; the data may have more.
        chart: Vega-Lite without data, or None.
        glance: How the first page sums it up, or None.
        listed: Whether it stands in the navigation.
        of_event: Whether it is about one event, which the filters name.
        newest_first: The column with a version that the rows are ordered by, or None for the
            order that the SQL gives.
    """

    name: str
    question: str
    sql: str
    title: str
    order: int
    needs: tuple[str, ...]
    needs_any: tuple[str, ...]
    columns: Mapping[str, Column]
    chart: Mapping[str, Any] | None
    glance: Glance | None
    listed: bool
    of_event: bool
    newest_first: str | None

    def offered(self, catalog: Catalog) -> bool:
        """Say whether a project of this catalog has what the question is about."""
        return all(has(catalog, need) for need in self.needs) and (
            not self.needs_any or any(has(catalog, need) for need in self.needs_any)
        )

    def run(self, warehouse: Warehouse, project: Project, filters: Filters) -> Table:
        """Ask the question of one project's data.

        Raises:
            FilterError: the catalog has no event of the name that is asked for.
            WarehouseError: the question could not be answered.
        """
        sql, names = fitted(self.sql, project.catalog, filters)
        parameters = {"project": database(project.name), **filters.parameters(), **names}
        return self._table(warehouse.query(sql, parameters))

    def _table(self, result: Result) -> Table:
        """Return the answer with each standard error turned into an interval's two bounds."""
        columns: list[str] = []
        for name in result.columns:
            share = name.removesuffix(ERROR)
            columns += [name] if share == name else [share + LOW, share + HIGH]
        rows = []
        for row in self._ordered(result):
            cells: list[Value] = []
            for name, value in row.items():
                share = name.removesuffix(ERROR)
                if share == name:
                    cells.append(value)
                else:
                    cells += self._bounds(share, value, row)
            rows.append(tuple(cells))
        return Table(tuple(columns), tuple(rows))

    def _ordered(self, result: Result) -> list[dict[str, Value]]:
        rows = [
            dict(zip(result.columns, map(plain, values), strict=True)) for values in result.rows
        ]
        version = self.newest_first
        if version is not None:
            # ClickHouse has no order for versions in which 1.0rc1 comes before 1.0.
            rows.sort(key=lambda row: age(cast("str | None", row[version])), reverse=True)
        return rows

    def _bounds(self, share: str, error: Value, row: Mapping[str, Value]) -> tuple[Value, Value]:
        of = self.columns[share].of
        value, installs = row[share], row[of] if of else None
        if not (
            isinstance(value, float) and isinstance(error, float) and isinstance(installs, int)
        ):
            return None, None
        error = 0.0 if error < ALIKE * value else float(f"{error:.{DIGITS_OF_ERROR}g}")
        found = interval(value, error, installs)
        return (plain(found[0]), plain(found[1])) if found else (None, None)


@functools.cache
def every() -> tuple[Insight, ...]:
    """Return every insight, in the order in which pages list them."""
    names = [
        file.name.removesuffix(".json")
        for file in QUESTIONS.iterdir()
        if file.name.endswith(".json")
    ]
    found = [
        read(name, *(QUESTIONS.joinpath(f"{name}{end}").read_bytes() for end in (".json", ".sql")))
        for name in names
    ]
    return tuple(sorted(found, key=lambda each: (each.order, each.name)))


def read(name: str, shown: bytes, sql: bytes) -> Insight:
    """Return the insight that a pair of files is.

    Raises:
        ValueError: the JSON is not as docs/insights.md has it, or has a field more.
    """
    try:
        told = msgspec.json.decode(shown, type=Shown)
    except msgspec.DecodeError as error:
        raise ValueError(f"{name}.json: {error}") from None
    text = sql.decode()
    question = text.partition("\n")[0].removeprefix("--").strip()
    return Insight(name=name, question=question, sql=text, **msgspec.structs.asdict(told))


def get(name: str) -> Insight | None:
    """Return the insight of a name, or None."""
    return next((insight for insight in every() if insight.name == name), None)


def offered(catalog: Catalog) -> tuple[Insight, ...]:
    """Return the insights that a project of this catalog can answer."""
    return tuple(insight for insight in every() if insight.offered(catalog))
