"""`aboveboard projects`: whose events the collector takes, and the keys they are sent with."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from aboveboard.client.kinds import CatalogError
from aboveboard.collector import storage
from aboveboard.collector.projects import Project, Projects
from aboveboard.warehouse import WarehouseError

from .catalog import read

NAME = "projects"
HELP = "the collector's projects and their write keys"


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data`, as every command has it that works on a data directory."""
    parser.add_argument(
        "--data",
        type=Path,
        default=storage.default_directory(),
        metavar="DIR",
        help="where the collector keeps everything (ABOVEBOARD_DATA, else %(default)s)",
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


def run(args: argparse.Namespace) -> int:
    try:
        projects = Projects(args.data)
        if args.action == "add":
            catalog = read(args.catalog)
            _show([projects.add(args.name, catalog)])
        elif projects.all():
            _show(projects.all())
        else:
            print("no projects yet: `aboveboard serve` makes one, or `aboveboard projects add`")
        projects.close()
    except (storage.StorageError, WarehouseError, CatalogError) as error:
        print(f"aboveboard projects: {error}", file=sys.stderr)
        return 1
    return 0


def _show(projects: list[Project]) -> None:
    width = max(len(project.name) for project in projects)
    for project in projects:
        print(f"{project.name:<{width}}  {'  '.join(project.keys)}")
