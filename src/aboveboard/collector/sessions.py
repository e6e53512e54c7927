"""Which sessions a move's events belong to: those that it starts, and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .allowlist import Columns

Session = tuple[str, str]
"""An install and one of its sessions; two installs that tell the same session have one each."""


def of(tables: Mapping[str, Columns]) -> tuple[dict[Session, int], set[Session]]:
    """Return the sessions without a start among the events, and those with one; nobody has any.

    The former come with the hour of their first event.
    """
    begun = _named(tables.get(schema.SESSIONS, {}))
    seen: dict[Session, int] = {}
    for name, columns in tables.items():
        if name != schema.SESSIONS and (others := _named(columns) - begun):
            for user_id, session, hour in zip(
                columns["user_id"], columns["session"], columns["time"], strict=True
            ):
                each = (str(user_id), str(session))
                if each in others:
                    assert isinstance(hour, int)
                    seen[each] = min(hour, seen.get(each, hour))
    return seen, begun


def _named(columns: Columns) -> set[Session]:
    if not columns:
        return set()
    pairs = set(zip(columns["user_id"], columns["session"], strict=True))
    return {
        (str(user_id), str(session))
        for user_id, session in pairs
        if schema.NOBODY not in (user_id, session)
    }
