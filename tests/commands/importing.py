"""Logs that are imported."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests import forked


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return forked.aboveboard(*words)


def take(data: Path, *files: Path, project: str = "tool") -> str:
    """Import files that are fine; return what the command says."""
    ended = run("import", *map(str, files), "--project", project, "--data", str(data))
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout
