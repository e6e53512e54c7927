"""The importer: reads audit logs into the inbox, has them moved, and says what came of it."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.auditlog.files import is_damage, unpacked
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.inbox import Inbox, UnavailableError
from aboveboard.collector.operations import log
from aboveboard.collector.projects.registry import Project, Projects, shipped_catalog
from aboveboard.collector.service import Collector, Reader
from aboveboard.collector.transfer import logs as auditlog
from aboveboard.warehouse import WarehouseError

from .terminal import say, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aboveboard.collector.transfer.logs import Summary

SHIPPED = "aider"
NAMES_SHOWN = 20

UNFIT = {
    "event": "events that the catalog does not have",
    "property": "properties that the catalog does not have",
    "value": "values that do not fit and became null",
}


class UnreadableError(Exception):
    """What was named is not there; the text is one line that says what to do."""


FAILURES = (
    UnreadableError,
    storage.StorageError,
    WarehouseError,
    CatalogError,
    UnavailableError,
)


def run(args: argparse.Namespace) -> int:
    log.to_stderr()
    total = auditlog.Summary()
    try:
        _check(args.files)
        with (
            _opened(args) as (project, inbox, owned),
            _progress(args.files) as advance,
        ):
            for file in args.files:
                total.add(_take(file, Reader(project), inbox, advance))
    except FAILURES as error:
        warn(f"aboveboard import: {error}")
        return 1
    _report(total, args.project)
    if total.taken and not owned:
        say("  the collector that runs shows them within a second or two")
    return (
        1
        if (total.damaged or total.cut_off)
        and not (total.taken or total.known or total.sent or total.erased)
        else 0
    )


def _check(files: list[Path]) -> None:
    """Raise before anything is taken where a file cannot be read."""
    try:
        for file in files:
            file.open("rb").close()
    except OSError as error:
        raise UnreadableError(f"{error.filename} cannot be read: {error.strerror}") from None


@contextlib.contextmanager
def _opened(args: argparse.Namespace) -> Iterator[tuple[Project, Inbox, bool]]:
    """Open the data directory; at the end what waits is moved, by us or by who serves it.

    Gives the project, the inbox, and whether the directory is ours alone.
    """
    name: str = args.project
    try:
        collector = Collector(args.data, args.warehouse)
    except storage.BusyError:
        projects = Projects(args.data)
        inbox = Inbox(args.data)
        try:
            yield _project(projects, name), inbox, False
        finally:
            inbox.close()
            projects.close()
        return
    try:
        if name == SHIPPED and collector.projects.get(name) is None:
            collector.add_project(name, shipped_catalog(SHIPPED), shipped=True)
        yield _project(collector.projects, name), collector.inbox, True
        collector.mover.move_all(name)
    finally:
        collector.close()


def _project(projects: Projects, name: str) -> Project:
    project = projects.get(name)
    if project is None:
        there = ", ".join(each.name for each in projects.all()) or "none"
        raise UnreadableError(
            f"there is no project {name!r} (there is: {there}); "
            f"`aboveboard projects add {name} --catalog FILE` makes it"
        )
    return project


def _take(file: Path, reader: Reader, inbox: Inbox, advance: Callable[[int], None]) -> Summary:
    audit_log = auditlog.AuditLog(reader, inbox)
    summary = auditlog.Summary()
    with file.open("rb") as opened:
        lines = auditlog.lines(unpacked(opened))
        read = 0
        while chunk := _next(lines, summary):
            summary.add(audit_log.take(chunk))
            advance(opened.tell() - read)
            read = opened.tell()
    return summary


def _next(lines: Iterator[bytes], summary: Summary) -> list[bytes]:
    """Return the next lines; of a packed log that is damaged, those before that place."""
    chunk = []
    try:
        for line in itertools.islice(lines, auditlog.CHUNK):
            chunk.append(line)  # noqa: PERF402  # what was read before a damaged place counts
    except Exception as error:
        if not is_damage(error):
            raise
        summary.cut_off += 1
    return chunk


@contextlib.contextmanager
def _progress(files: list[Path]) -> Iterator[Callable[[int], None]]:
    """Give what is told of the bytes that were read; a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=sum(file.stat().st_size for file in files))
        yield lambda size: progress.advance(task, size)


def _report(total: Summary, project: str) -> None:
    installs = f" of {_many(len(total.installs), 'install')}" if total.taken else ""
    say(f"{_many(total.taken, 'event')}{installs} taken into project {project}")
    if total.nobodys:
        say(
            f"  {_many(total.nobodys, 'event')} of no install, from sessions that were not sent: "
            "they count as events only"
        )
    if total.known:
        say(f"  {_many(total.known, 'event')} known already")
    if total.erased:
        say(f"  {_many(total.erased, 'event')} left out, of installs that were erased")
    if total.sent:
        say(f"  {_many(len(total.sent), 'session')} left out, received from the wire already")
    if total.senders:
        say(
            f"  {_many(len(total.senders), 'install')} of these also sent events over the wire: "
            "what stands in both counts twice"
        )
    if total.damaged:
        say(f"  {_many(total.damaged, 'line')} damaged and left out")
    if total.cut_off:
        say("  a packed log is damaged or cut off: what stands behind that place is left out")
    for what, about in UNFIT.items():
        names = {
            ".".join(filter(None, (each.event, each.property))): times
            for each, times in total.unfit.items()
            if each.what == what
        }
        if names:
            shown = sorted(names.items(), key=lambda item: (-item[1], item[0]))
            listed = ", ".join(f"{name[:80]} ({times})" for name, times in shown[:NAMES_SHOWN])
            more = f" and {len(shown) - NAMES_SHOWN} more" if len(shown) > NAMES_SHOWN else ""
            say(f"  {about}: {listed}{more}")


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
