"""What an examination finds: a line that says what is so, and what to do where it is not well."""

from __future__ import annotations

from dataclasses import dataclass

WELL, LOOK, WRONG = "ok", "look", "WRONG"
"""`LOOK` is worth a person's look and may be meant so; `WRONG` is to be mended."""


@dataclass(frozen=True)
class Finding:
    state: str
    about: str
    says: str


def well(about: str, says: str) -> Finding:
    return Finding(WELL, about, says)


def notice(about: str, says: str) -> Finding:
    return Finding(LOOK, about, says)


def wrong(about: str, says: str) -> Finding:
    return Finding(WRONG, about, says)
