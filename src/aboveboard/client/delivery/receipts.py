"""What collectors said when they took requests to erase: a receipt each, for the install's person.

Their text is somebody else's: what is kept of it is digits, and few. No id is kept.
"""

from __future__ import annotations

import json
import os

from aboveboard.client.files import shortfile

KEPT_MAX = 20
_HEX = frozenset("0123456789abcdef")
_LATEST = 2**33
"""No moment in seconds since 1970 that anybody means is later: the year 2242."""


class Receipt:
    """One request that was taken.

    Attributes:
        number: What the collector knows it by.
        taken: When, in seconds since 1970; None if it did not say.
        gone_by: Until when all is gone; None if it did not say, or a person is to decide.
        decided: Whether it is carried out; else a person is to say so.
    """

    __slots__ = ("decided", "gone_by", "number", "taken")

    def __init__(
        self,
        number: str,
        taken: int | None = None,
        gone_by: int | None = None,
        decided: bool = True,
    ) -> None:
        self.number = number
        self.taken = taken
        self.gone_by = gone_by
        self.decided = decided

    def as_json(self) -> dict[str, object]:
        """Return the receipt as it is kept and shown."""
        return {
            "receipt": self.number,
            "taken": self.taken,
            "gone_by": self.gone_by,
            "decided": self.decided,
        }


def keep(path: str, answer: bytes) -> None:
    """Add an answer's receipt to those that a file keeps; raises nothing."""
    try:
        told = _receipt(json.loads(answer))
    except (ValueError, RecursionError):
        return
    if told is None:
        return
    others = [each for each in read(path) if each.number != told.number]
    kept = [each.as_json() for each in (*others, told)][-KEPT_MAX:]
    written = f"{path}.new"
    try:
        with open(written, "w", encoding="ascii") as file:
            json.dump(kept, file)
        os.replace(written, path)
    except OSError:
        pass


def read(path: str) -> list[Receipt]:
    """Return the receipts that a file keeps, the oldest first; none where it says nothing."""
    try:
        kept = json.loads(shortfile.read(path).decode("ascii"))
    except (OSError, ValueError, RecursionError):
        return []
    found = map(_receipt, kept if isinstance(kept, list) else ())
    return [each for each in found if each is not None][-KEPT_MAX:]


def _receipt(told: object) -> Receipt | None:
    if not isinstance(told, dict):
        return None
    name = told.get("receipt")
    if not isinstance(name, str) or not 8 <= len(name) <= 64 or not _HEX.issuperset(name):
        return None
    return Receipt(
        name,
        _moment(told.get("taken")),
        _moment(told.get("gone_by")),
        told.get("decided") is not False,
    )


def _moment(told: object) -> int | None:
    return told if type(told) is int and 0 < told < _LATEST else None
