"""Groups of errors in a terminal, and as issues."""

from __future__ import annotations

import argparse
import contextlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.collector.people.register import Register
from aboveboard.collector.triage.decisions import Decisions
from aboveboard.commands.terminal import output
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.table import print_table
from aboveboard.insights import groups, issues
from aboveboard.rendering import wording

from . import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.collector.projects.project import Project
    from aboveboard.insights import Filters, Table
    from aboveboard.insights.groups import Group
    from aboveboard.insights.table import Value
    from aboveboard.warehouse import Warehouse

KINDS = {"crash": "crash", "handled": "handled error", "provider": "provider failure"}


class UsageError(ValueError):
    """The arguments do not go together; the text says what to do."""


@dataclass(frozen=True)
class Place:
    """Whose errors are asked for, and of when."""

    warehouse: Warehouse
    project: Project
    filters: Filters

    def ask(self, name: str, **changes: object) -> Table:
        insight = insights.get(name)
        assert insight is not None
        if not insight.offered(self.project.catalog):
            raise UsageError(f"{self.project.name} collects no errors")
        filters = replace(self.filters, **changes)  # type: ignore[arg-type]
        return insight.run(self.warehouse, self.project, filters)


def run(args: argparse.Namespace) -> int:
    try:
        _check(args)
        wanted = _predicate(args.issue) if args.issue else None
        told = reading.filters(args)
        with reading.opened(args) as (warehouse, project):
            place = Place(warehouse, project, told)
            found = _found(place, args)
            if wanted is not None:
                return _later(place, found, wanted)
            records = {
                str(row["group"]): row
                for row in place.ask("errors", exits=False).records()
                if row["kind"] == KINDS[args.kind]
            }
            its = groups.ordered(
                (
                    group
                    for (kind, name), group in found.items()
                    if kind == KINDS[args.kind] and name in records
                    if args.all or (group.is_open and group.news != "gone")
                ),
                {name: int(row["sessions"] or 0) for name, row in records.items()},
            )
            if args.issues:
                return _issues(place, its, records, args)
    except (UsageError, insights.FilterError, issues.PredicateError) as error:
        warn(f"aboveboard errors: {error}")
        return 2
    except reading.FAILURES as error:
        warn(f"aboveboard errors: {error}")
        return 1
    if args.json:
        for group in its:
            say(json.dumps(_as_json(group, records[group.id])))
    elif its:
        _list(its, records)
    else:
        warn(f"aboveboard errors: no open {KINDS[args.kind]} in {_period(told)}")
    return 0


def _check(args: argparse.Namespace) -> None:
    if (args.write or args.link) and not args.issues:
        raise UsageError("--write and --link go with --issues")
    if args.link and not args.link.startswith(("https://", "http://")):
        raise UsageError("--link is the dashboard's address, such as https://analytics.example.org")


def _found(place: Place, args: argparse.Namespace) -> dict[tuple[str, str], Group]:
    with contextlib.closing(Register(args.data)) as register:
        resolved = Decisions(register).resolved(place.project.name)
    known = groups.releases(place.ask("versions", version=None))
    return groups.groups(place.ask("error_versions", version=None), known, resolved)


def _list(its: list[Group], records: Mapping[str, Mapping[str, Value]]) -> None:
    print_table(
        ("state", "sessions", "share", "installs", "first", "last", "what", "where", "group"),
        [
            (
                "reopened" if group.reopened else "resolved" if group.resolved else group.news,
                f"{records[group.id]['sessions']:,}",
                _share(records[group.id]),
                f"{records[group.id]['installs']:,}",
                group.first_version or "?",
                group.last_version or "?",
                group.name or "unknown",
                (group.place or "").rpartition(":")[0],
                group.id,
            )
            for group in its
        ],
    )


def _share(record: Mapping[str, Value]) -> str:
    share, low, high = (record[f"session_share{end}"] for end in ("", "_low", "_high"))
    if not isinstance(share, (int, float)):
        return ""
    text = wording.share(float(share))
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        text += f" ({wording.interval(float(low), float(high))})"
    return text


def _as_json(group: Group, record: Mapping[str, Value]) -> dict[str, object]:
    return {
        "group": group.id,
        "kind": group.kind,
        "name": group.name,
        "place": group.place,
        "news": group.news or None,
        "resolved": group.resolved,
        "reopened": group.reopened,
        "first": group.first,
        "last": group.last,
        "first_version": group.first_version,
        "last_version": group.last_version,
        **{name: record[name] for name in ("times", "sessions", "installs", "of_installs")},
        **{
            name: record[name]
            for name in ("session_share", "session_share_low", "session_share_high")
        },
    }


def _issues(
    place: Place,
    its: list[Group],
    records: Mapping[str, Mapping[str, Value]],
    args: argparse.Namespace,
) -> int:
    there = _there(Path(args.write)) if args.write else []
    told = place.ask("error_frames")
    every, frames = issues.places(told), told.records()
    wanted = [
        group
        for group in its
        if not any(line.fits(group, every.get(group.id, ())) for lines in there for line in lines)
    ]
    sides = place.ask("error_sides").records() if wanted else []
    for group in wanted:
        text = issues.text(
            group,
            records[group.id],
            [row for row in frames if (row["kind"], row["group"]) == (group.kind, group.id)],
            [row for row in sides if row["group"] == group.id],
            _period(place.filters),
            _link(args, group),
        )
        if args.write:
            file = Path(args.write) / f"{group.id.replace(':', '-')}.md"
            try:
                output.write(file, f"# {issues.title(group)}\n\n{text}".encode())
            except OSError as error:
                raise UsageError(f"{file} cannot be written: {error.strerror}") from None
            say(str(file))
        else:
            say(f"# {issues.title(group)}", "", *text.splitlines())
    if not wanted:
        warn("aboveboard errors: no open group is without an issue")
    return 0


def _link(args: argparse.Namespace, group: Group) -> str | None:
    if not args.link:
        return None
    return f"{args.link.rstrip('/')}/errors/{group.id}?project={args.project}"


def _there(folder: Path) -> list[tuple[issues.Terms, ...]]:
    """Return the predicates of the issues in a folder."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: make it first")
    found = []
    for file in sorted(folder.glob("*.md")):
        with contextlib.suppress(issues.PredicateError, OSError, UnicodeDecodeError):
            found.append(issues.predicate(file.read_text("utf-8")))
    return found


def _predicate(file: str) -> tuple[issues.Terms, ...]:
    try:
        return issues.predicate(Path(file).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"{file} cannot be read: {why}") from None


def _later(
    place: Place,
    found: Mapping[tuple[str, str], Group],
    wanted: tuple[issues.Terms, ...],
) -> int:
    """Tell of what an issue is about, as far as it came up in the period."""
    every = issues.places(place.ask("error_frames"))
    records = {(str(row["kind"]), str(row["group"])): row for row in place.ask("errors").records()}
    its = [
        group
        for key, group in found.items()
        if key in records and any(line.fits(group, every.get(group.id, ())) for line in wanted)
    ]
    if not its:
        say(f"It did not come up in {_period(place.filters)}.")
        return 0
    for kind in KINDS.values():
        rows = [group for group in its if group.kind == kind]
        if rows:
            say(f"{kind}, {_period(place.filters)}")
            _list(rows, {group.id: records[kind, group.id] for group in rows})
    return 0


def _period(filters: Filters) -> str:
    return wording.period(filters.since, filters.until)
