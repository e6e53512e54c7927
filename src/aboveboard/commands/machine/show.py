"""`aboveboard show`: every event that waits to be sent, byte for byte as it would be.

On a terminal, what could steer it is shown as a question mark: a damaged file may hold anything.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aboveboard.client.recording import segment
from aboveboard.commands.terminal.printing import say, warn

from . import access, installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    trouble = next(filter(None, map(access.unreadable, install.directories())), "")
    shown = 0
    for path in (path for folder in install.segments() for path in segment.listed(folder)):
        try:
            text = Path(path).read_bytes()
        except FileNotFoundError:
            continue  # sent meanwhile
        except OSError:
            trouble = trouble or access.unreadable(path)
            continue
        shown += len(text)
        if sys.stdout.isatty():
            say(*text.decode("utf-8", "replace").removesuffix("\n").split("\n"))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(text)
    sys.stdout.flush()
    if trouble:
        warn(f"aboveboard show: {trouble}")
    elif not shown:  # on stderr: what reads stdout reads lines of events
        doubt = "" if installs.is_known(install) else installs.doubt(install, args.directory)
        warn(f"Nothing of {args.app} waits to be sent. {doubt}".rstrip())
    return 1 if trouble else 0
