"""The page of errors as work: groups, what is new or back, and how stable each release is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from aboveboard import insights
from aboveboard.dashboard import listing
from aboveboard.dashboard.view import FIND, ROWS, UnknownError
from aboveboard.insights import groups
from aboveboard.insights.versions import age
from aboveboard.rendering import cells, wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight, Table
    from aboveboard.insights.groups import Group, Release
    from aboveboard.insights.table import Value

KINDS = {
    "crash": ("crash", "Crashes"),
    "handled": ("handled error", "Handled errors"),
    "provider": ("provider failure", "Provider failures"),
}
"""The tabs: by the word in the address, the kind that an insight tells of, and the tab's name."""

NEWEST = 6
"""How many releases are told of beside the list; `stability` has them all."""


class Decision(Protocol):
    """What somebody said of a group; the collector's `Decision`."""

    @property
    def number(self) -> int: ...

    @property
    def what(self) -> str: ...

    @property
    def words(self) -> str: ...

    @property
    def who(self) -> str: ...

    @property
    def at(self) -> int: ...


class Decisions(Protocol):
    """Where people say what they think of groups; the collector's `Decisions`."""

    def of(self, project: str, group: str | None = None) -> Sequence[Decision]: ...

    def resolved(self, project: str) -> Mapping[str, str]: ...

    def note(self, project: str, group: str, words: str, who: str) -> None: ...

    def resolve(self, project: str, group: str, version: str, who: str) -> None: ...

    def open(self, project: str, group: str, who: str) -> None: ...

    def withdraw(self, project: str, group: str, number: int, who: str) -> None: ...


@dataclass(frozen=True)
class Row:
    """A group in the list.

    Args:
        share: Its share of the period's sessions; None if it came up in none that is known.
        spark: The period's days, as the points of an SVG polyline in a box of 100 by 24.
    """

    group: Group
    place: str
    share: cells.Cell | None
    sessions: int
    installs: int
    times: int
    spark: str


@dataclass(frozen=True)
class Stable:
    """A release, and the shares of its sessions and of its installs without a crash."""

    version: str
    sessions: cells.Cell
    crash_free: cells.Cell
    crash_free_installs: cells.Cell


@dataclass(frozen=True)
class Errors:
    """What the page shows.

    Args:
        tab: The tab that is open, as the address has it.
        counts: How many open groups each tab has in the period.
        heads: The columns that the list can be sorted by, by the name that the address has.
        rows: Those that are shown, of `found` that fit what is looked for, of `total`.
    """

    tab: str
    counts: Mapping[str, int]
    answer: str
    heads: Mapping[str, listing.Head]
    rows: list[Row]
    found: int
    total: int
    scale: float
    stable: list[Stable]
    newest: Release | None
    days: Table
    daily: Insight


def look(view: View, resolved: Mapping[str, str]) -> Errors:
    """Return what the page shows.

    Args:
        view: What is asked for.
        resolved: The version by group that somebody said has no such failure any more.

    Raises:
        UnknownError: the project collects no errors, or there is no such tab.
        WarehouseError: a question could not be answered.
    """
    tab = view.measure or next(iter(KINDS))
    if tab not in KINDS:
        raise UnknownError(f"measure={tab} is no kind of errors: use one of {', '.join(KINDS)}")
    kind, _ = KINDS[tab]
    told = ask("errors", view)
    known, all_groups = history(view, resolved)
    days = ask("error_days", view)
    records = {(str(row["kind"]), str(row["group"])): row for row in told.records()}
    column = named("errors").columns["session_share"]
    there = {
        name: [key for key in records if key[0] == of and key in all_groups]
        for name, (of, _) in KINDS.items()
    }
    scale = cells.scale(
        end
        for key in there[tab]
        for end in (records[key]["session_share"], records[key]["session_share_high"])
        if isinstance(end, float)
    )
    sparks = _sparks(view, days, kind)
    rows = [
        Row(
            group,
            _place(group),
            cells.share("session_share", column, record, scale)
            if record["session_share"] is not None
            else None,
            _whole(record["sessions"]),
            _whole(record["installs"]),
            _whole(record["times"]),
            sparks.get(group.id, ""),
        )
        for group in groups.ordered(
            (all_groups[key] for key in there[tab]),
            {key[1]: _whole(records[key]["sessions"]) for key in there[tab]},
        )
        for record in (records[group.kind, group.id],)
    ]
    newest = groups.newest(known)
    found = _sorted([row for row in rows if _fits(row, view.own.get(FIND, ""))], view)
    most = len(found) if view.own.get(ROWS) == "all" else listing.MOST
    return Errors(
        tab,
        {name: sum(all_groups[key].is_open for key in keys) for name, keys in there.items()},
        _answer(kind, rows, newest),
        listing.heads(view, list(ORDERS)),
        found[:most],
        len(found),
        len(rows),
        scale,
        _stable(view),
        newest,
        replace(days, rows=tuple(row for row in days.rows if row[1] == kind)),
        named("error_days"),
    )


def _fits(row: Row, wanted: str) -> bool:
    """Return whether a group's type, place or first or last version has what is looked for."""
    told = (row.group.name, row.place, row.group.first_version, row.group.last_version)
    return any(wanted.casefold() in each.casefold() for each in told if each)


