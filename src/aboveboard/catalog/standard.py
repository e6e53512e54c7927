"""The public list of the standard library's exception types, whose names are told as they are.

`standard.txt` is made by `tools/exception_types.py`: of each type the name that its module gives it
and, where that is another, the one under which people import it, which is told. It is read when the
first exception is reduced. Where it cannot be read (a host packed without it), no name is on it.
"""

from __future__ import annotations

import os

_FILE = os.path.join(os.path.dirname(__file__), "standard.txt")
_told: dict[str, str] = {}


def public_name(name: str) -> str | None:
    """Return what is told of a type by the name that its module gives it; None if not listed.

    A name that was told already stays as it is.
    """
    if not _told:
        _load()
    return _told.get(name)


def _load() -> None:
    # Through the loader, so that a host packed into one file finds it too.
    try:
        text: bytes = __loader__.get_data(_FILE)  # type: ignore[name-defined]
        lines = text.decode("ascii").splitlines()
    except Exception:
        return
    words = [line.split() for line in lines if not line.startswith("#")]
    names = {told: told for *_, told in words}
    names.update({each[0]: each[-1] for each in words})
    _told.update(names)  # at once, and last: other threads look at it
