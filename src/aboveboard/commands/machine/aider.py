"""`aboveboard aider`: the installed aider, with its analytics replaced by ours.

This process becomes aider, as a shell's `exec` does: working directory, terminal, signals and exit
code are its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from aboveboard.commands.terminal.printing import say, warn
from aboveboard.hosts.aider import installed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    # Every word that follows is aider's, those that begin with a dash too, and --help as well.
    parser.prefix_chars = ""
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="aider's own arguments"
    )


def run(args: argparse.Namespace) -> int:
    try:
        command = installed.find().command(args.arguments)
    except installed.NotFoundError as error:
        if {"-h", "--help"} & set(args.arguments):  # where there is an aider, the help is its own
            say(
                "usage: aboveboard aider ...",
                "",
                "The installed aider, its analytics kept by aboveboard; all that follows is its",
                f"own, the help too. Now {error}.",
            )
            return 0
        warn(f"aboveboard aider: {error}")
        return 1
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if sys.platform != "win32":
            os.execv(command[0], command)  # noqa: S606  # aider, with the words it was given
        return _wait_for(command)
    except OSError as error:
        warn(f"aboveboard aider: {command[0]}: {error.strerror}")
        return 1


def _wait_for(command: list[str]) -> int:
    # Windows has no exec: its shells would go on before aider has ended.
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # noqa: PERF203  # aider's to understand; it heard it as well
            continue