def _sorted(rows: list[Row], view: View) -> list[Row]:
    """Return rows in the order that is asked for, or as they are: as work.

    Raises:
        FilterError: there is no such column to sort by.
    """
    column, downwards = listing.asked(view, list(ORDERS))
    return sorted(rows, key=ORDERS[column], reverse=downwards) if column else rows


def history(
    view: View, resolved: Mapping[str, str]
) -> tuple[tuple[Release, ...], dict[tuple[str, str], Group]]:
    """Return all releases, and all groups by kind and id, with all that is kept of them.

    Raises:
        WarehouseError: a question could not be answered.
    """
    everything = replace(view, filters=replace(view.filters, version=None))
    known = groups.releases(ask("versions", everything))
    return known, groups.groups(ask("error_versions", everything), known, resolved)


def named(name: str) -> Insight:
    insight = insights.get(name)
    assert insight is not None
    return insight


def ask(name: str, view: View) -> Table:
    """Return what a question answers.

    Raises:
        UnknownError: the project collects nothing that could answer it.
        WarehouseError: the question could not be answered.
    """
    insight = named(name)
    if not insight.offered(view.project.catalog):
        raise UnknownError(f"{view.project.name} collects no errors")
    filters = replace(view.filters, exits=False)  # what fails is looked for, not how sessions end
    return insight.run(view.warehouse, view.project, filters)


def title(group: Group) -> str:
    """Return a group's name: its type, and where it comes up."""
    place = _place(group)
    return f"{group.name or 'An unknown error'}{f' in {place}' if place else ''}"


def _place(group: Group) -> str:
    """Return the innermost place without its line, which is of one version only."""
    return (group.place or "").rpartition(":")[0]


def _answer(kind: str, rows: Sequence[Row], newest: Release | None) -> str:
    """Return the sentence that answers the page's question."""
    if not rows:
        return f"No {kind} in this period."
    parts, alone = [], ""
    for news in ("new", "back"):
        its = [row.group for row in rows if row.group.news == news and row.group.is_open]
        if len(its) == 1 and not alone and newest is not None:
            alone = f"{title(its[0])} is {news} in {newest.version}. "
        elif its and newest is not None:
            parts.append(
                f"{len(its)} {'is' if len(its) == 1 else 'are'} {news} in {newest.version}"
            )
    reopened = sum(row.group.reopened is not None for row in rows)
    if reopened:
        parts.append(f"{reopened} came up though resolved")
    open_ones = [row for row in rows if row.group.is_open]
    if not open_ones:
        return "All of these are resolved."
    most = max(open_ones, key=lambda row: row.sessions)
    share = most.share
    how = "" if share is None else f", in {share.text} of sessions"
    if share is not None and share.interval:
        how += f" ({share.interval})"
    count = len(open_ones)
    begin = f"{count} open group{'' if count == 1 else 's'}"
    if parts:
        begin += f", of which {' and '.join(parts)}"
    if most.group.news == "gone" and newest is not None:
        how += f", and gone in {newest.version}"
    return f"{alone}{begin}. The most frequent is {title(most.group)}{how}."


def _stable(view: View) -> list[Stable]:
    insight = named("stability")
    table = insight.run(view.warehouse, view.project, view.filters)
    records = [row for row in table.records() if row["version"] is not None][:NEWEST]
    columns = insight.columns
    return [
        Stable(
            str(row["version"]),
            cells.plain(columns["sessions"], row["sessions"]),
            cells.share("crash_free_share", columns["crash_free_share"], row, 1.0),
            cells.share("crash_free_install_share", columns["crash_free_install_share"], row, 1.0),
        )
        for row in records
    ]


def _sparks(view: View, days: Table, kind: str) -> dict[str, str]:
    """Return the line of each group's days, all on the scale of its own busiest day."""
    first, count = view.filters.since, view.filters.days
    lines: dict[str, list[int]] = {}
    for row in days.records():
        if row["kind"] == kind:
            line = lines.setdefault(str(row["group"]), [0] * count)
            line[(date.fromisoformat(str(row["day"])) - first).days] += _whole(row["sessions"])
    width = -(-count // 30)  # at most thirty points: of a year, a line of days is a blur
    return {
        group: _points([sum(line[place : place + width]) for place in range(0, count, width)])
        for group, line in lines.items()
    }


def _points(values: Sequence[int]) -> str:
    top, step = max(values), 100 / max(len(values) - 1, 1)
    if not top:
        return ""
    return " ".join(
        f"{number * step:.1f},{22 - 20 * value / top:.1f}" for number, value in enumerate(values)
    )


def versions_by_age(found: Iterable[str | None]) -> list[str | None]:
    """Return versions, the newest first."""
    return sorted(found, key=age, reverse=True)


def day(text: str) -> str:
    """Return a day as a page says it."""
    return wording.day(date.fromisoformat(text))


ORDERS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: title(row.group).casefold(),
    "sessions": lambda row: row.sessions,
    "times": lambda row: row.times,
    "installs": lambda row: row.installs,
    "first": lambda row: row.group.first,
    "last": lambda row: row.group.last,
}
"""What the list can be sorted by."""


def _whole(value: Value) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
