"""What every insight costs by the number of events, drawn of growth.csv into growth.svg.

    for events in 1000000 10000000 100000000; do
        python bench/insights.py --events $events --days 365 --filters all --note bench/growth.csv
    done
    python bench/growth.py

The yardstick is drawn at its least, an insight where it was not stopped. Of the lines about one
question and number of events, the last one counts.
"""

from __future__ import annotations

import csv
from pathlib import Path

import vl_convert

from aboveboard.rendering.charts import SCHEMA, config
from aboveboard.rendering.palette import palette

HERE = Path(__file__).parent
NAMED = ("event_properties", "model_formats", "errors", "models", "adoption")


def drawn(rows: list[dict[str, str]]) -> dict[str, object]:
    """Return the chart: a line an insight, the yardstick's and twice that dashed."""
    counts = sorted({int(row["events"]) for row in rows})
    stick = {
        count: min(float(row["yardstick"]) for row in rows if int(row["events"]) == count)
        for count in counts
    }
    points = [
        {"what": row["insight"], "events": int(row["events"]), "seconds": float(row["seconds"])}
        for row in rows
        if not row["stopped"]
    ]
    goals = [
        {"what": what, "events": count, "seconds": times * seconds}
        for what, times in (("yardstick", 1), ("twice", 2))
        for count, seconds in stick.items()
    ]
    color = palette("light")
    events = {
        "field": "events", "type": "quantitative", "title": "events",
        "scale": {"type": "log", "domain": [counts[0], 4 * counts[-1]]},
        "axis": {"values": counts, "format": "~s"},
    }  # fmt: skip
    seconds = {
        "field": "seconds", "type": "quantitative", "title": "seconds of processor time",
        "scale": {"type": "log"}, "axis": {"format": "~g"},
    }  # fmt: skip
    at = {"x": events, "y": seconds, "detail": {"field": "what"}}
    label = {"align": "left", "dx": 6, "fontSize": 11}
    last = {"filter": f"datum.events == {counts[-1]}"}
    named = {"filter": {"field": "what", "oneOf": list(NAMED)}}
    return {
        "$schema": SCHEMA,
        "width": 640,
        "height": 440,
        "description": "Processor time of each insight over 365 days, by the number of events",
        "config": {**config("light"), "background": color["surface"]},
        "layer": [
            {"data": {"values": points}, "mark": {"type": "line", "opacity": 0.25}, "encoding": at},
            {
                "data": {"values": points}, "transform": [named],
                "mark": {"type": "line", "point": True}, "encoding": at,
            },
            {
                "data": {"values": points}, "transform": [named, last],
                "mark": {"type": "text", **label},
                "encoding": {**at, "text": {"field": "what"}},
            },
            {
                "data": {"values": goals},
                "mark": {"type": "line", "strokeDash": [5, 4], "color": color["ink"]},
                "encoding": at,
            },
            {
                "data": {"values": goals}, "transform": [last],
                "mark": {"type": "text", **label, "color": color["ink"]},
                "encoding": {**at, "text": {"field": "what"}},
            },
        ],
    }  # fmt: skip


def main() -> None:
    with (HERE / "growth.csv").open(newline="") as file:
        last = {(row["insight"], row["events"]): row for row in csv.DictReader(file)}
    (HERE / "growth.svg").write_text(
        vl_convert.vegalite_to_svg(drawn([*last.values()]), allowed_base_urls=[]) + "\n"
    )


if __name__ == "__main__":
    main()
