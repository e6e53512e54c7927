"""The reporter: asks every insight, and writes what they answer into a file."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard import insights
from aboveboard.commands.terminal.printing import warn
from aboveboard.commands.terminal.progress import bar
from aboveboard.insights import FilterError, groups, own
from aboveboard.insights.adhoc.asking import BusyError
from aboveboard.rendering import charts, report
from aboveboard.warehouse import QueryLimitError

from . import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.collector.projects.project import Project
    from aboveboard.insights import Filters, Insight
    from aboveboard.warehouse import Warehouse

PNG = ".png"


class UsageError(ValueError):
    """The arguments do not go together; the text says what to do."""


def run(args: argparse.Namespace) -> int:
    try:
        filters = reading.filters(args)
        theirs = own.read(args.insights) if args.insights else ()
        with reading.opened(args) as (warehouse, project):
            filters = replace(filters, late=reading.late(args))
            own.check(theirs, warehouse, [project])
            offered: list[Insight] = [*own.offered(theirs, project)]
            offered += insights.offered(project.catalog)
            if args.chart:
                content = _chart(args, warehouse, project, filters, offered)
            else:
                content = _report(args, warehouse, project, filters, offered).encode()
        _write(args.output, content)
    except own.FaultsError as error:
        for fault in error.faults:
            warn(f"aboveboard report: --insights: {fault}")
        return 2
    except (UsageError, FilterError) as error:
        warn(f"aboveboard report: {error}")
        return 2
    except reading.FAILURES as error:
        warn(f"aboveboard report: {error}")
        return 1
    return 0


def _chart(
    args: argparse.Namespace,
    warehouse: Warehouse,
    project: Project,
    filters: Filters,
    offered: Sequence[Insight],
) -> bytes:
    insight = _named(args.chart, project, offered)
    if args.output == "-" and sys.stdout.isatty():
        raise UsageError("a picture is not for a terminal: name a file with -o")
    try:
        table = insight.run(warehouse, project, filters)
    except (own.UnansweredError, BusyError) as error:
        raise UsageError(str(error)) from None
    parts = charts.parts(insight, table)
    if not parts:
        raise UsageError(f"there is no chart of {insight.name}: nothing in this period, or none")
    if args.output.endswith(PNG):
        return charts.png(parts, args.theme, insight.question)
    return charts.svg(parts, args.theme, insight.question).encode()


def _report(
    args: argparse.Namespace,
    warehouse: Warehouse,
    project: Project,
    filters: Filters,
    offered: Sequence[Insight],
) -> str:
    chosen = [each for each in offered if each.listed]
    if args.only:
        chosen = [_named(name.strip(), project, offered) for name in args.only.split(",")]
    totals = _named("totals", project, offered)
    found = []
    with bar("asking", len(chosen) + 2) as advance:
        numbers = report.numbers(totals, totals.run(warehouse, project, filters))
        advance(1)
        works = [] if args.only else _works(warehouse, project, filters, offered)
        advance(1)
        for insight in chosen:
            try:
                found.append(report.section(insight, insight.run(warehouse, project, filters)))
            except (QueryLimitError, own.UnansweredError, BusyError) as error:
                warn(f"aboveboard report: {insight.name} is left out: {error}")
            advance(1)
    sections = [each for each in found if each is not None]
    return report.html(project.name, filters, datetime.now(UTC).date(), numbers, works, sections)


def _works(
    warehouse: Warehouse, project: Project, filters: Filters, offered: Sequence[Insight]
) -> list[report.Work]:
    """Return the open crashes of the period, the newest first."""
    try:
        errors, versions, by_version = (
            _named(name, project, offered) for name in ("errors", "versions", "error_versions")
        )
    except UsageError:
        return []
    records = {
        str(row["group"]): row
        for row in errors.run(warehouse, project, filters).records()
        if row["kind"] == "crash"
    }
    known = groups.releases(versions.run(warehouse, project, filters))
    every = groups.groups(by_version.run(warehouse, project, filters), known)
    its = groups.ordered(
        (
            group
            for (kind, name), group in every.items()
            if kind == "crash" and name in records and group.news != "gone"
        ),
        {name: int(row["sessions"] or 0) for name, row in records.items()},
    )
    return [
        report.work(
            group,
            *(records[group.id][f"session_share{end}"] for end in ("", "_low", "_high")),
        )
        for group in its[: report.WORKS]
    ]


def _named(name: str, project: Project, offered: Sequence[Insight]) -> Insight:
    for insight in offered:
        if insight.name == name:
            return insight
    names = ", ".join(each.name for each in offered)
    raise UsageError(f"{name!r} is no insight of {project.name}: use one of {names}")


def _write(output: str, content: bytes) -> None:
    if output == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    file = Path(output)
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(content)
        part.replace(file)  # whole or not at all
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)  # noqa: PTH108  # as it may be of any name
        raise UsageError(f"{output} cannot be written: {error.strerror}") from None
