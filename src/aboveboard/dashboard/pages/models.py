"""The models' page: who leads and how sure that is, where each goes, and one model's own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.insights import FilterError
from aboveboard.insights.comparison import alone, compare
from aboveboard.insights.filters import Where, shown
from aboveboard.rendering import cells, changes, dots, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight
    from aboveboard.insights.comparison import Compared, Comparison
    from aboveboard.insights.table import Value

MEASURES = {
    "messages": ("message_share", "Messages"),
    "installs": ("install_share", "Installs"),
    "tokens": ("token_share", "Tokens"),
    "cost": ("cost_share", "Cost"),
}
"""What a model can have a share of: the column, and what a person calls it."""

FAILURES = "failures"
"""The measure of sessions in which something failed, of all that a model had: of its own, and no
part of a whole that the models divide among them."""

MOST = 20
"""So many rows are shown before the rest is asked for."""

PROPERTY = ("message_send", "main_model")


@dataclass(frozen=True)
class Models:
    """What the page shows.

    Args:
        measure: What the shares are of.
        measures: What they could be of, by name.
        more: How many rows are not shown.
        behind: How many installs stand behind the shares.
        one_in: Of which sample they are; 1 where everybody was asked.
    """

    sentence: str
    insight: Insight
    title: str
    measure: str
    measures: Mapping[str, str]
    axis: dots.Axis
    rows: Sequence[dots.Row]
    columns: Sequence[str]
    more: int
    behind: int
    one_in: int
    empty: bool


def look(view: View) -> Models:
    """Return what the page shows.

    Raises:
        WarehouseError: a question could not be answered.
    """
    insight = _of("models")
    table = insight.run(view.warehouse, view.project, view.filters)
    there = {name: label for name, (share, label) in MEASURES.items() if share in table.columns}
    if _of("error_by").offered(view.project.catalog):
        there[FAILURES] = "Failures"
    if view.measure == FAILURES and FAILURES in there:
        return _failures(view, there)
    measure = view.measure if view.measure in there else "messages"
    share = MEASURES[measure][0]
    records = sorted(table.records(), key=lambda row: -_number(row[share]))
    comparison = _compared(view, insight)
    axis = dots.axis_of(records, share)
    trends = _trends(view)
    found = [
        dots.row(
            _name(insight, record),
            share,
            insight.columns[share],
            record,
            axis,
            change=changes.of_share(comparison.of((record["model"],), share), view.against()),
            link=view.page("/models", model=str(record["model"])) if record["model"] else None,
            chip=view.link(where=view.with_where(Where(*PROPERTY, _text(record["model"])))),
            beside=tuple(
                cells.plain(insight.columns[name], record[name])
                for name in ("messages", "cost")
                if name in record
            ),
            spark=trends.get(record["model"], ""),
        )
        for record in records
    ]
    shown_rows, more = _found(found, view)
    columns = [
        insight.columns[name].label for name in ("messages", "cost") if name in table.columns
    ]
    behind = int(_number(records[0]["of_installs"])) if records else 0
    return Models(
        sentences.of_installs(behind)
        or (
            _leader(insight, records, share, there[measure].lower(), comparison) if records else ""
        ),
        insight,
        f"Share of {'the cost' if measure == 'cost' else there[measure].lower()}",
        measure,
        there,
        axis,
        shown_rows,
        columns,
        more,
        behind,
        table.one_in,
        not records,
    )


def _failures(view: View, there: Mapping[str, str]) -> Models:
    """Return the page of the models whose sessions fail most often, as far as that can be said."""
    insight, share = _of("error_by"), "session_share"
    table = insight.run(view.warehouse, view.project, view.filters)
    records = [row for row in table.records() if row["by"] == "model"]
    records.sort(key=lambda row: (bool(row[f"{share}_too_few"]), -_number(row[share])))
    axis = dots.axis_of(records, share)
    rows = [
        dots.row(
            str(record["value"] or "not public"),
            share,
            insight.columns[share],
            record,
            axis,
            link=view.page("/models", model=str(record["value"])) if record["value"] else None,
            chip=view.link(where=view.with_where(Where(*PROPERTY, _text(record["value"])))),
            beside=tuple(
                cells.plain(insight.columns[name], record[name])
                for name in ("sessions", "of_sessions")
            ),
        )
        for record in records
    ]
    shown_rows, more = _found(rows, view)
    return Models(
        _most_failing(insight, records, share),
        insight,
        "Sessions in which something failed, of all with the model",
        FAILURES,
        there,
        axis,
        shown_rows,
        ("Failed", "Sessions"),
        more,
        0,
        table.one_in,
        not records,
    )


def _most_failing(insight: Insight, records: Sequence[Mapping[str, Value]], share: str) -> str:
    if not records or records[0][f"{share}_too_few"]:
        return "Too few sessions of any model to say with which one most fails."
    first = records[0]
    cell = cells.share(share, insight.columns[share], first, 1.0)
    low, high = first[f"{share}_low"], first[f"{share}_high"]
    reach = (
        f" ({changes.interval_of(float(low), float(high))})"
        if isinstance(low, float | int) and isinstance(high, float | int)
        else ""
    )
    name = first["value"] or "a model that is not public"
    return (
        f"With {name} something failed in {cell.text} of sessions{reach}, the most of all models."
    )


@dataclass(frozen=True)
class Model:
    """One model's page.

    Args:
        formats: How it is asked for edits, each with the share of its replies whose edits could be
            applied; nothing where the catalog does not tell of edits.
    """

    name: str
    sentence: str
    insight: Insight
    axis: dots.Axis
    formats: Sequence[dots.Row]
    columns: Sequence[str]
    numbers: Sequence[tuple[str, cells.Cell]]
    chip: str
    elsewhere: Sequence[tuple[str, str]]


def of_one(view: View, name: str) -> Model:
    """Return what one model's page shows.

    Raises:
        FilterError: no message of the period was answered by such a model.
        WarehouseError: a question could not be answered.
    """
    insight = _of("models")
    records = {
        row["model"]: row
        for row in insight.run(view.warehouse, view.project, view.filters).records()
    }
    record = records.get(name)
    if record is None:
        raise FilterError(f"model={shown(name)} answered nothing in {view.in_words()}")
    comparison = _compared(view, insight)
    formats, axis, columns = _formats(view, name)
    where = Where(*PROPERTY, name)
    only = view.with_where(where)
    return Model(
        name,
        _how(insight, record, comparison.of((name,), "message_share")),
        _of("model_formats") if formats else insight,
        axis,
        formats,
        columns,
        [
            (column.label, cells.share(key, column, record, 1.0))
            if column.kind == "share"
            else (column.label, cells.plain(column, record[key]))
            for key, column in insight.columns.items()
            if key in record and key != "model"
        ],
        view.link("/models", where=only, model=None),
        [
            (title, view.link(path, where=only, measure=None, event=None, model=None))
            for path, title in (
                ("/", "Overview"),
                ("/usage", "Commands"),
                ("/errors", "Errors"),
                ("/releases", "Releases"),
            )
        ],
    )


def _formats(view: View, name: str) -> tuple[list[dots.Row], dots.Axis, list[str]]:
    insight = _of("model_formats")
    if not insight.offered(view.project.catalog):
        return [], dots.Axis.over(()), []
    table = insight.run(view.warehouse, view.project, view.filters)
    records = [row for row in table.records() if row["model"] == name]
    beside = [
        key
        for key in ("replies", "tried", "message_cost", "first_token", "duration")
        if key in table.columns
    ]
    rows, axis = dots.panel(
        records,
        "applied_share",
        insight.columns["applied_share"],
        lambda record: str(record["edit_format"] or insight.columns["edit_format"].null),
        lambda record: [
            cells.plain(insight.columns[key], record[key], "seconds" if key in _TIMES else "")
            for key in beside
        ],
        dots.Axis.over([1.0]),
    )
    return rows, axis, [insight.columns[key].label for key in beside]


_TIMES = ("first_token", "duration")


def _how(insight: Insight, record: Mapping[str, Value], compared: Compared | None) -> str:
    share = cells.share("message_share", insight.columns["message_share"], record, 1.0)
    low, high = record["message_share_low"], record["message_share_high"]
    told = f"{record['model']} answers {share.text} of messages"
    if isinstance(low, float | int) and isinstance(high, float | int):
        told += f" ({changes.interval_of(low, high)})"
    if compared is not None and compared.by is not None:
        told += f", {changes.moved(compared.by)}"
    return f"{told}."


def _leader(
    insight: Insight,
    records: Sequence[Mapping[str, Value]],
    share: str,
    what: str,
    comparison: Comparison,
) -> str:
    first = records[0]
    ahead = None
    if len(records) > 1:
        ahead = comparison.between((first["model"],), (records[1]["model"],), share)
    return sentences.of_leader(
        [_name(insight, record) for record in records[:2]],
        what,
        _number(first[share]),
        bool(first[f"{share}_too_few"]),
        ahead,
    )


def _compared(view: View, insight: Insight) -> Comparison:
    sides = view.sides()
    if sides is None:
        return alone(insight, view.warehouse, view.project, view.filters)
    return compare(insight, view.warehouse, view.project, sides)


def _trends(view: View) -> dict[Value, str]:
    """Return each model's share of the messages of whole weeks (or months), as a line's points."""
    records = _of("model_days").run(view.warehouse, view.project, view.filters).records()
    days = sorted({str(row["day"]) for row in records if row["complete"]})
    parts: dict[Value, dict[str, float]] = {}
    for row in records:
        part = _number(row["messages"]) / _number(row["of_messages"])
        parts.setdefault(row["model"], {})[str(row["day"])] = part
    return {model: dots.spark([its.get(day, 0.0) for day in days]) for model, its in parts.items()}


def _found(rows: list[dots.Row], view: View) -> tuple[list[dots.Row], int]:
    """Return the rows that are looked for, and how many more there are."""
    wanted = view.own.get("find", "").casefold()
    rows = [row for row in rows if wanted in row.name.casefold()]
    most = len(rows) if view.own.get("rows") == "all" else MOST
    return rows[:most], len(rows) - len(rows[:most])


def _name(insight: Insight, record: Mapping[str, Value]) -> str:
    return str(record["model"] or insight.columns["model"].null)


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _of(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
