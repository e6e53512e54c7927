"""Insights of an operator's own: pairs of files in a directory, `<name>.sql` and `<name>.json`.

The SQL is a question as `/sql` takes it, over the same tables, read by the same rules, and answered
by the same bounded connection that only reads. Its tables have what the filters of a page choose.
The JSON has less than one of ours: a title, the columns, and a chart by its kind, of which we make
the Vega-Lite, so that no chart of theirs can lack what a page needs of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from . import insight
from .adhoc import asking
from .adhoc.rules import RefusedError
from .insight import Column, Insight
from .statement import has

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from aboveboard.warehouse import Warehouse

    from .filters import Filters
    from .insight import Project
    from .table import Table

CHARTS = ("line", "bars")
KINDS = ("day", "word", "code", "count", "dollars", "average")
"""Kinds of columns. A share has an interval, which one's own SQL has no sums for."""

NUMBERS = ("count", "dollars", "average")
BARS = 30
MOST = 100
"""Insights in a directory."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_BYTES_MAX = 64 * 2**10


class FaultsError(ValueError):
    """Insights that cannot be used; a line for each fault, each with its file.

    Attributes:
        faults: The lines.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class UnansweredError(RuntimeError):
    """An insight that cannot be answered as it stands; the text names it and says why."""


class Chart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chart by its kind.

    Args:
        kind: One of `CHARTS`.
        x: The column along which: days of a line, names of bars.
        y: The column of the number.
        by: Of a line, the column that tells several apart.
    """

    kind: str = ""
    x: str = ""
    y: str = ""
    by: str | None = None


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the JSON says; docs/insights.md tells what each field means."""

    title: str
    columns: dict[str, Column]
    needs: tuple[str, ...] = ()
    chart: Chart | None = None


@dataclass(frozen=True)
class Own(Insight):
    """An insight of the operator's own."""

    def run(self, warehouse: Warehouse, project: Project, filters: Filters) -> Table:
        """Ask the question of one project's data.

        Raises:
            FilterError: the catalog has not what the filters name.
            UnansweredError: it cannot be answered: its SQL fails, or answers other columns.
            QueryLimitError, BusyError, WarehouseError: as `asking.ask` has it.
        """
        try:
            table = asking.ask(warehouse, project, self.sql, filters)
        except RefusedError as error:
            raise UnansweredError(f"{self.name}.sql: {error}") from None
        lacking = [name for name in self.columns if name not in table.columns]
        if lacking:
            raise UnansweredError(_lacks(self.name, lacking))
        return table

    def asked(
        self, warehouse: Warehouse, project: Project, filters: Filters
    ) -> tuple[str, dict[str, object]]:
        """Return the SQL for a project and what is bound to it.

        Raises:
            UnansweredError: it is none that can be asked.
        """
        try:
            question = asking.read(warehouse, project, self.sql)
        except RefusedError as error:
            raise UnansweredError(f"{self.name}.sql: {error}") from None
        return asking.statement(project, question, filters)


def read(directory: Path) -> tuple[Own, ...]:
    """Return the insights in a directory, by their names; other files are nobody's business.

    Raises:
        FaultsError: there is no such directory, or some cannot be used.
    """
    try:
        files = sorted(path for path in directory.iterdir() if path.suffix in (".sql", ".json"))
    except OSError as error:
        raise FaultsError([f"{directory}: {error.strerror}"]) from None
    names = sorted({path.stem for path in files})
    if len(names) > MOST:
        raise FaultsError([f"{directory} has {len(names)} insights: {MOST} are possible"])
    found = [_tried(directory, name) for name in names]
    faults = [each for each in found if isinstance(each, str)]
    if faults:
        raise FaultsError(faults)
    return tuple(each for each in found if isinstance(each, Own))


def check(own: Iterable[Own], warehouse: Warehouse, projects: Iterable[Project]) -> None:
    """Raise if an insight cannot be asked of a project that it is offered to.

    Raises:
        FaultsError: some cannot; a line each.
        WarehouseError: the warehouse does not answer.
    """
    projects = tuple(projects)
    faults = [fault for each in own for fault in _faults(each, warehouse, projects)]
    if faults:
        raise FaultsError(dict.fromkeys(faults))


def _faults(own: Own, warehouse: Warehouse, projects: Iterable[Project]) -> Iterator[str]:
    try:
        asking.parsed(warehouse, own.sql)
    except RefusedError as error:
        yield f"{own.name}.sql: {error}"
        return
    for project in projects:
        if own.offered(project.catalog):
            try:
                columns = asking.columns(warehouse, project, own.sql)
            except RefusedError as error:
                yield f"{own.name}.sql, asked of project {project.name}: {error}"
                continue
            lacking = [name for name in own.columns if name not in columns]
            if lacking:
                yield _lacks(own.name, lacking)


def _lacks(name: str, lacking: list[str]) -> str:
    return f"{name}.sql answers no column {', '.join(lacking)}, which {name}.json shows"


