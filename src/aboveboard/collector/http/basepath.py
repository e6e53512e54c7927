"""A path before all others, where a proxy shows the collector beside something else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATH = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._-]*)+", re.ASCII)


class BasePathError(ValueError):
    """The path cannot be one; the text says what to do."""


def checked(path: str) -> str:
    """Return a path as it stands before others: `/analytics`, or nothing for `/` and nothing.

    Raises:
        BasePathError: it is no plain path.
    """
    path = path.rstrip("/")
    if path and not _PATH.fullmatch(path):
        raise BasePathError(
            f"--base-path {path!r} is no plain path that begins with a slash, as /analytics does"
        )
    return path


def check_apart(base: str, paths: Iterable[str]) -> None:
    """Raise `BasePathError` if a base begins as one of our own paths does.

    A proxy may have removed it from a request or not, and nobody could tell then.
    """
    first = base.split("/")[1:2]
    if first and first[0] in {path.split("/")[1] for path in paths}:
        raise BasePathError(f"--base-path cannot begin as one of our own paths does: {base}")


def without(base: str, scope: Any) -> Any:
    """Return a request's scope without the base; as it is, where a proxy has removed it already."""
    path = scope["path"]
    if not base or not (path == base or path.startswith(f"{base}/")):
        return scope
    raw = scope.get("raw_path")
    return {
        **scope,
        "path": path[len(base) :] or "/",
        "raw_path": (raw[len(base) :] or b"/") if raw else raw,
    }
