"""The page of releases: how well each does, who has it, and one against another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.insights.comparison import alone
from aboveboard.insights.filters import AGAINST
from aboveboard.rendering import cells, changes, dots, sentences, wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight, Table
    from aboveboard.insights.comparison import Comparison
    from aboveboard.insights.table import Value

ADOPTED = 0.10
"""A version is adopted on the first whole day on which it has so many of the sessions."""

SHARES = {
    "crashes": ("crash_free_share", "Sessions that crashed"),
    "crashed_installs": ("crash_free_install_share", "Installs that crashed"),
    "handled": ("handled_share", "Sessions with handled errors"),
    "provider": ("provider_share", "Sessions with provider failures"),
}

FREE = ("crash_free_share", "crash_free_install_share")
"""Shares of what went well. Over an axis from zero all of them stand at its end: what is drawn is
what went wrong, which tells one release from another."""


@dataclass(frozen=True)
class Releases:
    sentence: str
    insight: Insight
    adoption: Insight
    adopting: Table
    measure: str
    measures: Mapping[str, str]
    axis: dots.Axis
    rows: Sequence[dots.Row]
    columns: Sequence[str]
    compared: str
    empty: bool


def look(view: View) -> Releases:
    """Return what the page shows.

    Raises:
        WarehouseError: a question could not be answered.
    """
    insight, adoption = _of("stability"), _of("adoption")
    table = insight.run(view.warehouse, view.project, view.filters)
    records = table.records()
    adopting = adoption.run(view.warehouse, view.project, view.filters)
    first = dict(view.choices.releases) if view.choices else {}
    adopted = _adopted(adopting, first)
    there = {name: label for name, (share, label) in SHARES.items() if share in table.columns}
    measure = view.measure if view.measure in there else "crashes"
    share = SHARES[measure][0]
    drawn = [_wrong(record, share) for record in records] if share in FREE else records
    axis = dots.axis_of(drawn, share)
    comparison = alone(insight, view.warehouse, view.project, view.filters)
    rows = []
    for place, record in enumerate(records):
        older = records[place + 1] if place + 1 < len(records) else None
        by = comparison.between((record["version"],), (older["version"],), share) if older else None
        version = record["version"]
        since = first.get(str(version))
        rows.append(
            dots.row(
                str(version or insight.columns["version"].null),
                share,
                insight.columns[share],
                drawn[place],
                axis,
                change=changes.of_difference(
                    by.opposite if share in FREE else by, str(older["version"])
                )
                if by and older
                else None,
                chip=view.link(version=str(version)) if version else None,
                beside=(
                    cells.plain(insight.columns["sessions"], record["sessions"]),
                    cells.plain(insight.columns["installs"], record["installs"]),
                    cells.words(wording.day(since) if since else "not a release"),
                    cells.words(adopted.get(version, "not yet")),
                ),
            )
        )
    return Releases(
        _sentence(view, records, comparison),
        insight,
        adoption,
        adopting,
        measure,
        there,
        axis,
        rows,
        ("Sessions", "Installs", "First seen", "Adopted"),
        _pair(view),
        not records,
    )


def _sentence(view: View, records: Sequence[Mapping[str, Value]], comparison: Comparison) -> str:
    versions = [row for row in records if row["version"] is not None]
    known = {version for version, _ in (view.choices.releases if view.choices else ())}
    released = [row for row in versions if row["version"] in known] or versions
    asked = view.filters.versions
    if asked:
        order = {row["version"]: row for row in versions}
        released = [order[version] for version in asked[::-1] if version in order]
    if len(released) < 2:
        if not released:
            return "No session of a release in this period."
        told = wording.share(float(released[0]["crash_free_share"] or 0))
        return f"{released[0]['version']}: {told} of sessions are crash-free, and none to compare."
    new, old = released[0], released[1]
    few = sentences.of_installs(new["installs"])
    if few:
        return f"{new['version']}: {few[:1].lower()}{few[1:]}"
    by = comparison.between((new["version"],), (old["version"],), "crash_free_share")
    name, other = new["version"], old["version"]
    share = wording.share(float(new["crash_free_share"] or 0))
    if by is None:
        return f"{name}: {share} of sessions are crash-free."
    if by.sure:
        word = "less" if by.value > 0 else "more"
        return (
            f"{name} crashes surely {word} than {other}: {share} of its sessions are crash-free, "
            f"{changes.points(abs(by.value))} {'more' if by.value > 0 else 'fewer'}."
        )
    return (
        f"{name} crashes neither surely more nor less than {other}: {share} of its sessions are "
        "crash-free."
    )


def _wrong(record: Mapping[str, Value], share: str) -> dict[str, Value]:
    """Return a row with the share of what went wrong in the place of what went well."""
    value, low, high = (record[share + end] for end in ("", "_low", "_high"))
    turned = {
        share: _rest(value),
        f"{share}_low": _rest(high),
        f"{share}_high": _rest(low),
    }
    return {**record, **turned}


def _rest(part: Value) -> Value:
    return round(1 - part, 12) if isinstance(part, int | float) else None


def _adopted(table: Table, first: Mapping[str, date]) -> dict[Value, str]:
    """Return the day on which each version had a tenth of the sessions first.

    Of a version that had them when the period began and is older, no more is known than by when.
    """
    found: dict[Value, date] = {}
    for row in table.records():
        part = float(row["sessions"] or 0) / float(row["of_sessions"] or 1)
        if row["complete"] and part >= ADOPTED and row["version"] not in found:
            found[row["version"]] = date.fromisoformat(str(row["day"]))
    begins = min((date.fromisoformat(str(row["day"])) for row in table.records()), default=None)
    return {
        version: f"by {wording.day(day)}"
        if day == begins and first.get(str(version), day) < day
        else wording.day(day)
        for version, day in found.items()
    }


def _pair(view: View) -> str:
    return view.filters.compare if AGAINST in view.filters.compare else ""


def _of(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight
