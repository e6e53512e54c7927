"""The SQLite files: what waits, what was dropped, which catalogs can be read. Only read."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox import migrations as inbox_steps
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.inbox import WAITING_MAX
from aboveboard.collector.projects import migrations as project_steps
from aboveboard.collector.projects.registry import catalog_of

from .finding import Finding, look, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aboveboard.catalog.catalog import Catalog

INBOX, PROJECTS, QUARANTINE = "inbox", "projects", "quarantine"

PATIENCE = 4.0
"""Seconds in which a server that runs has moved what waited at their beginning, at least some."""

DAY = 86_400
CHECKED_MAX = 256 * 2**20
"""Bytes of a file that is read as a whole to see whether it is damaged."""


@dataclass
class Projects:
    """What the projects' file says.

    Attributes:
        catalogs: The catalogs that can be read.
        findings: What there is to say.
    """

    catalogs: dict[str, Catalog] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def projects(directory: Path) -> Projects:
    """Return what there is to say about the projects."""
    told = Projects()
    file = directory / project_steps.FILE
    try:
        with _opened(file, len(project_steps.PROJECTS)) as connection:
            rows = connection.execute(
                "SELECT name, CAST(catalog AS BLOB) FROM project ORDER BY added, name"
            ).fetchall()
            keys = {
                name
                for (name,) in connection.execute(
                    "SELECT project FROM write_key WHERE revoked IS NULL"
                )
            }
    except _UnreadableError as error:
        told.findings.append(wrong(PROJECTS, str(error)))
        return told
    for name, text in rows:
        try:
            told.catalogs[name] = catalog_of(name, text)
        except CatalogError as error:
            told.findings.append(wrong(PROJECTS, f"project {name}: {error}"))
        if name not in keys:
            told.findings.append(
                look(PROJECTS, f"project {name} has no write key: `aboveboard keys add {name}`")
            )
    if not rows:
        told.findings.append(
            look(PROJECTS, "there is none: `aboveboard serve` makes one, or `projects add`")
        )
    elif not told.findings:
        told.findings.append(well(PROJECTS, f"{', '.join(told.catalogs)}: every catalog is read"))
    return told


@dataclass
class Inbox:
    """What the inbox says.

    Attributes:
        newest: The hour in which it noted a delivery last, in seconds since 1970.
        findings: What there is to say.
    """

    newest: int | None = None
    findings: list[Finding] = field(default_factory=list)


def inbox(directory: Path, *, served: bool, patience: float = PATIENCE) -> Inbox:
    """Return what there is to say about the inbox and the quarantine."""
    told = Inbox()
    file = directory / storage.INBOX
    try:
        with _opened(file, len(inbox_steps.INBOX)) as connection:
            told.newest = connection.execute("SELECT max(taken) FROM delivery").fetchone()[0]
            told.findings += _waiting(connection, served=served, patience=patience)
            told.findings += _quarantined(connection)
    except _UnreadableError as error:
        told.findings.append(wrong(INBOX, str(error)))
    return told


def _waiting(connection: sqlite3.Connection, *, served: bool, patience: float) -> Iterator[Finding]:
    def ask() -> dict[str, tuple[int, int, int]]:
        return {
            name: (events, size, first)
            for name, events, size, first in connection.execute(
                "SELECT project, sum(events), sum(length(body)), min(number) FROM waiting"
                " GROUP BY project"
            )
        }

    before = ask()
    if not before:
        yield well(INBOX, "nothing waits for the warehouse")
        return
    if not served:
        events = sum(events for events, _, _ in before.values())
        yield look(
            INBOX, f"{events:,} events wait for the warehouse: a server moves them once it runs"
        )
        return
    end = time.monotonic() + patience
    after = before
    while after and time.monotonic() < end:
        time.sleep(0.2)
        after = {
            name: row for name, row in ask().items() if row[2] == before.get(name, (0,) * 3)[2]
        }
    for name, (events, size, _) in after.items():
        yield wrong(
            INBOX,
            f"project {name}: {events:,} events ({size:,} bytes) wait, the oldest for more than "
            f"{patience:.0f} s: /readyz and the server's log say why",
        )
        if size > WAITING_MAX:
            yield wrong(INBOX, f"project {name}: too much waits, and nothing more of it is taken")
    if not after:
        yield well(INBOX, "what waited has moved on")


def _quarantined(connection: sqlite3.Connection) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT project, what, count(*), sum(times) FROM quarantine WHERE last >= ?"
        " GROUP BY project, what ORDER BY project, sum(times) DESC",
        (int(time.time()) - DAY,),
    ).fetchall()
    by_project: dict[str, list[str]] = {}
    for project, what, names, times in rows:
        by_project.setdefault(project, []).append(f"{what}: {times:,} times, {names} names")
    for project, reasons in by_project.items():
        yield look(
            QUARANTINE,
            f"project {project} was sent what its catalog lacks ({'; '.join(reasons)}): "
            "/quarantine names it, a catalog that has it takes it",
        )
    if not rows:
        yield well(QUARANTINE, "nothing was dropped in the last day")


class _UnreadableError(Exception):
    """A file cannot be read; the text says what to do."""


@contextlib.contextmanager
def _opened(file: Path, steps: int) -> Iterator[sqlite3.Connection]:
    """Open one of the files to read; look whether it is whole and of a version that is known."""
    if not file.exists():
        raise _UnreadableError(f"{file} is not there: `aboveboard serve` makes it")
    # With a log beside it the file is not whole without; else nothing is to be put beside it.
    with_log = any(
        path.exists() and path.stat().st_size
        for path in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm"))
    )
    how = "mode=ro" if with_log else "mode=ro&immutable=1"
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True, timeout=5)
        ) as connection:
            if file.stat().st_size <= CHECKED_MAX:
                said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if said != "ok":
                    raise _UnreadableError(f"{file} is damaged: bring back a copy")
            taken = connection.execute("PRAGMA user_version").fetchone()[0]
            if taken > steps:
                raise _UnreadableError(
                    f"{file} was written by a newer aboveboard: upgrade this one"
                )
            if taken < steps:
                raise _UnreadableError(
                    f"{file} is of an older aboveboard: copy the directory, then start "
                    "`aboveboard serve`, which brings it up to date"
                )
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise _UnreadableError(f"{file} cannot be read ({error}): bring back a copy") from None
