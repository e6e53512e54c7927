"""Insights: a question each, kept as a pair of files, `<name>.sql` and `<name>.json`."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import msgspec

from aboveboard.statistics.estimates import estimate, largest, robust, rounded
from aboveboard.statistics.intervals import known
from aboveboard.statistics.presentation import too_few
from aboveboard.warehouse import database

from .statement import fitted, has
from .table import Table, Value, plain
from .versions import age

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.warehouse import Result, Warehouse

    from .filters import Filters
    from .sampling import Sampling

SUMS, LOW, HIGH, FEW = "_sums", "_low", "_high", "_too_few"
ROBUST, LARGEST = "_robust", "_largest"
"""What follows a share's name: in SQL the sums that it is estimated from, which become the share,
its interval's bounds, whether too little is known of it to say it, the share in which no install
counts for much more than others, and which part of it comes of one install."""

BUCKETS = "_buckets"
"""What follows the name of a share or a count, in SQL, where the sums by bucket are."""

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
    uses: tuple[str, ...] = ()
    chart: dict[str, Any] | None = None
    glance: Glance | None = None
    listed: bool = True
    of_event: bool = False
    newest_first: str | None = None
    key: tuple[str, ...] = ()
    in_order: bool = False
    sampled: tuple[str, ...] = ()
    sampled_least: dict[str, int] = {}
    rare: bool = False


@dataclass(frozen=True)
class Insight:
    """One question about the data.

    Args:
        order: Where it stands among the others.
        question: The question, from the first line of its SQL.
        needs: Events, or `event.property`, all of which the catalog must have.
        needs_any: Of these it must have one, where there are any.
        uses: What else of a catalog its SQL asks for.
        columns: What the table shows, in this order; the data may have more.
        chart: Vega-Lite without data, or None.
        glance: How the first page sums it up, or None.
        listed: Whether it stands in the navigation.
        of_event: Whether it is about one event, which the filters name.
        newest_first: The column with a version that the rows are ordered by, or None for the
            order that the SQL gives.
        key: The columns that tell a row from the others, so that it is found again on the other
            side of a comparison; nothing where there is one row.
        in_order: Whether its SQL groups most rows by what tables are sorted by: install, session.
        sampled: The columns that are multiplied if it is asked of a sample; nothing where it is
            always asked of everybody.
        sampled_least: Of some columns, what one row at least must have before it is multiplied;
            else what is asked for is rare, and all that had it are asked, beside the sample.
        rare: Whether rows of few installs matter: then everybody is asked, unless only the most
            frequent rows are wanted.
    """

    name: str
    question: str
    sql: str
    title: str
    order: int
    needs: tuple[str, ...]
    needs_any: tuple[str, ...]
    uses: tuple[str, ...]
    columns: Mapping[str, Column]
    chart: Mapping[str, Any] | None
    glance: Glance | None
    listed: bool
    of_event: bool
    newest_first: str | None
    key: tuple[str, ...]
    in_order: bool
    sampled: tuple[str, ...]
    sampled_least: Mapping[str, int]
    rare: bool

    @property
    def may_ask(self) -> frozenset[str]:
        """Events, and `event.property`, that its SQL may ask a catalog for."""
        return frozenset((*self.needs, *self.needs_any, *self.uses))

    @property
    def is_sampled(self) -> bool:
        """Whether some installs may stand for all, where there are very many."""
        return bool(self.sampled) and not self.rare

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
        return self.answered(warehouse, project, filters)[1]

    def answered(
        self, warehouse: Warehouse, project: Project, filters: Filters
    ) -> tuple[Filters, Table]:
        """Return what `run` does, and whom it was asked of in the end.

        Raises:
            FilterError: the catalog has no event of the name that is asked for.
            WarehouseError: the question could not be answered.
        """
        result = self._ask(warehouse, project, filters)
        sampling = self.sampling(filters)
        if sampling and not self._is_enough(result):
            filters = replace(filters, sampling=replace(sampling, take_all=True))
            result = self._ask(warehouse, project, filters)
        return filters, self._table(result, self.sampling(filters))

    def compared(
        self, warehouse: Warehouse, project: Project, filters: Filters
    ) -> list[dict[str, Any]]:
        """Return the rows in the order that the question wants, with their sums by bucket.

        Raises:
            FilterError: the catalog has no event of the name that is asked for.
            WarehouseError: the question could not be answered.
        """
        if self.sampled_least:  # else both sides could be asked of others
            filters = replace(filters, sampling=None)
        result = self._ask(warehouse, project, filters, compared=True)
        return self._ordered(result, self.sampling(filters))

    def sampling(self, filters: Filters) -> Sampling | None:
        """Return which sample it is asked of; None where of everybody."""
        return filters.sampling if self.is_sampled else None

    def of_the_most_frequent(self) -> Insight:
        """Return the question for those of its rows that many installs are behind."""
        return replace(self, rare=False)

    def _is_enough(self, result: Result) -> bool:
        """Say whether a sample has enough of what was asked for."""
        return all(
            any(int(str(row[result.columns.index(name)])) >= least for row in result.rows)
            for name, least in self.sampled_least.items()
        )

    def _ask(
        self, warehouse: Warehouse, project: Project, filters: Filters, *, compared: bool = False
    ) -> Result:
        sql, parameters = self.statement(project, filters, compared=compared)
        return warehouse.query(sql, parameters, in_order=self.in_order)

    def statement(
        self, project: Project, filters: Filters, *, compared: bool = False
    ) -> tuple[str, dict[str, object]]:
        """Return the SQL for a project's catalog, and what is bound to it.

        Raises:
            FilterError: the catalog has no event of the name that is asked for.
        """
        sql, names = fitted(
            self.sql,
            self.may_ask,
            project.catalog,
            filters,
            compared=compared,
            sampling=self.sampling(filters),
        )
        return sql, {"project": database(project.name), **filters.parameters(), **names}

    def _table(self, result: Result, sampling: Sampling | None) -> Table:
        """Return the answer with each share's sums turned into the share and its interval."""
        rows = self._ordered(result, sampling)
        table: dict[str, list[Value]] = {}
        for name in result.columns:
            values = [row[name] for row in rows]
            share = name.removesuffix(SUMS)
            if share == name:
                table[name] = values
            else:
                shown = list(_shares(values))
                for part, ending in enumerate(("", LOW, HIGH, FEW, ROBUST, LARGEST)):
                    table[share + ending] = [each[part] for each in shown]
        one_in = sampling.one_in if sampling else 1
        return Table(tuple(table), tuple(zip(*table.values(), strict=True)), one_in)

    def _ordered(self, result: Result, sampling: Sampling | None) -> list[dict[str, Any]]:
        """Return the rows in the order that the question wants, sums as they came."""
        rows = [
            {
                name: value if name.endswith((SUMS, BUCKETS)) else plain(value)
                for name, value in zip(result.columns, values, strict=True)
            }
            for values in result.rows
        ]
        factor = sampling.factor if sampling else 1
        for name in self.sampled if factor > 1 else ():
            for row in rows:
                if row.get(name) is not None:
                    row[name] = plain(factor * cast("float", row[name]))
        version = self.newest_first
        if version is not None:
            # ClickHouse has no order for versions in which 1.0rc1 comes before 1.0.
            rows.sort(key=lambda row: age(cast("str | None", row[version])), reverse=True)
        return rows


def _shares(column: Sequence[Sequence[float] | None]) -> Iterator[tuple[Value, ...]]:
    """Yield what becomes of each row's sums, in the order of the endings; null where nothing."""
    found = [estimate(sums or []) for sums in column]
    told = iter(known([each for each in found if each is not None]))
    for each, sums in zip(found, column, strict=True):
        if each is None or sums is None:
            yield None, None, None, None, None, None
        else:
            interval = next(told)
            low, high = (
                (rounded(interval.low), rounded(interval.high)) if interval else (None, None)
            )
            few = too_few(each.share, interval)
            yield plain(each.share), low, high, few, robust(sums), largest(sums)


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
