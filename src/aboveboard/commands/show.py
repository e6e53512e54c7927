"""`aboveboard show`: every event that waits to be sent, byte for byte as it would be."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aboveboard.client import segment

from . import installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    for path in segment.listed(install.segments):
        try:
            text = Path(path).read_bytes()
        except FileNotFoundError:
            continue  # sent meanwhile
        sys.stdout.flush()
        sys.stdout.buffer.write(text)
    sys.stdout.flush()
    return 0
