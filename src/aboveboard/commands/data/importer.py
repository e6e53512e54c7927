"""The importer: reads audit logs into the inbox, has them moved, and says what came of it.

Exports go into the warehouse (exported.py).
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.auditlog.files import is_damage, unpacked
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.inbox import Inbox, UnavailableError
from aboveboard.collector.operations import log
from aboveboard.collector.projects.project import SHIPPED, Project, shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Collector, Reader
from aboveboard.collector.transfer import exports
from aboveboard.collector.transfer import logs as auditlog
from aboveboard.collector.transfer.channel import ChannelError
from aboveboard.commands.directory import stores
from aboveboard.commands.directory.stores import NoProjectError, of
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.commands.terminal.progress import bar
from aboveboard.warehouse import WarehouseError

from . import exported
from .taken import many, tell_older, tell_unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aboveboard.collector.transfer.logs import Summary

LINE_SHOWN = 1 << 16
"""Bytes of a file that tell what it is: an export's first line, or a table's."""


class UnreadableError(Exception):
    """What was named is not there; the text is one line that says what to do."""


FAILURES = (
    UnreadableError,
    NoProjectError,
    ChannelError,
    storage.StorageError,
    WarehouseError,
    CatalogError,
    UnavailableError,
)


def run(args: argparse.Namespace) -> int:
    log.to_stderr()
    total = auditlog.Summary()
    try:
        kinds = _check(args.files)
        logs = [file for file, kind in kinds if kind is None]
        tables = [(file, kind) for file, kind in kinds if kind is not None]
        owned = True
        if tables:
            _add_shipped(args)
            exported.take(args, tables)
        if logs or not tables:
            owned = _take_logs(args, logs, total)
    except FAILURES as error:
        warn(f"aboveboard import: {error}")
        return 1
    if not logs:
        return 0
    _report(total, args.project)
    if total.taken and not owned:
        say("  the collector that runs shows them within a second or two")
    return (
        1
        if (total.damaged or total.cut_off)
        and not (total.taken or total.known or total.sent or total.erased or total.older)
        else 0
    )


def _take_logs(args: argparse.Namespace, files: list[Path], total: Summary) -> bool:
    """Take audit logs; return whether the directory is ours alone."""
    size = sum(file.stat().st_size for file in files)
    with (
        _opened(args) as (project, inbox, owned),
        bar("importing", size, is_bytes=True) as advance,
    ):
        for file in files:
            total.add(_take(file, Reader(project), inbox, advance))
    return owned


def _check(files: list[Path]) -> list[tuple[Path, str | None]]:
    """Return what the files are; raise before anything is taken where one cannot be read."""
    kinds: list[tuple[Path, str | None]] = []
    try:
        for file in files:
            if not (file.is_file() or file.is_dir()) and file.exists():
                raise UnreadableError(
                    f"{file} is no file, and a log is read twice: keep what it gives as "
                    "one, packed or not, and import that"
                )
            with file.open("rb") as opened:
                try:
                    first = unpacked(opened).readline(LINE_SHOWN)
                except Exception as error:
                    if not is_damage(error):
                        raise
                    first = b""  # it is counted when it is taken
                kinds.append((file, exports.kind_of(first)))
    except OSError as error:
        raise UnreadableError(f"{error.filename} cannot be read: {error.strerror}") from None
    return kinds


def _add_shipped(args: argparse.Namespace) -> None:
    """Make the project whose catalog comes with aboveboard, where it is missing."""
    if args.project != SHIPPED:
        return
    with contextlib.closing(Projects(args.data)) as projects:
        if projects.get(SHIPPED) is None:
            projects.add(SHIPPED, shipped_catalog(SHIPPED), shipped=True)


@contextlib.contextmanager
def _opened(args: argparse.Namespace) -> Iterator[tuple[Project, Inbox, bool]]:
    """Open the data directory; at the end what waits is moved, by us or by who serves it.

    Gives the project, the inbox, and whether the directory is ours alone.
    """
    name: str = args.project
    try:
        collector = Collector(args.data, stores.warehouse(args))
    except storage.BusyError:
        _add_shipped(args)  # the collector that runs finds it within a second
        projects = Projects(args.data)
        inbox = Inbox(args.data)
        try:
            yield of(projects, name, args.data), inbox, False
        finally:
            inbox.close()
            projects.close()
        return
    try:
        if name == SHIPPED and collector.projects.get(name) is None:
            collector.add_project(name, shipped_catalog(SHIPPED), shipped=True)
        yield of(collector.projects, name, args.data), collector.inbox, True
        collector.mover.move_all(name)
    finally:
        collector.close()


def _take(file: Path, reader: Reader, inbox: Inbox, advance: Callable[[int], None]) -> Summary:
    audit_log = auditlog.LogImport(reader, inbox)
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


def _report(total: Summary, project: str) -> None:
    installs = f" of {many(len(total.installs), 'install')}" if total.taken else ""
    say(f"{many(total.taken, 'event')}{installs} taken into project {project}")
    if total.nobodys:
        say(
            f"  {many(total.nobodys, 'event')} of no install, from sessions that were not sent: "
            "they count as events only"
        )
    if total.known:
        say(f"  {many(total.known, 'event')} known already")
    if total.older:
        tell_older(total.older, project)
    if total.erased:
        say(f"  {many(total.erased, 'event')} left out, of installs that were erased")
    if total.sent:
        say(f"  {many(len(total.sent), 'session')} left out, received from the wire already")
    if total.senders:
        say(
            f"  {many(len(total.senders), 'install')} of these also sent events over the wire: "
            "what stands in both counts twice"
        )
    if total.damaged:
        say(f"  {many(total.damaged, 'line')} damaged and left out")
    if total.cut_off:
        say("  a packed log is damaged or cut off: what stands behind that place is left out")
    tell_unfit(total.unfit)
