"""Request bodies: read within bounds of size, time and memory, and read to their end."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .inflate import WIRE_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Request

DRAIN_MAX = 8 * WIRE_MAX
"""Bytes of a body that is too large which are still read, so that its sender reads the answer."""

SECONDS = 60
"""How long a body may take to come, so that nobody holds a connection by sending slowly."""

HELD_MAX = 256 * 2**20
"""Bytes of all bodies together that are held at once."""


class TooLongError(Exception):
    """The body did not come in time."""


class TooManyError(Exception):
    """More bodies are being read than there is memory for; the sender is to come back."""


class Bodies:
    """Reads bodies, and knows how much of them is in memory. For the event loop's thread."""

    def __init__(self, *, held_max: int = HELD_MAX, seconds: float = SECONDS) -> None:
        self._held_max = held_max
        self._seconds = seconds
        self._held = 0

    @contextmanager
    def room(self, request: Request[Any, Any, Any]) -> Iterator[None]:
        """Reserve memory for a request's body while it is worked on.

        Raises:
            TooManyError: there is none.
        """
        announced = request.headers.get("content-length", "")
        size = min(int(announced), WIRE_MAX) if announced.isdecimal() else WIRE_MAX
        if self._held + size > self._held_max:
            raise TooManyError
        self._held += size
        try:
            yield
        finally:
            self._held -= size

    async def read(self, request: Request[Any, Any, Any], *, keep: bool = True) -> bytes | None:
        """Return the body, or None where it is larger than `WIRE_MAX`.

        Either way it is read to its end, since a sender that is interrupted does not read why.

        Args:
            request: Whose body.
            keep: Whether anybody wants it.

        Raises:
            TooLongError: it did not come in time.
        """
        parts: list[bytes] = []
        left = WIRE_MAX
        try:
            async with asyncio.timeout(self._seconds):
                async for part in request.stream():
                    left -= len(part)
                    if left < 0:
                        parts.clear()
                    elif keep:
                        parts.append(part)
        except TimeoutError:
            raise TooLongError from None
        if left < 0:
            return None
        return parts[0] if len(parts) == 1 else b"".join(parts)