def _tried(directory: Path, name: str) -> Own | str:
    """Return an insight, or what is wrong with it."""
    try:
        return _read(directory, name)
    except ValueError as error:
        return str(error)


def _read(directory: Path, name: str) -> Own:
    sql, shown = directory / f"{name}.sql", directory / f"{name}.json"
    for there, lacking, what in (
        (sql, shown, "the title and the columns"),
        (shown, sql, "the question"),
    ):
        if not lacking.exists():
            raise ValueError(f"{there.name} has no {lacking.name} beside it, which says {what}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{sql.name}: a name has small letters, digits and _, at most 41")
    if insight.get(name) is not None:
        raise ValueError(f"{sql.name}: aboveboard has an insight {name} itself: take another name")
    text = _text(sql)
    first, _, _ = text.partition("\n")
    question = first.removeprefix("--").strip()
    if not first.startswith("--") or not question:
        raise ValueError(f"{sql.name}: the first line is the question in words: -- Which …?")
    try:
        told = msgspec.json.decode(_text(shown), type=Told)
    except msgspec.DecodeError as error:
        raise ValueError(f"{shown.name}: {error}") from None
    _check(shown.name, told)
    return Own(
        name=name,
        question=question,
        sql=text,
        title=told.title,
        order=0,
        needs=told.needs,
        needs_any=(),
        uses=(),
        columns=told.columns,
        chart=_drawn(told.chart, told.columns) if told.chart else None,
        glance=None,
        listed=True,
        of_event=False,
        newest_first=None,
        key=(),
        in_order=False,
        sampled=(),
        sampled_least={},
        rare=False,
    )


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if len(content) > _BYTES_MAX:
            raise ValueError(f"{path.name} is longer than {_BYTES_MAX:,} bytes")
        return content.decode()
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is no text in UTF-8") from None


def _check(name: str, told: Told) -> None:
    if not told.title.strip():
        raise ValueError(f"{name}: the title is empty")
    if not told.columns:
        raise ValueError(f"{name}: columns are empty: name at least one that the SQL answers")
    for column, shown in told.columns.items():
        if shown.kind not in KINDS or shown.of or shown.unit or shown.asks:
            raise ValueError(f"{name}: column {column}: its kind is one of {', '.join(KINDS)}")
    chart = told.chart
    if chart is None:
        return
    if chart.kind not in CHARTS:
        raise ValueError(f"{name}: there is no chart {chart.kind!r}: use {' or '.join(CHARTS)}")
    for part, column in (("x", chart.x), ("y", chart.y), ("by", chart.by or chart.x)):
        if not column:
            raise ValueError(f"{name}: the chart lacks its {part}: name one of the columns")
        if column not in told.columns:
            raise ValueError(f"{name}: the chart's {part} is {column!r}, which is no column of it")
    if told.columns[chart.y].kind not in NUMBERS:
        raise ValueError(f"{name}: the chart's y is a number: {', '.join(NUMBERS)}")
    if (told.columns[chart.x].kind == "day") != (chart.kind == "line"):
        raise ValueError(f"{name}: a line's x is a day, that of bars is a word")
    if chart.by is not None and chart.kind != "line":
        raise ValueError(f"{name}: only a line has a by")


def _drawn(chart: Chart, columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return a chart's Vega-Lite, as `rendering/charts.py` takes it."""
    x, y = columns[chart.x].label, columns[chart.y].label
    tooltip = [
        {"field": chart.x, "title": x, "type": "temporal" if chart.kind == "line" else "nominal"},
        {"field": chart.y, "title": y, "type": "quantitative", "format": ",.4~g"},
    ]
    number = {"field": chart.y, "type": "quantitative", "axis": {"title": y}}
    if chart.kind == "bars":
        name = {"field": chart.x, "type": "nominal", "sort": None, "axis": {"title": None}}
        return {
            "usermeta": {"rows": {"most": BARS, "step": 26}},
            "width": "container",
            "height": 220,
            "encoding": {"y": name, "x": number, "tooltip": tooltip},
            "layer": [{"mark": {"type": "bar", "cornerRadiusEnd": 3, "height": {"band": 0.62}}}],
        }
    axis = {"title": None, "format": "%d %b %Y", "tickCount": 6, "labelOverlap": True}
    day = {"field": chart.x, "type": "temporal", "scale": {"type": "utc"}, "axis": axis}
    apart: dict[str, Any] = {}
    if chart.by is not None:
        apart = {"color": {"field": chart.by, "type": "nominal", "title": columns[chart.by].label}}
        tooltip.insert(1, {"field": chart.by, "title": columns[chart.by].label, "type": "nominal"})
    return {
        "width": "container",
        "height": 220,
        "encoding": {"x": day, "y": number, **apart, "tooltip": tooltip},
        "layer": [{"mark": {"type": "line", "point": True}}],
    }


def offered(own: Iterable[Own], project: Project) -> list[Own]:
    """Return those that a project's catalog has what they need for."""
    return [each for each in own if all(has(project.catalog, need) for need in each.needs)]
