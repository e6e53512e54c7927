"""`aboveboard catalog where`: every place in a tool's source that records an event."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.commands.contract.catalog import TARGET_HELP, find
from aboveboard.commands.terminal.paths import typed_path
from aboveboard.commands.terminal.printing import say
from aboveboard.contract.source import places
from aboveboard.contract.source.tree import Source

if TYPE_CHECKING:
    from aboveboard.catalog.catalog import Catalog

BY_ITSELF = {
    "session_start": "when a session opens",
    "exception": "when nothing catches an exception",
    "dropped_events": "when too much waits to be sent",
    "rejected_value": "when a value does not fit its kind",
}
"""What aboveboard records by itself, and when."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", help=TARGET_HELP)
    add_source(parser)
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="what to write (text)"
    )


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where a tool's source is."""
    parser.add_argument(
        "source",
        nargs="*",
        type=typed_path,
        default=[Path()],
        help="the folders and files of the tool's own source; this folder unless said",
    )
    parser.add_argument(
        "--call",
        default="",
        metavar="NAME",
        help="a method that takes an event's name as its first argument, such as `event`, for a "
        "tool that records without event classes",
    )


def run(args: argparse.Namespace) -> int:
    catalog = find(args.target)
    found = places.find(Source(args.source), catalog, args.call)
    if args.format == "json":
        document = {
            "app": catalog.app,
            "failed": bool(found.troubles),
            "places": [place._asdict() for place in found.places],
            "troubles": [trouble._asdict() for trouble in found.troubles],
            "unrecorded": unrecorded(catalog, found),
        }
        say(*json.dumps(document, indent=1, ensure_ascii=False).split("\n"))
    else:
        say(*as_text(catalog, found))
    return 1 if found.troubles else 0


def as_text(catalog: Catalog, found: places.Found) -> list[str]:
    """Return the places as lines, the catalog's events in their order."""
    lines = []
    for event in catalog.entries:
        own = [f"  {place.file}:{place.line}" for place in found.places if place.event == event]
        by_itself = [f"  by aboveboard itself, {BY_ITSELF[event]}"] if event in BY_ITSELF else []
        lines += [event, *(own + by_itself or ["  nowhere: nothing in this source records it"])]
    if found.troubles:
        lines += ["", "What cannot be told, or is not in the catalog:"]
        lines += [f"  {trouble.file}:{trouble.line}: {trouble.said}" for trouble in found.troubles]
    return lines


def unrecorded(catalog: Catalog, found: places.Found) -> list[str]:
    """Return the events that nothing records."""
    recorded = {place.event for place in found.places}
    return [event for event in catalog.entries if event not in recorded | BY_ITSELF.keys()]
