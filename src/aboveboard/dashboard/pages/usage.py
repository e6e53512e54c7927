"""The page of usage: which commands and features are used by whom, and which by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.insights.comparison import compare
from aboveboard.insights.filters import STEPS_MOST, WITHIN, Where
from aboveboard.rendering import cells, changes, dots, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aboveboard.dashboard.view import View
    from aboveboard.insights import Insight
    from aboveboard.insights.table import Value

MOST = 20
PROPERTY = ("command", "command")
CHOICES = 4
"""So many steps of a funnel can be chosen at first; one more than there are, later."""

WITHIN_WORDS = {"session": "one session", "period": "the period, by one install"}


@dataclass(frozen=True)
class Kind:
    """Commands, or features.

    Args:
        never: Those that nobody used in the period.
    """

    name: str
    title: str
    rows: Sequence[dots.Row]
    more: int
    never: Sequence[str]


@dataclass(frozen=True)
class Funnel:
    """Who goes on from one event to the next.

    Args:
        chosen: The event of each choice; blank where none is chosen.
        events: What can be chosen.
        within: What can be chosen besides, in words, and whether it is.
        rows: The steps, if some are asked for.
        one_in: Of which sample they are; 1 where everybody was asked.
    """

    insight: Insight
    chosen: Sequence[str]
    events: Sequence[str]
    within: Sequence[tuple[str, str, bool]]
    sentence: str
    axis: dots.Axis
    rows: Sequence[dots.Row]
    one_in: int


@dataclass(frozen=True)
class Usage:
    sentence: str
    insight: Insight
    axis: dots.Axis
    kinds: Sequence[Kind]
    behind: int
    outcomes: Sequence[dots.Row]
    outcomes_axis: dots.Axis
    exits: Sequence[dots.Row]
    exits_axis: dots.Axis
    funnel: Funnel
    empty: bool


def look(view: View) -> Usage:
    """Return what the page shows.

    Raises:
        WarehouseError: a question could not be answered.
    """
    insight = insights.get("commands")
    assert insight is not None
    records = insight.run(view.warehouse, view.project, view.filters).records()
    sides = view.sides()
    comparison = compare(insight, view.warehouse, view.project, sides) if sides else None
    records.sort(key=lambda row: -_number(row["install_share"]))
    axis = dots.axis_of(records, "install_share")

    def shown(record: Mapping[str, Value]) -> dots.Row:
        key = (record["kind"], record["name"])
        is_command = record["kind"] == "command"
        name = str(record["name"] or insight.columns["name"].null)
        return dots.row(
            name,
            "install_share",
            insight.columns["install_share"],
            record,
            axis,
            change=changes.of_share(comparison.of(key, "install_share"), view.against())
            if comparison
            else None,
            chip=view.link(where=view.with_where(Where(*PROPERTY, name))) if is_command else None,
            beside=(cells.plain(insight.columns["uses"], record["uses"]),),
        )

    kinds = []
    wanted = view.own.get("find", "").casefold()
    for kind, title in (("command", "Commands"), ("feature", "Features")):
        its = [record for record in records if record["kind"] == kind]
        rows = [row for row in map(shown, its) if wanted in row.name.casefold()]
        most = len(rows) if view.own.get("rows") == "all" else MOST
        used = {record["name"] for record in its}
        declared = _declared(view) if kind == "command" else _features(view, records)
        never = [name for name in declared if name not in used and name != "other"]
        if rows or never:
            kinds.append(Kind(kind, title, rows[:most], len(rows) - len(rows[:most]), never))
    outcomes, outcomes_axis = _outcomes(view)
    exits, exits_axis = _exits(view)
    behind = int(_number(records[0]["of_installs"])) if records else 0
    return Usage(
        sentences.of_installs(behind) or _sentence(view, records, kinds),
        insight,
        axis,
        kinds,
        behind,
        outcomes,
        outcomes_axis,
        exits,
        exits_axis,
        _funnel(view),
        not records,
    )


def _sentence(view: View, records: Sequence[Mapping[str, Value]], kinds: Sequence[Kind]) -> str:
    commands = [row for row in records if row["kind"] == "command"]
    never = sum(len(kind.never) for kind in kinds if kind.name == "command")
    if not commands:
        return "Nobody used a command in this period."
    first = commands[0]
    share = cells.share("install_share", _column("install_share"), first, 1.0)
    low, high = first["install_share_low"], first["install_share_high"]
    reach = (
        f" ({changes.interval_of(float(low), float(high))})"
        if isinstance(low, float | int) and isinstance(high, float | int)
        else ""
    )
    rest = (
        f"; nobody used {never} of the {len(_declared(view))} commands"
        if never
        else "; every command was used by somebody"
    )
    return f"{share.text} of installs use {first['name']}{reach}{rest}."


def _declared(view: View) -> Sequence[str]:
    """Return the commands that the catalog has."""
    entry = view.project.catalog.entries["command"]
    return entry.properties["command"].kind.words


def _features(view: View, records: Sequence[Mapping[str, Value]]) -> Sequence[str]:
    """Return the features that the question knows and the catalog can tell of.

    A feature is an event of the catalog that the question gives a name; its SQL has the names.
    """
    from aboveboard.insights.statement import has

    del records
    return [name for need, name in FEATURES.items() if has(view.project.catalog, need)]


FEATURES = {
    "cli session": "chat in the terminal",
    "gui session": "chat in the browser",
    "copy-paste mode": "copy and paste with a web chat",
    "interactive help": "question about the program",
    "ai-comments file-add": "AI comment, file added",
    "ai-comments execute": "AI comment, request",
    "repo": "work in a git repository",
    "auto_commits.enabled": "automatic commits",
    "auto_model_selection": "model chosen by the API keys",
    "oauth_flow_initiated": "login through the browser",
}
"""By what a catalog must have: what the question calls it."""


def _exits(view: View) -> tuple[list[dots.Row], dots.Axis]:
    insight = insights.get("errors")
    if insight is None or not insight.offered(view.project.catalog):
        return [], dots.Axis.over(())
    records = [
        row
        for row in insight.of_the_most_frequent()
        .run(view.warehouse, view.project, view.filters)
        .records()
        if row["kind"] == "exit"
    ]
    rows, axis = dots.panel(
        records,
        "session_share",
        insight.columns["session_share"],
        lambda record: str(record["name"] or "no reason told"),
        lambda record: [cells.plain(insight.columns["times"], record["times"])],
    )
    return rows[:MOST], axis


def _outcomes(view: View) -> tuple[Sequence[dots.Row], dots.Axis]:
    """Return the commands with the share of their runs that failed, if the catalog tells it."""
    insight = next((each for each in view.offered() if each.name == "outcomes"), None)
    if insight is None:
        return (), dots.axis_of((), "failed_share")
    records = insight.run(view.warehouse, view.project, view.filters).records()
    rows, axis = dots.panel(
        records,
        "failed_share",
        insight.columns["failed_share"],
        lambda record: str(record["command"] or insight.columns["command"].null),
        lambda record: [
            cells.plain(insight.columns["runs"], record["runs"]),
            cells.plain(insight.columns["failed_code"], record["failed_code"]),
            cells.plain(insight.columns["duration"], record["duration"], "seconds"),
        ],
    )
    return rows[:MOST], axis


def _funnel(view: View) -> Funnel:
    """Return the funnel that is asked for; none is counted that nobody asked for."""
    insight = insights.get("funnel")
    assert insight is not None
    steps, within = view.filters.steps, view.filters.within
    table = insight.run(view.warehouse, view.project, view.filters) if steps else None
    if table and table.one_in > 1 and not table.records()[0]["times"]:
        # That nobody of a sample took the first step says nothing of the others.
        table = insight.run(view.warehouse, view.project, view.of_everybody().filters)
    records = table.records() if table else []
    rows, axis = dots.panel(
        records,
        "share",
        insight.columns["share"],
        lambda record: f"{record['step']}. {record['event']}",
        lambda record: [
            cells.plain(insight.columns["times"], record["times"]),
            cells.share("before_share", insight.columns["before_share"], record, 1.0),
        ],
    )
    sentence = ""
    if records and records[0]["times"]:
        last = records[-1]
        told = cells.share("share", insight.columns["share"], last, 1.0)
        low, high = last["share_low"], last["share_high"]
        reach = (
            f" ({changes.interval_of(float(low), float(high))})"
            if isinstance(low, float | int) and isinstance(high, float | int)
            else ""
        )
        what = "sessions" if within == WITHIN[0] else "installs"
        sentence = f"{told.text} of {what} with the first step take all of them{reach}."
    elif records:
        sentence = "Nobody took the first step in this period."
    choices = min(STEPS_MOST, max(CHOICES, len(steps) + 1))
    return Funnel(
        insight,
        [*steps, *[""] * (choices - len(steps))],
        sorted(view.project.catalog.entries),
        [(each, WITHIN_WORDS[each], each == within) for each in WITHIN],
        sentence,
        axis,
        rows,
        table.one_in if table else 1,
    )


def _column(name: str) -> insights.Column:
    insight = insights.get("commands")
    assert insight is not None
    return insight.columns[name]


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
