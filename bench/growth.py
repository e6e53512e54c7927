"""The plot of what each insight costs by number of events: `growth.svg`, of `growth.csv`.

    for events in 1000000 10000000 100000000; do
        python bench/insights.py --events $events --days 365 --filters all --note bench/growth.csv
    done
    python bench/growth.py

Of the lines about one question and number of events, the last one is drawn.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import vl_convert

HERE = Path(__file__).parent
NAMED = "the yardstick"


def rows(text: str) -> list[dict[str, Any]]:
    """Return a point for each question, its yardstick at its least."""
    last = {(row["insight"], row["events"]): row for row in csv.DictReader(text.splitlines())}
    found = [
        {"name": name, "events": int(events), "seconds": float(row["seconds"])}
        for (name, events), row in last.items()
        if not row["stopped"]
    ]
    for events in {each["events"] for each in found}:
        sticks = [float(row["yardstick"]) for (_, of), row in last.items() if int(of) == events]
        found.append({"name": NAMED, "events": events, "seconds": min(sticks)})
    return found


def spec(points: list[dict[str, Any]]) -> dict[str, Any]:
    most = max(each["events"] for each in points)
    event = {"field": "events", "type": "quantitative", "scale": {"type": "log"}}
    x = {**event, "title": "events", "axis": {"format": "~s", "values": [10**6, 10**7, 10**8]}}
    y = {
        "field": "seconds",
        "type": "quantitative",
        "scale": {"type": "log"},
        "title": "processor's seconds, 365 days, everybody",
    }
    colour = {
        "condition": {"test": f"datum.name === '{NAMED}'", "value": "#c2410c"},
        "value": "#57606a",
    }
    detail = {"field": "name"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 520,
        "height": 620,
        "background": "white",
        "data": {"values": points},
        "layer": [
            {"mark": {"type": "line", "point": True}, "encoding": {"x": x, "y": y, "color": colour, "detail": detail}},
            {
                "transform": [{"filter": f"datum.events === {most}"}],
                "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": 10},
                "encoding": {"x": x, "y": y, "color": colour, "text": {"field": "name"}},
            },
        ],
    }


def main() -> None:
    points = rows((HERE / "growth.csv").read_text())
    (HERE / "growth.svg").write_text(vl_convert.vegalite_to_svg(json.dumps(spec(points))))


if __name__ == "__main__":
    main()
