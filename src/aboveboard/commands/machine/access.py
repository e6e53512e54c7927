"""Whether a person may look at a tool's files, and write there; and what to do where not.

After one run with sudo, files and folders in a person's own home may be root's.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def is_there(path: str | Path) -> bool:
    """Return whether a path is known to be there; not, where it cannot be looked at."""
    try:
        Path(path).stat()
    except (OSError, ValueError):
        return False
    return True


def unreadable(path: str | Path) -> str:
    """Return why a file or a folder cannot be looked at, and what to do; "" where it can be."""
    path = Path(path)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ""  # nothing is there
    except OSError as error:
        return _told(path, "read", error.strerror or str(error))
    needed = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    return "" if os.access(path, needed) else _told(path, "read", "Permission denied")


def unwritable(folder: str | Path) -> str:
    """Return why nothing can be kept in a folder, there or not, and what to do; "" if it can."""
    nearest = next(path for path in (Path(folder), *Path(folder).parents) if is_there(path))
    if not nearest.is_dir():
        return f"{nearest} is no folder"
    if os.access(nearest, os.W_OK | os.X_OK):
        return ""
    return _told(nearest, "written", "")


def _told(path: Path, verb: str, reason: str) -> str:
    theirs = _anothers(path)
    told = f"{path} cannot be {verb}" + (f" ({reason})" if reason else "")
    if not theirs:
        return told
    command = f"sudo chown -R {os.geteuid()} {shlex.quote(str(theirs))}"
    return f"{told}: it is another user's, as after a run with sudo; `{command}` gives it back"


def _anothers(path: Path) -> Path | None:
    """Return the topmost folder above a path that is another user's, below one that is one's own.

    Where none is one's own, this is no home that sudo has been in.
    """
    if not hasattr(os, "geteuid"):  # Windows
        return None
    found = None
    for place in (path, *path.parents):
        try:
            owner = place.lstat().st_uid
        except OSError:
            continue  # in a folder that cannot be looked into
        if owner == os.geteuid():
            return found
        found = place
    return None
