"""The runs of installs that send no session, remembered between two of their deliveries."""

from __future__ import annotations

from typing import NamedTuple


class Run(NamedTuple):
    """What is remembered of an install between two of its events."""

    session: str
    last: int
    started: bool = False
    ended: bool = False
    next: int = 0
    """The place of the event that comes next in it."""
