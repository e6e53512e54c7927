"""One group's page: since when, in which versions and systems, its frames, what was said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from aboveboard.dashboard.view import UnknownError
from aboveboard.insights import groups
from aboveboard.rendering import cells

from . import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight, Table
    from aboveboard.insights.groups import Group
    from aboveboard.insights.table import Value

SIDES = {"version": "By version", "system": "By system", "Python": "By Python", "model": "By model"}
MOST = 12
"""Values of a side that are told; `error_by` has them all."""


@dataclass(frozen=True)
class Side:
    """How often it came up, by the values of one thing, the most frequent first."""

    title: str
    rows: list[Share]
    more: int


@dataclass(frozen=True)
class Share:
    """A version, a system, a Python or a model, and the share of its sessions.

    Args:
        share: None where there are too few installs to say.
    """

    name: str
    share: cells.Cell | None
    sessions: int
    of_sessions: int


@dataclass(frozen=True)
class Frame:
    """A place on the way to the failure.

    Args:
        share: In how many of the failures it was on the way, in percent.
    """

    place: str
    line: str
    share: int


@dataclass(frozen=True)
class Said:
    """A decision, as the page tells it."""

    number: int
    what: str
    words: str
    who: str
    at: datetime
    can_be_withdrawn: bool


@dataclass(frozen=True)
class Error:
    """What the page shows.

    Args:
        one_in: Of which sample the sides are; 1 where everybody was asked.
    """

    title: str
    groups: list[Group]
    group: Group
    answer: str
    sides: list[Side]
    scale: float
    frames: list[Frame]
    causes: list[str]
    days: Table
    daily: Insight
    said: list[Said]
    versions: list[str]
    one_in: int


def look(view: View, resolved: Mapping[str, str], said: Sequence[errors.Decision]) -> Error:
    """Return what the page of the group that the filters name shows.

    Raises:
        UnknownError: there is no such group.
        WarehouseError: a question could not be answered.
    """
    known, all_groups = errors.history(view, resolved)
    its = [group for (_, name), group in all_groups.items() if name == view.filters.group]
    if not its:
        raise UnknownError(
            "no error of that group is kept: /errors lists those that are; what is older than "
            f"{view.project.retention} days has gone"
        )
    group = groups.united(its, known)
    of_all = replace(view, filters=replace(view.filters, version=None))
    by = errors.ask("error_by", of_all)
    sides, scale = _sides(by)
    parts = errors.ask("error_frames", of_all).records()
    if not parts:  # not in this period
        whole = replace(of_all.filters, since=_first(its), until=of_all.filters.until)
        parts = errors.ask("error_frames", replace(of_all, filters=whole)).records()
    withdrawn = {each.words for each in said if each.what == "withdrawn"}
    return Error(
        errors.title(its[0]),
        its,
        group,
        _answer(group, by),
        sides,
        scale,
        [
            Frame(place, line, round(100 * _number(row["times"]) / (_number(row["of_times"]) or 1)))
            for row in parts
            if row["what"] == "frame" and row["kind"] == parts[0]["kind"]
            for place, _, line in (str(row["place"]).rpartition(":"),)
        ],
        [
            str(row["place"])
            for row in parts
            if row["what"] == "cause" and row["kind"] == parts[0]["kind"]
        ],
        errors.ask("error_days", view),
        errors.named("error_days"),
        [
            Said(
                each.number,
                each.what,
                each.words,
                each.who or "somebody at this machine",
                datetime.fromtimestamp(each.at, UTC),
                each.what == "note" and str(each.number) not in withdrawn,
            )
            for each in said
        ],
        [each.version for each in reversed(known)],
        by.one_in,
    )


def _first(its: Sequence[Group]) -> date:
    return date.fromisoformat(min(group.first for group in its))


def _answer(group: Group, by: Table) -> str:
    parts = []
    if group.news == "new":
        parts.append(f"New in {group.first_version}.")
    elif group.news == "back":
        parts.append(f"Back in {group.last_version}, after it was gone.")
    elif group.news == "gone":
        parts.append(f"Not seen since {group.last_version}.")
    if group.reopened:
        parts.append(f"It was resolved in {group.resolved}, and came up in {group.reopened}.")
    elif group.resolved:
        parts.append(f"Resolved in {group.resolved}.")
    rows = [row for row in by.records() if row["by"] == "system"]
    sessions, of = (
        int(sum(_number(row[name]) for row in rows)) for name in ("sessions", "of_sessions")
    )
    if of:
        about = "about " if by.one_in > 1 else ""
        parts.append(f"It came up in {about}{sessions:,} of {of:,} sessions of this period.")
    return " ".join(parts)


def _sides(by: Table) -> tuple[list[Side], float]:
    column = errors.named("error_by").columns["session_share"]
    records = by.records()
    hit = [row for row in records if row["sessions"] and _tells(row)]
    scale = cells.scale(
        end
        for row in hit
        for end in (row["session_share"], row["session_share_high"])
        if isinstance(end, float)
    )
    found = []
    for side, title in SIDES.items():
        rows = [row for row in records if row["by"] == side]
        if side == "version":
            order = errors.versions_by_age(_text(row["value"]) for row in rows)
            rows.sort(key=lambda row: order.index(_text(row["value"])))
        shown = rows[:MOST]
        if rows:
            found.append(
                Side(
                    title,
                    [
                        Share(
                            _text(row["value"]) or ("not public" if side == "model" else "unknown"),
                            cells.share("session_share", column, row, scale)
                            if _tells(row)
                            else None,
                            int(_number(row["sessions"])),
                            int(_number(row["of_sessions"])),
                        )
                        for row in shown
                    ],
                    len(rows) - len(shown),
                )
            )
    return found, scale


def _tells(row: Mapping[str, Value]) -> bool:
    return row["session_share_too_few"] is False


def _number(value: Value) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
