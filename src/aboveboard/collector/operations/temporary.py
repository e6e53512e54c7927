"""Temporary files: beside the data, since nothing else may be there to write to.

What an insert passes through takes room on the disk that is watched; and in a container whose root
is read-only, ClickHouse would not even start without such a place.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLE = "TMPDIR"
"""Where ClickHouse looks, which knows nothing of Python's `tempfile`."""


@contextlib.contextmanager
def kept_in(directory: Path) -> Iterator[None]:
    """Have this process's temporary files in a directory, emptied of a dead process's before.

    Raises:
        OSError: it cannot be made.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    before = os.environ.get(VARIABLE), tempfile.tempdir
    os.environ[VARIABLE] = tempfile.tempdir = str(directory.absolute())
    try:
        yield
    finally:
        variable, tempfile.tempdir = before
        if variable is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = variable
