"""The SQLite files: what waits, what was dropped, which catalogs can be read. Only read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.inbox import WAITING_MAX
from aboveboard.collector.inbox.look import looking
from aboveboard.collector.people import look as secret
from aboveboard.collector.projects import look
from aboveboard.collector.projects.contents import catalog_of
from aboveboard.collector.public.site import DIRECTORY, NAMES

from .finding import Finding, notice, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.collector.inbox.look import Look

INBOX, PROJECTS, QUARANTINE = "inbox", "projects", "quarantine"

PATIENCE = 4.0
"""Seconds in which a server that runs has moved what waited at their beginning, at least some."""

DAY = 86_400


@dataclass
class ProjectsFile:
    """What the projects' file says.

    Attributes:
        catalogs: The catalogs that can be read.
        has_secret: Whether the hash of an admin secret is there.
        findings: What there is to say.
    """

    catalogs: dict[str, Catalog] = field(default_factory=dict)
    has_secret: bool = False
    findings: list[Finding] = field(default_factory=list)


def projects(directory: Path) -> ProjectsFile:
    """Return what there is to say about the projects."""
    told = ProjectsFile()
    try:
        kept = look.look(directory)
        told.has_secret = secret.is_set(directory)
    except storage.StorageError as error:
        told.findings.append(wrong(PROJECTS, str(error)))
        return told
    for each in kept:
        try:
            told.catalogs[each.name] = catalog_of(each.name, each.catalog)
        except CatalogError as error:
            told.findings.append(wrong(PROJECTS, f"project {each.name}: {error}"))
        if not each.has_key:
            told.findings.append(
                notice(
                    PROJECTS,
                    f"project {each.name} has no write key: `aboveboard keys add {each.name}`",
                )
            )
        if each.is_public and not (directory / DIRECTORY / each.name / NAMES).is_file():
            told.findings.append(
                notice(
                    PROJECTS,
                    f"project {each.name} is public, and no site of it is published here: "
                    f"`aboveboard publish --public --project {each.name}`",
                )
            )
    if not kept:
        told.findings.append(
            notice(PROJECTS, "there is none: `aboveboard serve` makes one, or `projects add`")
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
    try:
        with looking(directory) as inbox_now:
            told.newest = inbox_now.newest()
            told.findings += _waiting(inbox_now, served=served, patience=patience)
            told.findings += _quarantined(inbox_now)
    except storage.StorageError as error:
        told.findings.append(wrong(INBOX, str(error)))
    return told


def _waiting(inbox_now: Look, *, served: bool, patience: float) -> Iterator[Finding]:
    before = inbox_now.waiting()
    if not before:
        yield well(INBOX, "nothing waits for the warehouse")
        return
    if not served:
        events = sum(each.events for each in before.values())
        yield notice(
            INBOX, f"{events:,} events wait for the warehouse: a server moves them once it runs"
        )
        return
    end = time.monotonic() + patience
    after = before
    while after and time.monotonic() < end:
        time.sleep(0.2)
        after = {
            name: each
            for name, each in inbox_now.waiting().items()
            if name in before and each.first == before[name].first
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


def _quarantined(inbox_now: Look) -> Iterator[Finding]:
    by_project: dict[str, list[str]] = {}
    for each in inbox_now.dropped(time.time() - DAY):
        times = f"{each.times:,} {'time' if each.times == 1 else 'times'}"
        names = f"{each.names:,} {'name' if each.names == 1 else 'names'}"
        reason = f"{each.what}: {times}, {names}"
        by_project.setdefault(each.project, []).append(reason)
    for project, reasons in by_project.items():
        yield notice(
            QUARANTINE,
            f"project {project} was sent what was not taken ({'; '.join(reasons)}): /quarantine "
            "names it; what its catalog lacks is taken with a catalog that has it",
        )
    if not by_project:
        yield well(QUARANTINE, "nothing was dropped in the last day")
