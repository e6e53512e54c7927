"""`aboveboard projects`: whose events the collector takes, and the keys they are sent with."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.client.kinds import CatalogError
from aboveboard.collector import storage

from . import _explain_missing
from .catalog import read

if TYPE_CHECKING:
    from aboveboard.collector.projects import Project, Projects

NAME = "projects"


def add_data_argument(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add `--data`, as every command has it that works on a data directory.

    `again`: an action has it as well, for those who write it there; what stood before stays.
    """
    place = storage.default_directory()
    parser.add_argument(
        "--data",
        type=Path,
        default=argparse.SUPPRESS if again else place,
        metavar="DIR",
        help=f"where the collector keeps everything (ABOVEBOARD_DATA, else {place})".replace(
            "%", "%%"
        ),
    )


def add_warehouse_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--warehouse`, as every command has it that opens the warehouse."""
    parser.add_argument(
        "--warehouse",
        default=os.environ.get("ABOVEBOARD_WAREHOUSE") or None,
        metavar="URL",
        help="clickhouse://user:password@host:8123/, where events are kept in a ClickHouse server "
        "(ABOVEBOARD_WAREHOUSE, else the data directory)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    about = "add a project, or give one a newer catalog; the keys stay"
    adding = actions.add_parser("add", help=about, description=about)
    adding.add_argument("name", metavar="NAME", help="up to 31 of a-z, 0-9 and _, a letter first")
    adding.add_argument(
        "--catalog",
        type=Path,
        required=True,
        metavar="FILE",
        help="what may be collected, as `aboveboard catalog json` prints it",
    )
    add_data_argument(adding, again=True)


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from aboveboard.collector.projects import Projects
        from aboveboard.warehouse import WarehouseError
    except ModuleNotFoundError as missing:
        return _explain_missing(NAME, missing)
    try:
        with contextlib.closing(Projects(args.data)) as projects:
            _act(args, projects)
    except (storage.StorageError, WarehouseError, CatalogError) as error:
        print(f"aboveboard projects: {error}", file=sys.stderr)
        return 1
    return 0


def _act(args: argparse.Namespace, projects: Projects) -> None:
    if args.action == "add":
        catalog = read(args.catalog)
        before = projects.get(args.name)
        project = projects.add(args.name, catalog, called=str(args.catalog))
        _show([project])
        warn_of_gone(NAME, before, project)
    elif projects.all():
        _show(projects.all())
    else:
        print("no projects yet: `aboveboard serve` makes one, or `aboveboard projects add`")


def warn_of_gone(command: str, before: Project | None, after: Project) -> None:
    """Say what is taken no more, where a catalog has less than the one before it."""
    from aboveboard.collector import growth

    names = growth.gone(before.catalog, after.catalog) if before else []
    if names:
        print(
            f"aboveboard {command}: {after.name} no longer takes {', '.join(names)}, which older "
            "versions of the tool go on sending; what was kept stays. To take it still, leave it "
            "in the catalog",
            file=sys.stderr,
        )


def _show(projects: list[Project]) -> None:
    width = max(len(project.name) for project in projects)
    for project in projects:
        print(f"{project.name:<{width}}  {'  '.join(project.keys)}")
