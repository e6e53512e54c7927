"""The look for a write key in a body that nothing is known of yet.

PostHog's clients put their key into the JSON that they send; the Python client after the batch, so
that a body of 5 MiB has to be gone through to its end. Reading JSON costs up to thirty times the
body's size in memory and many times its reading in time, so a body is read as JSON only once a
known key was seen in it. What stands for a key here may still be a property deep in an event: the
JSON, once read, decides. Whoever writes a known key there knows one.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from aboveboard.collector.protocols.posthog import KEY_NAMES

from .inflate import INFLATED_MAX, TooLargeError, is_gzip, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = tuple(name.encode() for name in KEY_NAMES)

KEY_MAX = 200
"""Bytes of a key. More is none."""

WRONG_MAX = 100
"""Different unknown keys after which a body is given up."""

SEEN_MAX = 50_000
"""Places with a key's name, in other words too, after which a body is given up."""

_OVERLAP = KEY_MAX + 100
"""Bytes that are looked at again with the next piece, since a key may stand across both."""

_SPACE = rb"[ \t\r\n]{0,16}"
_VALUE = re.compile(rb'"' + _SPACE + rb":" + _SPACE + rb'"([^"\\]{1,%d})"' % KEY_MAX)


LOOKED_AT_MAX = 2 * 2**20
"""Bytes of a gzipped body that is looked through: what does not compress inflates slowly."""

SECONDS_MAX = 0.03
"""Processor time for one body. Measured, a batch of 5 MiB takes 6 ms, one of 4 MiB that was gzipped
13 ms, and what can be made of the largest gzip, without a bound, 180 ms."""


class TooLargeToLookError(TooLargeError):
    """The gzipped body is larger than is looked through."""


class TooSlowToLookError(TooLargeError):
    """The look through the body has taken more than `SECONDS_MAX`."""


class NoKeyError(ValueError):
    """The body has nothing that could be a key."""


class UnknownKeyError(ValueError):
    """The body has no key that is known."""


def find(
    body: bytes,
    known: Callable[[str], bool],
    *,
    most: int = INFLATED_MAX,
    clock: Callable[[], float] = time.thread_time,
) -> str:
    """Return the first known write key that a body names; the body is not read as JSON.

    Args:
        body: As it came, gzipped or not.
        known: Whether a key belongs to a project.
        most: Bytes, inflated, that the body may have.
        clock: Tells the processor time that this thread has taken.

    Raises:
        NoKeyError, UnknownKeyError: there is none.
        TooLargeToLookError: the body is gzip of more than `LOOKED_AT_MAX` bytes.
        TooSlowToLookError: it took too long.
        TooLargeError, DamagedError: as `inflate` has it.
    """
    if is_gzip(body) and len(body) > LOOKED_AT_MAX:
        raise TooLargeToLookError
    end_of_time = clock() + SECONDS_MAX
    wrong: set[bytes] = set()
    seen = 0
    before = b""
    for piece in pieces(body, most=most):
        window = before + piece
        for name in _NAMES:
            place = window.find(name)
            while place >= 0:
                seen += 1
                end = place + len(name)
                value = _VALUE.match(window, end) if window.startswith(b'"', end) else None
                if value is not None and value[1] not in wrong:
                    key = value[1].decode("latin-1")
                    if known(key):
                        return key
                    wrong.add(value[1])
                if len(wrong) > WRONG_MAX or seen > SEEN_MAX:
                    raise UnknownKeyError
                place = window.find(name, end)
        if clock() > end_of_time:
            raise TooSlowToLookError
        before = window[-_OVERLAP:]
    raise UnknownKeyError if wrong else NoKeyError
