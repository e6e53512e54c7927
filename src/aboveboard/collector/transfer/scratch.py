"""A directory for what is there only while something is made of it, such as events on their way.

It goes at the end. A process that is killed leaves its own, which the next one that makes such a
directory in the same place removes. It knows them by a file in them, and not by their names alone:
in a place that a person chose, one of theirs may be called alike.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = ".aboveboard-scratch"
"""The file by which such a directory is known."""


@contextlib.contextmanager
def scratch(prefix: str, place: Path | None = None) -> Iterator[Path]:
    """Give a new directory for this process alone, and remove those that killed ones have left.

    Args:
        prefix: What its name begins with.
        place: Where it is made; the system's place for temporary files if None.

    Raises:
        OSError: it cannot be made.
    """
    where = Path(tempfile.gettempdir()) if place is None else place
    for left in where.glob(f"{prefix}*"):
        with contextlib.suppress(OSError), _locked(left):
            if (left / MARK).is_file():
                shutil.rmtree(left)
    while True:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
        with contextlib.suppress(FileNotFoundError, BlockingIOError), contextlib.ExitStack() as own:
            own.enter_context(_locked(made))
            if made.exists():  # else another has taken it, in the moment without a lock, for left
                (made / MARK).touch()
                held = own.pop_all()
                break
    with held:
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Have a directory of this user's locked.

    Raises:
        BlockingIOError: another process has it.
        OSError: it is another's, is none, or cannot be opened.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(directory)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
