"""Request bodies made readable, and never larger than a bound."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WIRE_MAX = 6 * 2**20
"""Bytes of a body as it comes. PostHog's Python client ends a batch at the event with which it
passes 5 MiB, and an event may have 900 KiB."""

INFLATED_MAX = 6 * 2**20
"""Bytes of a body as it is read. What JSON becomes in memory can be thirty times as much."""

PIECE = 64 * 1024
"""Bytes that are inflated at once where a body is looked through, and not kept."""

OBJECTS_MAX = 150_000
"""Objects and lists in a body. Each takes two hundred bytes of memory, and `{}` two of a body. An
honest batch of 5 MiB, of crashes with every variable, has about 50,000."""

PACKED_PIECE = 8 * 1024
"""Bytes that are taken in at once there, so that whoever looks at the clock between two pieces can:
tables of hundreds of codes, with nothing that is written in them, take 30 bytes and 2.5
microseconds each, and become no piece at all."""

_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


class TooLargeError(ValueError):
    """The body is larger than is taken."""


class TooManyObjectsError(TooLargeError):
    """The body's JSON has more objects and lists than are taken."""


class DamagedError(ValueError):
    """The body says that it is gzip, and is not."""


def is_gzip(body: bytes) -> bool:
    """Return whether a body begins as gzip does. JSON cannot, so what headers say is not needed."""
    return body.startswith(_MAGIC)


def inflate(body: bytes, *, most: int = INFLATED_MAX) -> bytes:
    """Return a body inflated where it begins with gzip's magic bytes, else as it is.

    Raises:
        TooLargeError: it would be more than `most` bytes; no more than that was inflated.
        DamagedError: the gzip stream is broken, cut off, or followed by something.
    """
    if not is_gzip(body):
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


def pieces(body: bytes, *, most: int = INFLATED_MAX) -> Iterator[bytes]:
    """Yield a body, inflated, piece by piece, so that no more than a piece is in memory.

    Raises:
        TooLargeError, DamagedError: as `inflate` has it, after what came before.
    """
    if not is_gzip(body):
        if len(body) > most:
            raise TooLargeError
        for start in range(0, len(body), PIECE):
            yield body[start : start + PIECE]
        return
    stream = zlib.decompressobj(_GZIP)
    view = memoryview(body)
    size = 0
    for start in range(0, len(body), PACKED_PIECE):
        packed: bytes | memoryview = view[start : start + PACKED_PIECE]
        while len(packed) and not stream.eof:
            try:
                piece = stream.decompress(packed, PIECE)
            except zlib.error:
                raise DamagedError from None
            packed = stream.unconsumed_tail
            size += len(piece)
            if size > most:
                raise TooLargeError
            yield piece
        if stream.eof:
            if stream.unused_data or start + PACKED_PIECE < len(body):
                raise DamagedError
            return
    raise DamagedError


def claimed_size(body: bytes) -> int:
    """Return how large a body says that it will be: gzip ends with that number.

    It is no proof; who relies on it is to inflate no more than that.
    """
    return int.from_bytes(body[-4:], "little") if is_gzip(body) else len(body)


def check_objects(inflated: bytes) -> None:
    """Raise `TooManyObjectsError` where a body could fill the memory with small objects.

    Braces in texts count too: to tell them apart is to read the JSON.
    """
    if len(inflated) <= OBJECTS_MAX:
        return
    if inflated.count(b"{") + inflated.count(b"[") > OBJECTS_MAX:
        raise TooManyObjectsError
