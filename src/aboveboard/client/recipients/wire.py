"""The forms in which events go over the wire: ours, and PostHog's for those who have it already.

A form makes the lines, and wraps a segment of them into a request without touching a byte of it:
the audit log's lines are what is sent, whoever takes it.
"""

from __future__ import annotations

import itertools
import json
import os
import time

from aboveboard.catalog import line
from aboveboard.catalog.line import HOUR

from .target import POSTHOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Ours:
    """`POST /v1/events`: a segment's bytes as they are (docs/protocol.md)."""

    path = "/v1/events"
    content_type = "application/x-ndjson"

    def __init__(self, user_id: str | None, session: str, clock: Callable[[], float]) -> None:
        self._ending = line.ending(user_id, session)
        self._places = itertools.count()
        self._clock = clock

    def beginning(self, event: str) -> str:
        """Return a line up to its first property."""
        return line.beginning(event)

    def ending(self, is_empty: bool) -> str:  # noqa: ARG002  # the other form needs it
        """Return what follows a line's last property, and count the line to its session."""
        # In place: this is done for every event. `line.hour` is the same.
        return self._ending % (next(self._places), self._clock() // HOUR * HOUR)

    @staticmethod
    def owner(user_id: str) -> bytes:
        """Return what every line of an install in this form has."""
        return f'"{line.USER_ID}": "{user_id}"'.encode()

    @staticmethod
    def body(segment: bytes, key: str) -> bytes:  # noqa: ARG004  # the other form needs it
        """Return a request's body."""
        return segment


class PostHog:
    """PostHog's `POST /batch/`: the same events as PostHog's, its own guesses switched off.

    `$ip`, `$geoip_disable` and `$process_person_profile` keep PostHog from adding the address, the
    place and a person's profile. The last group of a line's uuid counts, so that an event that is
    sent twice is one event there. An event's place in its session is its property `seq`.
    """

    path = "/batch/"
    content_type = "application/json"

    def __init__(self, user_id: str | None, session: str, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._places = itertools.count()
        self._draw()
        self._start = session[:24]
        self._fixed = (
            f'"$session_id": "{session}", "$ip": "0.0.0.0", "$geoip_disable": true, '
            f'"$process_person_profile": false, "$lib": "aboveboard"}}, '
            f'"distinct_id": {json.dumps(user_id)}'
        )

    def beginning(self, event: str) -> str:
        """Return a line up to its first property."""
        return line.beginning(event)

    def ending(self, is_empty: bool) -> str:
        """Return what follows a line's last property, and count the line to its session."""
        comma = "" if is_empty else ", "
        moment = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(self._clock()))
        place = f'"{line.SEQ}": {next(self._places)}, '
        if os.getpid() != self._process:  # a forked child has its parent's count
            self._draw()
        name = f"{self._start}{self._drawn}{next(self._numbers) & 0xFFFFFFF:07x}"
        return f'{comma}{place}{self._fixed}, "uuid": "{name}", "timestamp": "{moment}"}}\n'

    def _draw(self) -> None:
        self._process = os.getpid()
        self._drawn = os.urandom(3).hex()[:5]
        self._numbers = itertools.count(1)

    @staticmethod
    def owner(user_id: str) -> bytes:
        """Return what every line of an install in this form has."""
        return f'"distinct_id": "{user_id}"'.encode()

    @staticmethod
    def body(segment: bytes, key: str) -> bytes:
        """Return a request's body: the segment's lines, as the elements of a batch."""
        lines = segment.splitlines()
        return b'{"api_key": %s, "batch": [%s]}' % (json.dumps(key).encode(), b",\n".join(lines))


def form(endpoint: str) -> type[Ours] | type[PostHog]:
    """Return the form that an endpoint asks for."""
    return PostHog if endpoint.startswith(POSTHOG) else Ours


def address(endpoint: str) -> str:
    """Return an endpoint without the word for its form."""
    return endpoint.removeprefix(POSTHOG)
