"""Request bodies made readable, and never larger than a bound."""

from __future__ import annotations

import zlib

WIRE_MAX = 8 * 2**20
"""Bytes of a body as it comes. PostHog's clients send up to 5 MiB, not compressed."""

INFLATED_MAX = 24 * 2**20
"""Bytes of a body as it is read."""

_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


class TooLargeError(ValueError):
    """The body is larger than is taken."""


class DamagedError(ValueError):
    """The body says that it is gzip, and is not."""


def inflate(body: bytes, *, most: int = INFLATED_MAX) -> bytes:
    """Return a body inflated where it begins with gzip's magic bytes, else as it is.

    JSON cannot begin with those bytes, so what the headers say is not needed.

    Raises:
        TooLargeError: it would be more than `most` bytes; no more than that was inflated.
        DamagedError: the gzip stream is broken, cut off, or followed by something.
    """
    if not body.startswith(_MAGIC):
        if len(body) > most:
            raise TooLargeError
        return body
    stream = zlib.decompressobj(_GZIP)
    try:
        inflated = stream.decompress(body, most + 1)
    except zlib.error:
        raise DamagedError from None
    if len(inflated) > most:
        raise TooLargeError
    if not stream.eof or stream.unused_data:
        raise DamagedError
    return inflated


def claimed_size(body: bytes) -> int:
    """Return how large a body says that it will be: gzip ends with that number."""
    return int.from_bytes(body[-4:], "little") if body.startswith(_MAGIC) else len(body)
