"""`aboveboard projects`: whose events the collector takes, and the keys they are sent with."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox import storage
from aboveboard.collector.limits import limits
from aboveboard.commands.contract.catalog import read
from aboveboard.commands.directory.address import address
from aboveboard.commands.directory.options import add_data_argument, add_warehouse_argument
from aboveboard.commands.terminal.missing import explain_missing
from aboveboard.commands.terminal.paths import typed_path
from aboveboard.commands.terminal.printing import say, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.collector.projects.project import Project
    from aboveboard.collector.projects.registry import Projects

NAME = "projects"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    about = "every project and the write keys that it takes"
    listing = actions.add_parser("list", help=about, description=about)
    about = "add a project, or give one another catalog; the keys stay"
    adding = actions.add_parser("add", help=about, description=about)
    adding.add_argument(
        "name", metavar="NAME", help="up to 31 of a-z, 0-9, - and _, a letter first"
    )
    about = "give a project another catalog, a time to keep events, limits, or show its public site"
    setting = actions.add_parser("set", help=about, description=about)
    setting.add_argument("name", metavar="NAME", help="a project that is there")
    for action in (adding, setting):
        action.add_argument(
            "--catalog",
            type=typed_path,
            metavar="FILE",
            help="what may be collected, as `aboveboard catalog json` prints it"
            + ("; `aider` needs none, for its catalog comes with aboveboard" * (action is adding)),
        )
        action.add_argument(
            "--replace",
            action="store_true",
            help="withdraw what the new catalog lacks: it is refused from now on, also from older "
            "versions of the tool. Without this the project goes on taking it",
        )
    setting.add_argument(
        "--limit",
        type=_limit,
        action="append",
        default=[],
        metavar="NAME=AMOUNT",
        help="how much a key or an install may send, as key-installs-day=5000; `off` is no limit; "
        "can be given again. `projects list` has those that are not as they come",
    )
    setting.add_argument(
        "--retention",
        type=_days,
        metavar="DAYS",
        help="how long events are kept, as 400d, which it is unless said; older ones are removed",
    )
    setting.add_argument(
        "--public",
        choices=("on", "off"),
        help="whether everybody may see, at /public/NAME of the collector, what `aboveboard "
        "publish --public` has published; off unless said",
    )
    about = "remove a project, its keys, and all of its events; no collector may run meanwhile"
    removing = actions.add_parser("remove", help=about, description=about)
    removing.add_argument("name", metavar="NAME", help="a project that is there")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    add_warehouse_argument(removing)
    about = "print projects with their catalogs and keys, for another collector of the warehouse"
    exporting = actions.add_parser("export", help=about, description=about)
    exporting.add_argument("names", nargs="*", metavar="NAME", help="all of them unless said")
    about = "take what `projects export` has printed; nothing that it lacks is removed"
    importing = actions.add_parser("import", help=about, description=about)
    importing.add_argument("file", type=typed_path, metavar="FILE", help="`-` is standard input")
    for action in (listing, adding, setting, removing, exporting, importing):
        add_data_argument(action, again=True)


def _days(text: str) -> int:
    number = text.removesuffix("d")
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= limits.RETENTION_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1d to {limits.RETENTION_MAX}d")
    return int(number)


def _limit(text: str) -> tuple[str, int | None]:
    try:
        return limits.parse(text)
    except limits.LimitError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(args: argparse.Namespace) -> int:
    try:  # what a collector needs may be missing, and the help is there still
        from aboveboard.collector.projects.document import DocumentError
        from aboveboard.collector.projects.keys import KeyNameError
        from aboveboard.collector.projects.registry import Projects
        from aboveboard.commands.directory import stores
        from aboveboard.warehouse import WarehouseError
    except ModuleNotFoundError as missing:
        return explain_missing(NAME, missing)
    try:
        if args.action not in ("add", "import"):
            stores.check_there(args.data)
        if args.action == "remove":
            return _remove(args)
        with contextlib.closing(Projects(args.data)) as projects:
            if args.action == "set":
                return _set(args, projects)
            if args.action in ("export", "import"):
                return _carry(args, projects)
            return _add(args, projects) if args.action == "add" else _list(projects)
    except DocumentError as error:
        warn(f"aboveboard projects: {args.file} is no document of `projects export`: {error}")
    except (storage.StorageError, WarehouseError, CatalogError, KeyNameError) as error:
        warn(f"aboveboard projects: {error}")
    return 1


def _carry(args: argparse.Namespace, projects: Projects) -> int:
    from aboveboard.collector.projects import document
    from aboveboard.collector.projects.keys import Keys

    with contextlib.closing(Keys(args.data)) as keys:
        if args.action == "export":
            say(*document.of(projects, keys, args.names).splitlines())
            return 0
        try:
            text = sys.stdin.buffer.read() if str(args.file) == "-" else args.file.read_bytes()
        except OSError as error:
            warn(f"aboveboard projects: cannot read {args.file}: {error.strerror}")
            return 1
        entries = document.read(text)
        document.take(projects, keys, entries, str(args.file))
    if not entries:
        say(f"{args.file} has no projects: nothing has changed")
    _show([each for each in projects.all() if each.name in {entry.name for entry in entries}])
    return 0


def _add(args: argparse.Namespace, projects: Projects) -> int:
    if args.catalog is None:
        return _add_shipped(args.name, projects)
    catalog = read(args.catalog)
    before = None if args.name in projects.unreadable() else projects.get(args.name)
    project = projects.add(args.name, catalog, called=str(args.catalog), replace=args.replace)
    _show([project])
    if not args.replace:
        tell_of_kept(catalog, project, args.catalog, _warn)
    elif before is not None:
        _tell_of_withdrawn(before, project)
    return 0


def _add_shipped(name: str, projects: Projects) -> int:
    from aboveboard.collector.projects.project import SHIPPED, shipped_catalog

    if name != SHIPPED:
        _warn(
            f"say with --catalog FILE what {name!r} may collect: `aboveboard catalog json` made it"
        )
        return 2
    there = projects.get(name)
    _show([there or projects.add(name, shipped_catalog(name), shipped=True)])
    return 0


def _set(args: argparse.Namespace, projects: Projects) -> int:
    _check_there(args.name, projects)
    if args.catalog is None and args.retention is None and args.public is None and not args.limit:
        _warn(
            "say what is to be set: --catalog FILE, --limit NAME=AMOUNT, --retention 400d, "
            "--public on"
        )
        return 2
    if args.catalog is not None:
        _add(args, projects)
    if args.retention is not None:
        projects.keep_for(args.name, args.retention)
        say(
            f"{args.name} keeps events for {args.retention} days; what is older is removed by the "
            "collector within a day"
        )
    if args.public is not None:
        _set_public(args, projects)
    if args.limit:
        projects.limit(args.name, dict(args.limit))
        for each in projects.all():
            if each.name == args.name:
                _show_limits(each, 0)
    return 0


def _set_public(args: argparse.Namespace, projects: Projects) -> None:
    from aboveboard.collector.public.site import DIRECTORY

    is_public = args.public == "on"
    projects.show(args.name, public=is_public)
    if not is_public:
        say(f"{args.name} is not shown: /public/{args.name} is as if there were no such project")
        return
    at = f"{address(args.data)}/public/{args.name}/"
    say(f"what is published of {args.name} is shown to everybody at {at}")
    if not (args.data / DIRECTORY / args.name).is_dir():
        say(f"  nothing is yet: `aboveboard publish --public --project {args.name}`")


def _remove(args: argparse.Namespace) -> int:
    from aboveboard.collector.service import Collector
    from aboveboard.commands.directory import stores

    if not args.yes:
        if not sys.stdin.isatty():
            raise CatalogError(f"all events of {args.name} would be gone: say --yes")
        say(f"All events of {args.name} will be gone, for good. To go on, type its name again:")
        if sys.stdin.readline().strip() != args.name:
            raise CatalogError("that was another name: nothing has changed")
    with contextlib.closing(Collector(args.data, stores.warehouse(args))) as collector:
        collector.remove_project(args.name)
    say(f"{args.name} is removed, with its keys and all of its events")
    return 0


def _check_there(name: str, projects: Projects) -> None:
    there = sorted({each.name for each in projects.all()} | projects.unreadable().keys())
    if name not in there:
        raise CatalogError(
            f"there is no project {name!r} (there is: {', '.join(there) or 'none'}); "
            f"`aboveboard projects add {name} --catalog FILE` makes it"
        )


def _list(projects: Projects) -> int:
    unreadable = projects.unreadable()
    if projects.all():
        _show(projects.all())
    elif not unreadable:
        say("no projects yet: `aboveboard serve` makes one, or `aboveboard projects add`")
    for name, why in unreadable.items():
        warn(f"aboveboard projects: project {name}: {why}")
    return 1 if unreadable else 0


def tell_of_kept(given: Catalog, project: Project, file: Path, tell: Callable[[str], None]) -> None:
    """Say what a project takes, or rounds, that the catalog which it was given does not."""
    from aboveboard.collector.projects import growth

    replace = f"`aboveboard projects add {project.name} --catalog {file} --replace`"
    kept = growth.gone(project.catalog, given)
    if kept:
        tell(
            f"{project.name} goes on taking {', '.join(kept)}, which older "
            f"versions of the tool send and {file} lacks. To refuse it from now on: {replace}"
        )
    rounded = growth.rounded(project.catalog, given)
    if rounded:
        tell(
            f"{project.name} goes on rounding {', '.join(rounded)}, which "
            f"{file} has exactly. To keep exact numbers from now on: {replace}"
        )


def _warn(text: str) -> None:
    warn(f"aboveboard {NAME}: {text}")


def _tell_of_withdrawn(before: Project, after: Project) -> None:
    from aboveboard.collector.projects import growth

    withdrawn = growth.gone(before.catalog, after.catalog)
    if withdrawn:
        warn(
            f"aboveboard {NAME}: from now on {after.name} refuses {', '.join(withdrawn)}, also "
            "from older versions of the tool. What was kept of it stays",
        )


def _show(projects: list[Project]) -> None:
    width = max((len(project.name) for project in projects), default=0)
    for project in projects:
        say(f"{project.name:<{width}}  {'  '.join(project.keys)}")
        if project.is_public:
            say(f"{'':<{width + 2}}public=on")
        _show_limits(project, width + 2)


def _show_limits(project: Project, margin: int) -> None:
    for name, amount in project.limits.changed.items():
        say(f"{'':<{margin}}{name}={limits.OFF if amount is None else amount}")
