"""What a collector said of lines that it did not take: counted by reason, for the install's person.

Its text is somebody else's: what is kept of it is short, few, and safe on a terminal.
"""

from __future__ import annotations

import json
import os

from aboveboard.client.files import shortfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeGuard

REASON_MAX = 100
REASONS_MAX = 20
OTHERS = "other reasons"
_TIMES_MAX = 10**9


def count(path: str, answer: bytes) -> None:
    """Add an answer's verdicts to those that a file keeps; raises nothing."""
    told = _told(answer)
    if not told:
        return
    kept = read(path)
    for reason, times in told.items():
        name = reason if reason in kept or len(kept) < REASONS_MAX else OTHERS
        kept[name] = min(kept.get(name, 0) + times, _TIMES_MAX)
    written = f"{path}.new"
    try:
        with open(written, "w", encoding="ascii") as file:
            json.dump(kept, file)
        os.replace(written, path)
    except OSError:
        pass


def read(path: str) -> dict[str, int]:
    """Return how many lines were not taken, by reason; none where the file says nothing."""
    try:
        kept = json.loads(shortfile.read(path).decode("ascii"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {_plain(reason): times for reason, times in kept.items() if _is_number(times)}


def _told(answer: bytes) -> dict[str, int]:
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict) or document.get("duplicate") is True:
        return {}
    rejected = document.get("rejected")
    told: dict[str, int] = {}
    for verdict in rejected if isinstance(rejected, list) else []:
        reason = verdict.get("reason") if isinstance(verdict, dict) else None
        name = _plain(reason) if isinstance(reason, str) else OTHERS
        told[name] = told.get(name, 0) + 1
    refused = document.get("refused")  # all of them, where it names only the first
    unnamed = (refused if _is_number(refused) else 0) - sum(told.values())
    if unnamed > 0:
        told[OTHERS] = told.get(OTHERS, 0) + min(unnamed, _TIMES_MAX)
    return told


def _plain(reason: str) -> str:
    kept = "".join(mark for mark in reason[:REASON_MAX] if " " <= mark <= "~")
    return kept.strip() or OTHERS


def _is_number(value: object) -> TypeGuard[int]:
    return type(value) is int and value > 0
