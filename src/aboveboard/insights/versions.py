"""Versions in the order in which they came out: the one order for pages, tables and choices."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

Age = tuple[int, Version, str]

_NOTHING = Version("0")


def age(version: str | None) -> Age:
    """Return what versions are sorted by, the oldest first.

    The order is PEP 440's: `1.0.dev1 < 1.0a1 < 1.0rc1 < 1.0 < 1.0+local < 1.0.post1`. A text that
    is no version is older than every version, and none at all is older still. Equal versions that
    are spelled differently (`1.0`, `1.0.0`) are told apart by their spelling, so that no two texts
    share a place.
    """
    if version is None:
        return 0, _NOTHING, ""
    try:
        return 2, Version(version), version
    except InvalidVersion:
        return 1, _NOTHING, version
