"""What a command says where a package is missing that it needs."""

from __future__ import annotations

from .printing import warn


def explain_missing(name: str, missing: ModuleNotFoundError) -> int:
    """Tell how to install what a command needs, and return its exit code.

    Raises:
        ModuleNotFoundError: the missing module is our own, which is a fault of ours.
    """
    if (missing.name or "").startswith("aboveboard"):
        raise missing
    warn(
        f"aboveboard {name}: {missing.name} is not installed; "
        "`pip install 'aboveboard[collector]'` brings all that a collector needs",
    )
    return 1
