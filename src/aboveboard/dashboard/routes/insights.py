"""An insight: its page, and its table as data, as a chart and as the SQL behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from litestar import get
from litestar.params import FromPath

from aboveboard import warehouse
from aboveboard.dashboard.listing import listed
from aboveboard.dashboard.pages import (
    crossing,
    event,
)
from aboveboard.dashboard.responses import FRESH, answer
from aboveboard.dashboard.view import UnknownError, View
from aboveboard.insights.comparison import beside, compare
from aboveboard.insights.own import Own
from aboveboard.insights.statement import with_values
from aboveboard.rendering import cells, charts

from .asked import Answer, Asked, first_steps, looked_at, named, sampled, shown

if TYPE_CHECKING:
    from aboveboard.insights import Insight, Table
    from aboveboard.insights.sampling import Sampling

FORMATS = ("json", "csv", "svg", "png", "sql")


@get("/insights/{file:str}", sync_to_thread=True)
def insight(request: Asked, file: FromPath[str]) -> Answer:
    name, dot, suffix = file.partition(".")
    view = looked_at(request, look=not dot)
    insight = named(request, name, view)
    if not dot and view.choices is None:
        return first_steps(request, view)
    if not dot and insight.name == event.PAGE and view.filters.event:
        seen = event.look(view)
        if seen.empty and view.filters.sampling:
            view = view.of_everybody()  # that it is not in a sample is no word of it
            seen = event.look(view)
        return shown(
            request,
            "event.html",
            view,
            subject=seen.entry,
            seen=seen,
            crossing=None if seen.empty else crossing.look(view, seen.entry),
            parts=charts.parts,
        )
    if not dot:
        return _insight_page(request, view, insight)
    if suffix not in FORMATS:
        raise UnknownError(f"an insight is a page, or data as {', '.join(FORMATS)}")
    if insight.is_sampled:
        view = sampled(request, view)
    if suffix == "sql":
        if isinstance(insight, Own):
            sql, parameters = insight.asked(view.warehouse, view.project, view.filters)
        else:
            sql, parameters, view = _behind_the_answer(view, insight)
        text = with_values(sql, parameters)
        sampling = insight.sampling(view.filters)
        if sampling:
            question, _, rest = text.partition("\n")
            text = f"{question}\n-- Of {_who(insight, sampling)}\n{rest}"
        return answer(text.encode(), "text/plain; charset=utf-8")
    table = insight.run(view.warehouse, view.project, view.filters)
    if suffix in ("json", "csv") and view.filters.is_compared:
        table = _compared(view, insight, table)
    if suffix == "json":
        return answer(table.as_json().encode(), "application/json")
    if suffix == "csv":
        return answer(
            table.as_csv().encode(),
            "text/csv",
            headers={
                **FRESH,
                "Content-Disposition": f'attachment; filename="{_file_name(view, insight)}.csv"',
            },
        )
    parts = charts.parts(insight, table, view.measure)
    if not parts:
        raise UnknownError("there is no chart of this: nothing in this period")
    behind = _behind(insight, table.records())
    installs = f", {behind:,} {'install' if behind == 1 else 'installs'}" if behind else ""
    estimated = f", estimated from one install in {table.one_in}" if table.one_in > 1 else ""
    told = (insight.question, f"{view.project.name}, {view.in_words()}{installs}{estimated}")
    if suffix == "svg":
        return answer(charts.svg(parts, view.theme, *told).encode(), "image/svg+xml")
    name = f'attachment; filename="{_file_name(view, insight)}.png"'
    return answer(
        charts.png(parts, view.theme, *told),
        "image/png",
        headers={**FRESH, "Content-Disposition": name},
    )


def _behind_the_answer(view: View, insight: Insight) -> tuple[str, dict[str, object], View]:
    """Return the SQL that answers, what is bound to it, and the view of those that it asks."""
    if insight.sampled_least and view.filters.sampling:
        # Only the answer tells whether a sample has enough of it.
        filters, _ = insight.answered(view.warehouse, view.project, view.filters)
        view = replace(view, filters=filters)
    sql, parameters = insight.statement(view.project, view.filters)
    return sql, parameters, view


def _who(insight: Insight, sampling: Sampling) -> str:
    """Return in words which installs are asked, and what that means for counts."""
    some = f"one install in {sampling.one_in}"
    if sampling.take_all:
        return f"all installs that had it, and of {some} for the others."
    counts = ", ".join(insight.sampled)
    return f"{some}: counts and sums ({counts}) are still to be multiplied by that."


def _compared(view: View, insight: Insight, table: Table) -> Table:
    """Return a table with what it is compared with beside it, where there is something."""
    sides = view.with_choices().sides()
    if sides is None:
        return table
    return beside(insight, table, compare(insight, view.warehouse, view.project, sides))


def _insight_page(request: Asked, view: View, insight: Insight) -> Answer:
    table = insight.run(view.warehouse, view.project, view.filters)
    return shown(
        request,
        "insight.html",
        view,
        insight=insight,
        table=table,
        listing=listed(
            view,
            [name for name in insight.columns if name in table.columns],
            [] if charts.is_blank(insight, table) else cells.rows(insight, table),
        ),
        scale=cells.scale_of(insight, table),
        parts=charts.parts(insight, table, view.measure),
        measures=charts.measures(insight, table) if "params" in (insight.chart or {}) else [],
        subject=view.subject() if insight.of_event else None,
        behind=_behind(insight, table.records()),
    )


def _behind(insight: Insight, records: list[dict[str, Any]]) -> int | None:
    """Return the number of installs behind every share of a table, None where it differs."""
    columns = {column.of for column in insight.columns.values() if column.of}
    numbers = {record[column] for column in columns for record in records}
    return numbers.pop() if len(numbers) == 1 else None


def _file_name(view: View, insight: Insight) -> str:
    """Return the name under which a browser keeps a table."""
    about = [warehouse.table(view.subject().name)] if insight.of_event else []
    return "-".join([view.project.name, insight.name, *about])
