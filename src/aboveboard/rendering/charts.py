"""Charts: an insight's Vega-Lite filled with its data, in the page's colours, light or dark.

A chart that has parts (`vconcat`) is shown as one chart each, since only a single view can take
the width that a page gives it. A part's `usermeta` says which rows are its own:

    {"where": {"kind": ["crash"]}, "rows": {"by": "session_share", "most": 15, "step": 26}}

where `where` and `by` (an order other than the table's, without the rows that have none of it) may
be left out, and `step` is how high a row is, in pixels. A layer may have a `where` too: it is left
out where no row is one of its own; or a `first`, which says what the first row must have.
"""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

from aboveboard.insights.insight import LOW

from .palette import palette

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aboveboard.insights import Insight, Table

Spec = dict[str, Any]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""The name of the language that the specs are written in; nobody ever loads it."""

WIDTH = 760
"""How wide a chart is as a file, in pixels; in a page it takes the page's width."""


@functools.cache
def config(theme: str) -> Spec:
    """Return the look of every chart, as Vega-Lite's `config`."""
    color = palette(theme)
    words: Spec = {"labelColor": color["muted"], "titleColor": color["muted"]}
    words |= {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    return {
        "background": None,
        "font": FONT,
        "padding": {"left": 0, "top": 2, "right": 4, "bottom": 6},
        "view": {"stroke": None},
        "axis": {
            **words,
            "gridColor": color["line"],
            "domainColor": color["line"],
            "tickColor": color["line"],
            "titlePadding": 10,
        },
        "axisX": {"labelPadding": 6, "labelFlush": True},
        "axisY": {"domain": False, "ticks": False, "labelPadding": 8, "labelLimit": 260},
        "legend": {
            **words,
            "labelColor": color["ink"],
            "orient": "top",
            "symbolType": "circle",
            "offset": 10,
        },
        "title": {
            "color": color["ink"],
            "subtitleColor": color["muted"],
            "anchor": "start",
            "fontSize": 14,
            "subtitleFontSize": 12,
            "subtitlePadding": 6,
            "offset": 12,
        },
        "range": {
            "category": [color[f"series-{name}"] for name in ("one", "two", "three", "four")]
        },
        "area": {"color": color["series-one"]},  # no opacity: a legend would have it, too
        "line": {"color": color["series-one"], "strokeWidth": 2},
        "bar": {"color": color["series-one"]},
        "point": {"color": color["series-one"]},
        "rule": {"color": color["ink"]},
        "text": {"color": color["muted"]},
    }


def parts(
    insight: Insight,
    table: Table,
    measure: str | None = None,
    before: Table | None = None,
    marks: Sequence[tuple[str, str]] = (),
) -> list[Spec]:
    """Return the charts that the table gives, each with its data; none where there is no row.

    Args:
        insight: Whose chart it is.
        table: Its answer.
        measure: The column to show, where the chart has a choice.
        before: The answer for as long a time before, for a dotted line; of charts over days.
        marks: Days and what began on them (the first session of a release), for such charts too.
    """
    if insight.chart is None or is_blank(insight, table):
        return []
    found = []
    for part in insight.chart.get("vconcat", [insight.chart]):
        spec: Spec = copy.deepcopy(dict(part))
        choice = spec.pop("usermeta", {})
        rows = _rows(insight, table, choice)
        if not rows:
            continue
        if "rows" in choice:
            spec["height"] = len(rows) * choice["rows"]["step"]
        for param in spec.get("params", []):
            if param["name"] == "measure" and measure in measures(insight, table):
                param["value"] = measure
        rows_by = spec["encoding"]["y"]
        if rows_by.get("sort", "") is None and rows_by["field"] in rows[0]:
            # A layer that leaves a row out would have it stand last.
            rows_by["sort"] = list(dict.fromkeys(row[rows_by["field"]] for row in rows))
        transforms = spec.get("transform", [])
        for number, transform in enumerate(transforms):
            if "fold" in transform:
                there = {*table.columns, *_made(transforms[:number])}
                transform["fold"] = [name for name in transform["fold"] if name in there]
        spec["encoding"]["tooltip"] = [
            field for field in spec["encoding"]["tooltip"] if _is_there(field, spec, table)
        ]
        if not any(name.endswith(LOW) and row[name] is not None for row in rows for name in row):
            # No share here has an interval, and Vega complains of an axis without a number.
            spec["layer"] = [
                layer for layer in spec["layer"] if "x2" not in layer.get("encoding", {})
            ]
        spec["layer"] = [layer for layer in spec["layer"] if _has_rows(layer, rows)]
        for layer in spec["layer"]:
            _trim_legend(layer.get("encoding", {}).get("color", {}), rows)
        if "day" in table.columns and "layer" in spec:
            spec["layer"] = [*_earlier(rows, before), *spec["layer"], *_marks(marks)]
        found.append({**spec, "data": {"values": rows}})
    return found


def _earlier(rows: list[dict[str, Any]], before: Table | None) -> Iterator[Spec]:
    """Yield a dotted line of the time before, laid over the days of now."""
    if before is None:
        return
    values = [
        {**record, "day": row["day"]} for row, record in zip(rows, before.records(), strict=False)
    ]
    yield {
        "data": {"values": values},
        "transform": [{"calculate": "datum[measure]", "as": "value"}],
        "mark": {"type": "line", "strokeDash": [1, 4], "strokeCap": "round", "opacity": 0.7},
        "encoding": {"tooltip": None},
    }


def _marks(marks: Sequence[tuple[str, str]]) -> Iterator[Spec]:
    """Yield a line and a word at the day of each mark."""
    if not marks:
        return
    values = [{"day": day, "mark": word} for day, word in marks]
    common: Spec = {"tooltip": None, "y": {"value": 0}}
    yield {
        "data": {"values": values},
        "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.45},
        "encoding": {**common, "y2": {"value": "height"}},
    }
    yield {
        "data": {"values": values},
        "mark": {"type": "text", "align": "left", "dx": 4, "dy": 6, "fontSize": 11},
        "encoding": {**common, "text": {"field": "mark"}},
    }


def measures(insight: Insight, table: Table) -> list[str]:
    """Return the columns that a chart with a choice of measure can show."""
    return [
        name
        for name, column in insight.columns.items()
        if name in table.columns and column.kind in ("count", "dollars")
    ]


def is_blank(insight: Insight, table: Table) -> bool:
    """Say whether nothing is known of any row: days from before the first data, or to come."""
    names = measures(insight, table)
    return bool(names) and all(record[name] is None for record in table.records() for name in names)


def svg(specs: list[Spec], theme: str, title: str, below: str = "") -> str:
    """Return the charts as one SVG image, one below the other, on the page's background.

    Args:
        specs: The charts.
        theme: Light or dark.
        title: What stands above them: a picture is shown without its page.
        below: What stands below the title: the period, the filters, how many installs.
    """
    import vl_convert

    return vl_convert.vegalite_to_svg(_whole(specs, theme, title, below), allowed_base_urls=[])


def png(specs: list[Spec], theme: str, title: str, below: str = "") -> bytes:
    """Return the same as a PNG, of twice as many pixels for screens that have them."""
    import vl_convert

    whole = _whole(specs, theme, title, below)
    return vl_convert.vegalite_to_png(whole, scale=2, allowed_base_urls=[])


def _whole(specs: list[Spec], theme: str, title: str, below: str) -> Spec:
    drawn = [{**spec, "width": WIDTH} for spec in specs]
    whole: Spec = {"vconcat": drawn, "spacing": 36} if len(drawn) > 1 else drawn[0]
    look = {**config(theme), "background": palette(theme)["surface"]}
    # A viewer may have wider letters than the ones that were measured here.
    look["padding"] = {"left": 44, "top": 20, "right": 28, "bottom": 20}
    if len(drawn) > 1:  # each has its title above it
        look["legend"] = {**look["legend"], "orient": "bottom"}
    told: Spec = {"description": f"{title} {below}".strip()}
    if below:
        told["title"] = {"text": title, "subtitle": below}
    return {"$schema": SCHEMA, **whole, **told, "config": look}


def _rows(insight: Insight, table: Table, choice: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that a part chooses, with words in the place of nulls that have one."""
    where, rows = choice.get("where", {}), choice.get("rows", {})
    chosen = [
        record
        for record in table.records()
        if all(record[name] in values for name, values in where.items())
    ]
    if "by" in rows:
        chosen = [record for record in chosen if record[rows["by"]]]
        chosen.sort(key=lambda record: -float(record[rows["by"]] or 0))
    words = {name: column.null for name, column in insight.columns.items() if column.kind == "code"}
    return [
        {
            name: words[name] if value is None and name in words else value
            for name, value in record.items()
        }
        for record in chosen[: rows.get("most")]
    ]


def _has_rows(layer: Spec, rows: list[dict[str, Any]]) -> bool:
    """Say whether a layer has a row of its own; Vega complains of an axis without one."""
    choice = layer.pop("usermeta", {})
    where, first = choice.get("where", {}), choice.get("first", {})
    if any(rows[0][name] not in values for name, values in first.items()):
        return False
    return any(all(row[name] in values for name, values in where.items()) for row in rows)


def _trim_legend(color: Spec, rows: list[dict[str, Any]]) -> None:
    """Leave to a legend only what is there. Each thing keeps the colour that it always has."""
    if "scale" in color:
        there = {row[color["field"]] for row in rows}
        values = [value for value in color["scale"]["domain"] if value in there]
        color["legend"] = {**color["legend"], "values": values}


def _is_there(field: Mapping[str, Any], spec: Spec, table: Table) -> bool:
    """Say whether a tooltip's field is the table's, or made by the chart itself."""
    return field["field"] in table.columns or field["field"] in _made(spec.get("transform", []))


def _made(transforms: list[Any]) -> Iterator[str]:
    for transform in transforms:
        made = transform.get("as", [])
        yield from [made] if isinstance(made, str) else made
