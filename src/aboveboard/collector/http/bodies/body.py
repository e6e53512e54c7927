"""Request bodies as they come: within bounds of size, time and memory, and read to their end.

What has come is what counts, not what was announced. There are two accounts, one for those whose
write key is known already, and a small one for all others. Where an account is used up, the body
that has been coming for longest gives way: whoever sends at an honest pace is done long before.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from .inflate import WIRE_MAX

if TYPE_CHECKING:
    from litestar.types import Receive

DRAIN_MAX = 2 * WIRE_MAX
"""Bytes of a body that is too large which are still read, so that its sender reads the answer."""

SECONDS = 60
"""How long a body may take to come, so that nobody holds a connection by sending slowly."""

PARTS_MAX = 8_000
"""Parts in which a body may come: each costs time, however small. A body of `WIRE_MAX` over
Ethernet comes in less than 5,000 packets."""

UNKNOWN_PARTS_MAX = 400
"""The same for who has no known key yet. After `EAGER` of them each part that is smaller than
`SMALL` is followed by a pause of `PAUSE` seconds, in which more gathers: 5 MiB over a line of
1 Mbit/s then come in some 250 parts."""

EAGER = 50
SMALL = 4096
PAUSE = 0.2

KNOWN_MAX = 128 * 2**20
UNKNOWN_MAX = 24 * 2**20
"""Bytes of all bodies together that are held at once, of senders with a known key and without."""


class TooLongError(Exception):
    """The body did not come in time."""


class TooManyError(Exception):
    """More bodies are being read than there is memory for; the sender is to come back."""


class CutOffError(Exception):
    """The connection ended before the body did."""


class Bodies:
    """Reads bodies, and knows how much of them is in memory. For the event loop's thread."""

    def __init__(
        self,
        *,
        known_max: int = KNOWN_MAX,
        unknown_max: int = UNKNOWN_MAX,
        seconds: float = SECONDS,
    ) -> None:
        self._known = _Account(known_max)
        self._unknown = _Account(unknown_max)
        self._seconds = seconds

    def coming(self, *, known: bool) -> Body:
        """Return a body to be read, as a context manager: its memory is free again at the end.

        Args:
            known: Whether its sender's write key is known.
        """
        return Body(self._known if known else self._unknown, self._seconds, hurried=known)

    def promote(self, body: Body) -> None:
        """Charge a body to those with a known key.

        Raises:
            TooManyError: there is no room.
        """
        body.move(self._known)


class _Account:
    """Memory that bodies share."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self.coming: dict[Body, None] = {}
        """Those that are not here as a whole, the oldest first."""

    def take(self, size: int, taker: Body) -> None:
        """Charge bytes; where there are none left the oldest bodies still coming give way.

        Raises:
            TooManyError: nobody can.
        """
        while self._held + size > self._most:
            oldest = next((body for body in self.coming if body is not taker and body.held), None)
            if oldest is None:
                raise TooManyError
            oldest.give_way()
        self._held += size

    def give_back(self, size: int) -> None:
        self._held -= size


class Body:
    """One request's body."""

    def __init__(self, account: _Account, seconds: float, *, hurried: bool) -> None:
        self._account = account
        self._hurried = hurried
        self._seconds = seconds
        self._deadline: asyncio.Timeout | None = None
        self._gave_way = False
        self._content = bytearray()
        self.held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    async def read(self, receive: Receive, *, keep: bool = True) -> bytes | None:
        """Return the body, or None where it is larger than is taken.

        Either way it is read to its end, or as far as `DRAIN_MAX`, since a sender that is
        interrupted does not read why.

        Args:
            receive: Where its parts come from.
            keep: Whether anybody wants it.

        Raises:
            TooLongError: it did not come in time, or in too many parts.
            TooManyError: there is no memory for it.
            CutOffError: its sender has gone.
        """
        size = parts = 0
        self._account.coming[self] = None
        try:
            async with asyncio.timeout(self._seconds) as self._deadline:
                more = True
                while more:
                    message: Any = await receive()
                    if message["type"] != "http.request":
                        raise CutOffError
                    part, more = message.get("body", b""), message.get("more_body", False)
                    size += len(part)
                    parts += 1
                    if size > DRAIN_MAX:
                        return None
                    if parts > (PARTS_MAX if self._hurried else UNKNOWN_PARTS_MAX):
                        raise TooLongError
                    if size > WIRE_MAX:
                        self.release()
                    elif keep and part:
                        self._account.take(len(part), self)
                        self.held += len(part)
                        self._content += part
                    if more and parts > EAGER and len(part) < SMALL and not self._hurried:
                        await asyncio.sleep(PAUSE)
        except TimeoutError:
            raise (TooManyError if self._gave_way else TooLongError) from None
        finally:
            self._account.coming.pop(self, None)
        if size > WIRE_MAX:
            return None
        content, self._content = bytes(self._content), bytearray()
        return content

    def give_way(self) -> None:
        """Free the memory of a body that is still coming, and end its request."""
        self.release()
        self._gave_way = True
        self._account.coming.pop(self, None)
        if self._deadline is not None:
            with suppress(RuntimeError):  # its time was over in this moment anyway
                self._deadline.reschedule(0)

    def move(self, account: _Account) -> None:
        account.take(self.held, self)
        self._account.give_back(self.held)
        self._account = account

    def release(self) -> None:
        self._account.give_back(self.held)
        self.held = 0
        self._content = bytearray()
