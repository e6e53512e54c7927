"""Paths as they are typed: an empty one is a variable of the shell's that was never set."""

from __future__ import annotations

import argparse
from pathlib import Path


def typed_path(word: str) -> Path:
    """Return an argument as a path.

    Raises:
        argparse.ArgumentTypeError: it is empty, which as a path would be the current directory.
    """
    if not word.strip():
        raise argparse.ArgumentTypeError("it is empty (`.` is the current directory)")
    return Path(word)
