"""Directories that take long to fill: each is made once in a run, and every module has a copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def prepared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a copy of a directory, its reader's own.

    Args:
        factory: Whose directory is the run's.
        name: What the directory is known by, to every worker of the run.
        make: Fills it; called by the worker that asks first. What it leaves can be copied: nothing
            there is open any more.
    """
    run = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent  # which the workers share
    whole = run / f"prepared-{name}"
    with FileLock(f"{whole}.lock"):
        if not whole.exists():
            begun = run / f"begun-{name}"
            shutil.rmtree(begun, ignore_errors=True)  # of a worker that died
            begun.mkdir()
            make(begun)
            begun.rename(whole)
    copy = factory.mktemp(name) / "copy"
    shutil.copytree(whole, copy, symlinks=True)  # ClickHouse's are relative
    return copy
