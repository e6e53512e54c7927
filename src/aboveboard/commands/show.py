"""`aboveboard show`: every event that waits to be sent, byte for byte as it would be."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aboveboard.client import segment

from . import access, installs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    installs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    install = installs.named(args.app, args.directory)
    trouble = next(filter(None, map(access.unreadable, install.directories())), "")
    for path in (path for folder in install.segments() for path in segment.listed(folder)):
        try:
            text = Path(path).read_bytes()
        except FileNotFoundError:
            continue  # sent meanwhile
        except OSError:
            trouble = trouble or access.unreadable(path)
            continue
        sys.stdout.flush()
        sys.stdout.buffer.write(text)
    sys.stdout.flush()
    if trouble:
        print(f"aboveboard show: {trouble}", file=sys.stderr)
    return 1 if trouble else 0
