"""The installs on this machine, for the commands with which their user looks after them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from aboveboard.client import directories
from aboveboard.client.install import Install
from aboveboard.client.state import FILE_NAME

OWN_DIRECTORIES = {"aider": "~/.aider"}
"""Hosts that keep their consent in a directory of their own, not in the platform's place."""


def add_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the arguments that name an install."""
    parser.add_argument(
        "app",
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
    """Return the install of `app` on this machine."""
    return Install(app, os.environ, directory or OWN_DIRECTORIES.get(app, ""))


def found() -> list[Install]:
    """Return every install that has left something on this machine, by name."""
    places = {
        Path(parent("app", os.environ)).parent for parent in (directories.config, directories.state)
    }
    names = {
        path.parent.name
        for place in places
        for path in (*place.glob(f"*/{FILE_NAME}"), *place.glob("*/segments"))
    }
    names |= {
        app
        for app, directory in OWN_DIRECTORIES.items()
        if Path(directory, FILE_NAME).expanduser().exists()
    }
    return [named(name, "") for name in sorted(names)]
