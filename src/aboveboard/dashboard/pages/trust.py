"""The page of trust: what may be collected, what was not taken, and how anybody can check."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from aboveboard.warehouse import database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.dashboard.pages.quarantine import Row
    from aboveboard.dashboard.view import View


_COPIES = resources.files(__package__).joinpath("copies.sql").read_text("utf-8")


def look(view: View, dropped: Sequence[Row]) -> dict[str, Any]:
    """Return what the page shows."""
    entries = view.project.catalog.entries.values()
    refused = sum(row.times for row in dropped)
    app = view.project.catalog.app
    return {
        "sentence": (
            f"All that {app} sent in 90 days is in its catalog and was taken."
            if not refused
            else f"{refused:,} times in 90 days {app} sent what is not in its catalog, "
            "and it was not taken."
        ),
        "events": len(entries),
        "properties": sum(len(entry.properties) for entry in entries),
        "refused": refused,
        "names": len(dropped),
        "copied": _copied(view),
        "late_hours": int(view.filters.late.total_seconds()) // 3600,
    }


def _copied(view: View) -> int:
    """Return how many installs are copies of one: no machine is of two systems on one day."""
    if view.choices is None:
        return 0
    asked = {"project": database(view.project.name), "today": view.filters.today}
    ((copied,),) = view.warehouse.query(_COPIES, asked).rows
    return int(str(copied))
