"""Senders' clocks: one that is wrong by days is put right by what it said at the time of sending.

An event's time and the time of sending are told by the same clock. If that differs from ours by
more than a few hours, the event's time is wrong by as much. Whole hours only: no finer difference
of a machine's clock is asked for or used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from aboveboard.catalog.line import HOUR, hour

TOLERATED = 6 * HOUR
"""Up to here a difference is taken for a time zone that was not told, or for a slow delivery."""

_LATEST = 2**40
"""What is later is no time. Compared, never converted: a whole number may be too large for that."""


@dataclass(frozen=True)
class Clock:
    """A sender's clock.

    Args:
        sent: The hour of sending by it, in seconds since 1970; None if it was not told.
        ahead: How far it is ahead of ours, in seconds: whole hours, 0 if tolerated.
    """

    sent: int | None = None
    ahead: int = 0

    def true(self, moment: float) -> float:
        """Return a moment of this clock's by ours.

        What happened after it was sent was told by another clock, and is left as it is. So is what
        is no moment, such as a NaN or a number of 400 digits.
        """
        if self.sent is None or not abs(moment) < _LATEST or hour(moment) > self.sent:
            return moment
        return moment - self.ahead


RIGHT = Clock()
"""Of a sender who does not say when it sent, or whose clock is right."""


def clock(sent: float | None, now: float) -> Clock:
    """Return the clock of a sender who says when it sent, in seconds since 1970."""
    if sent is None or not 0 <= sent < _LATEST:  # neither is a NaN
        return RIGHT
    ahead = hour(sent) - hour(now)
    return Clock(hour(sent), ahead) if abs(ahead) > TOLERATED else RIGHT


def of_header(told: str | None, now: float) -> Clock:
    """Return the clock that a `Sent-At` header tells."""
    digits = told is not None and told.isascii() and told.isdigit() and len(told) <= 12
    return clock(float(told), now) if told is not None and digits else RIGHT


def of_text(told: object, now: float) -> Clock:
    """Return the clock that PostHog's `sentAt` tells, in ISO 8601."""
    return clock(seconds(told), now) if isinstance(told, str) else RIGHT


def seconds(told: str) -> float | None:
    """Return an ISO 8601 time, UTC if it names no zone, as seconds since 1970; None for another."""
    try:
        when = datetime.fromisoformat(told)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
