"""`aboveboard catalog`: what a tool may collect, for people and for a collector."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.kinds import CatalogError
from aboveboard.catalog.notes import first
from aboveboard.client.analytics import Analytics
from aboveboard.commands.terminal.printing import say, warn
from aboveboard.contract.errors import ContractError
from aboveboard.contract.publication.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Action(Protocol):
        """What an action's module has."""

        def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

        def run(self, args: argparse.Namespace) -> int: ...


TARGET_HELP = (
    "where the catalog is: MODULE:NAME of an Analytics or a Catalog in the tool's own code, "
    "or a JSON file"
)


ACTIONS = {
    "show": "as a table",
    "json": "as JSON, which a collector reads",
    "lint": "check it by named rules",
    "diff": "what a release would newly collect, and what it would ask",
    "where": "every place in the source that records, found without running it",
    "docs": "the tool's page about its analytics, as Markdown and HTML",
    "policy": "the tool's privacy policy, of facts that its maker states",
    "share": "how many installs to ask, for an accuracy that is wanted",
}
"""What can be done with a catalog; all but the first two are modules beside this one."""

USAGE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, line in ACTIONS.items():
        described = f"{line[0].upper()}{line[1:]}."
        below = actions.add_parser(name, help=line, description=described)
        if name in ("show", "json"):
            below.add_argument("target", help=TARGET_HELP)
        else:
            _action(name).add_arguments(below)


def run(args: argparse.Namespace) -> int:
    if args.action in ("show", "json"):
        return _show(args)
    try:
        return _action(args.action).run(args)
    except (CatalogError, ContractError) as error:
        warn(f"aboveboard catalog {args.action}: {error}")
        return USAGE


def _action(name: str) -> Action:
    action: Action = importlib.import_module(f"{__package__}.{name}")
    return action


def _show(args: argparse.Namespace) -> int:
    try:
        catalog = find(args.target)
    except CatalogError as error:
        warn(f"aboveboard catalog: {error}")
        return 1
    if args.action == "json":
        say(*json.dumps(catalog.as_json(), indent=1).split("\n"))
    else:
        say(*table(catalog))
    return 0


def find(target: str) -> Catalog:
    """Return the catalog that `target` names.

    Raises:
        CatalogError: there is none; says what was looked for.
    """
    return host(target).catalog


def host(target: str) -> Host:
    """Return what is known of the tool whose catalog `target` names.

    Raises:
        CatalogError: there is none; says what was looked for.
    """
    module, colon, name = target.partition(":")
    file = Path(target)
    try:
        is_there = file.exists()
    except OSError as error:  # too long, or not ours to look into
        raise CatalogError(f"{target} cannot be read: {error.strerror}") from None
    if not colon or is_there:
        # A dotted name that is no file is most often meant as a module.
        if not is_there and file.suffix != ".json" and _is_dotted_name(target):
            raise CatalogError(
                f"there is no file {target}; for a catalog in the tool's own code write "
                f"MODULE:NAME, such as {target}:analytics"
            )
        return Host(read(file))
    # The tool's own code is most often in the directory where its maker stands.
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # a path that modules are found on is a string
    try:
        found: object = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise CatalogError(f"{target} was not found: {error}") from None
    except SystemExit:  # its parser has read our arguments, and refused them
        raise CatalogError(
            f"importing {module} runs the tool, which ended: have what only a run does in a "
            'function, called under `if __name__ == "__main__":`'
        ) from None
    except Exception as error:  # noqa: BLE001  # the tool's own code may raise anything
        told = f"{type(error).__name__}: {error}"
        raise CatalogError(f"{module} cannot be imported: {told}") from None
    finally:
        sys.path.pop(0)
    if isinstance(found, Analytics):
        return Host.of(found)
    if isinstance(found, Catalog):
        return Host(found)
    raise CatalogError(f"{target} is neither an Analytics nor a Catalog")


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def read(path: Path) -> Catalog:
    """Return the catalog in a JSON file.

    Raises:
        CatalogError: the file cannot be read, or holds no catalog.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise CatalogError(f"{path} is no JSON; `aboveboard catalog json` makes it") from None
    if not isinstance(document, dict):
        raise CatalogError(f"{path} is no catalog; `aboveboard catalog json` makes one")
    return Catalog.from_json(document)


def table(catalog: Catalog) -> list[str]:
    """Return the catalog as lines for a terminal."""
    lines = [f"All that {catalog.app} may collect:"]
    for entry in catalog.entries.values():
        lines += ["", f"{entry.name}: {' '.join(entry.doc.split())}"]
        for name, declared in entry.properties.items():
            told = " ".join(declared.doc.split())
            day = first(entry.notes.expires, declared.notes.expires)
            until = f", until {day}" if day else ""
            lines.append(f"  {name:<18} {told} ({declared.kind.describe()}{until})")
    return lines
