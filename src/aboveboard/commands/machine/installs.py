"""The installs on this machine, for the commands with which their user looks after them.

A host may keep its decision where nobody but itself knows of (`Analytics(directory=…)`). While it
is on, it leaves its own word about that place; one that never was on leaves none. So wherever a
command tells what a tool does, `doubt` says how much that is worth.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from aboveboard.catalog.event import check_name
from aboveboard.catalog.kinds import CatalogError
from aboveboard.client.decision import consent
from aboveboard.client.decision.statefile import FILE_NAME
from aboveboard.client.files import directories, shortfile
from aboveboard.client.install import Install

from . import access

OWN_DIRECTORIES = {"aider": "~/.aider"}
"""Hosts that keep their consent in a directory of their own, not in the platform's place."""

_OUR_KEYS = (b'"permanently_disable"', b'"asked_opt_in"')


def add_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the arguments that name an install."""
    parser.add_argument(
        "app",
        type=_app,
        nargs=None if required else "?",
        help="the tool's name" if required else "the tool's name; all that are found, without it",
    )
    parser.add_argument(
        "--directory",
        default="",
        help="where the tool keeps its settings, if that is neither the platform's usual place nor "
        "known here",
    )


def named(app: str, directory: str) -> Install:
    """Return the install of `app`: in `directory`, else where the host itself said, else as usual.

    What the host said counts no longer where it said so of a file that has moved.
    """
    install = Install(app, os.environ, directory or OWN_DIRECTORIES.get(app, ""))
    target = None if directory else install.remembered()
    if target is not None and (
        access.is_there(target.state) or not access.is_there(install.state.path)
    ):
        install.state = install.state_at(target.state)
    return install


def is_known(install: Install) -> bool:
    """Return whether there is a tool of that name, as far as can be seen from here."""
    places = (install.state.path, install.spool, str(Path(install.state.path).parent))
    return (
        install.app in OWN_DIRECTORIES
        or any(map(access.is_there, places))
        or bool(install.state.apart() or locked(install))
    )


def locked(install: Install) -> str:
    """Return why the files of an install cannot be looked at, and what to do, or ""."""
    for path in (install.state.path, *install.directories()):
        reason = access.unreadable(path)
        if reason:
            return reason
    return ""


def doubt(install: Install, directory: str) -> str:
    """Return why the tool may keep its decision in another place than `install` has it, or "".

    Args:
        install: What `named` returned.
        directory: What the user gave as --directory, or "".
    """
    app, path = install.app, install.state.path
    target = install.remembered()
    there = access.is_there(path)
    if target is not None:
        if there and Path(target.state).resolve() == Path(path):
            return ""
        if directory:
            return (
                f"{app} kept its decision in {target.state} when it was last on: leave out "
                "--directory for that one."
            )
        return f"{target.state}, where {app} kept its decision, is not there: {_ELSEWHERE}"
    state = install.state.read()
    if state.user_id or state.standing == consent.UNREADABLE:
        return ""
    if app in OWN_DIRECTORIES and not directory:
        return ""
    if install.may_have_sent():
        return f"Where {app} keeps its decision can't be told from {install.spool}: {_ELSEWHERE}"
    if there:
        return f"{path} is all that there is of {app} here: {_ELSEWHERE}"
    return f"Nothing of a tool called {app} was found here: {_ELSEWHERE}"


_ELSEWHERE = "if it keeps its decision elsewhere, give that place with --directory."


def found() -> list[Install]:
    """Return every install that has left something on this machine, by name."""
    settings, spools = _parents()
    names = {path.parent.name for path in settings.glob(f"*/{FILE_NAME}") if _is_ours(path)}
    names |= {path.parent.name for path in spools.glob("*/errand.json")}
    names |= {path.parent.parent.name for path in spools.glob("*/segments/*.jsonl")}
    names |= {path.parent.name for path in spools.glob("*/recipients")}
    names |= {
        app
        for app, directory in OWN_DIRECTORIES.items()
        if access.is_there(Path(directories.expand(directory, os.environ), FILE_NAME))
        or access.unreadable(directories.expand(directory, os.environ))
    }
    # A folder of the same name in both places, one of which is somebody else's, is most likely one.
    names |= {path.name for path in _locked(settings) if access.is_there(spools / path.name)}
    names |= {path.name for path in _locked(spools) if access.is_there(settings / path.name)}
    return [named(name, "") for name in sorted(names) if _is_name(name)]


def overlooked() -> list[str]:
    """Return the folders in which tools may have left something, and that cannot be read."""
    return [
        str(path)
        for parent in _parents()
        for path in ([parent] if access.unreadable(parent) else _locked(parent))
    ]


def _parents() -> tuple[Path, Path]:
    """Return the directories in which those of all tools are: settings, and what waits."""
    return (
        Path(directories.config("app", os.environ)).parent,
        Path(directories.state("app", os.environ)).parent,
    )


def _locked(parent: Path) -> list[Path]:
    """Return the directories right below one that cannot be read."""
    try:
        return [path for path in sorted(parent.iterdir()) if path.is_dir() and _is_locked(path)]
    except OSError:
        return []


def _is_locked(path: Path) -> bool:
    return bool(access.unreadable(path))


def _is_ours(path: Path) -> bool:
    """Return whether a file is of our making, damaged or not: others have an `analytics.json`."""
    try:
        text = shortfile.read(str(path), 1 << 20)
    except OSError:
        return False
    return any(key in text for key in _OUR_KEYS)


def _app(word: str) -> str:
    if not _is_name(word):
        raise argparse.ArgumentTypeError(
            f"{word!r} can't be a tool's name; `aboveboard status` lists those that are known here"
        )
    return word


def _is_name(word: str) -> bool:
    try:
        check_name("app", word)
    except CatalogError:
        return False
    return True
