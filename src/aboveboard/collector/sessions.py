"""Which sessions a move's events belong to: those that it starts, and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .allowlist import Columns

Session = tuple[str, str]
"""An install and one of its sessions; two installs that tell the same session have one each."""


def of(tables: Mapping[str, Columns]) -> tuple[dict[Session, int], set[Session]]:
    """Return the sessions without a start among the events, and those with one; nobody has any.

    The former come with the hour of their first event.
    """
    begun = {(user_id, session) for user_id, session, _ in _told(tables.get(schema.SESSIONS))}
    seen: dict[Session, int] = {}
    for name, columns in tables.items():
        if name != schema.SESSIONS:
            for user_id, session, hour in _told(columns):
                each = user_id, session
                if each not in begun:
                    seen[each] = min(hour, seen.get(each, hour))
    return seen, begun


def _told(columns: Columns | None) -> Iterator[tuple[str, str, int]]:
    """Yield each session and hour of a table once; a set of them takes a fraction of a loop."""
    if columns:
        told = set(zip(columns["user_id"], columns["session"], columns["time"], strict=True))
        for user_id, session, hour in told:
            if schema.NOBODY not in (user_id, session):
                assert isinstance(hour, int)
                yield str(user_id), str(session), hour
