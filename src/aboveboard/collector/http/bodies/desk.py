"""Where bodies are read: within bounds of memory, and not by the thread that answers others.

A small body is read at once. A large one is read in a thread: one thread for those whose sender
named a known key, one for the look for a key, so that neither keeps the other waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from . import writekey
from .body import TooManyError
from .inflate import (
    DamagedError,
    TooLargeError,
    check_objects,
    claimed_size,
    inflate,
    is_gzip,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

T = TypeVar("T")

LARGE = 128 * 1024
"""Bytes, as sent or inflated, from which a body is read in a thread: others are answered
meanwhile."""

PACKED_COST = 8
"""How many plain bytes take as much time as a compressed byte, at least: JSON becomes as much, and
128 KiB of what becomes nothing take 11 ms."""

WORK_MAX = 256 * 2**20
"""Bytes that all bodies together may take while they are read and stored."""

GROWTH = 32
"""How many times its size a body's JSON can take in memory, measured with `{"":0},` repeated."""

WAITING_MAX = 64
"""Bodies that may wait for memory, and as many for the look for their key."""


class Desk:
    """Reads what bodies hold. For the event loop's thread."""

    def __init__(self, *, work_max: int = WORK_MAX) -> None:
        self._memory = Memory(work_max)
        self._readers = _thread("reader")
        self._finders = _thread("finder")
        self._looked_for = 0
        self._inflating = asyncio.Lock()
        self._turns = 0

    async def find_key(self, body: bytes, known: Callable[[str], bool]) -> str:
        """Return the known write key that a body names.

        Raises:
            TooManyError: too many bodies wait for this.
            TooLargeError, DamagedError, NoKeyError, UnknownKeyError: as `writekey.find` has it.
        """
        if _is_small(body):
            try:
                return writekey.find(body, known, most=claimed_size(body))
            except writekey.TooSlowToLookError:
                raise
            except TooLargeError:
                raise DamagedError from None  # gzip's end says another size
        if self._looked_for >= WAITING_MAX:
            raise TooManyError
        self._looked_for += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._finders, writekey.find, body, known)
        finally:
            self._looked_for -= 1

    @asynccontextmanager
    async def reading(self, body: bytes, read: Callable[[bytes], T]) -> AsyncIterator[T]:
        """Return what `read` makes of an inflated body; there is memory for it inside the context.

        Raises:
            TooManyError: too many bodies wait for memory.
            TooLargeError, DamagedError: as `inflate` has it.
        """
        if _is_small(body):
            size = claimed_size(body)
            async with self._memory.room(size):
                yield read(_inflate(body, size))
            return
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as held:
            async with self._turn():
                inflated = await loop.run_in_executor(self._readers, inflate, body)
                await held.enter_async_context(self._memory.room(len(inflated)))
            yield await loop.run_in_executor(self._readers, _read, inflated, read)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for a turn to be inflated: of all bodies that wait for memory, one is.

        So a body is charged by what it is. Charged by what it announces, a few hundred bytes would
        keep others waiting for as much memory as the largest body needs.

        Raises:
            TooManyError: too many wait for it.
        """
        if self._turns > WAITING_MAX:
            raise TooManyError
        self._turns += 1
        try:
            async with self._inflating:
                yield
        finally:
            self._turns -= 1


def _is_small(body: bytes) -> bool:
    """Return whether a body is little work, if no more is inflated of it than it announces.

    What it announces is not enough: blocks of gzip that hold nothing take time, and no room.
    """
    sent = len(body) * (PACKED_COST if is_gzip(body) else 1)
    return max(sent, claimed_size(body)) <= LARGE


def _read(inflated: bytes, read: Callable[[bytes], T]) -> T:
    check_objects(inflated)  # a small body cannot have too many
    return read(inflated)


def _inflate(body: bytes, size: int) -> bytes:
    """Return a body inflated, and not more of it than there is memory for."""
    try:
        return inflate(body, most=size)
    except TooLargeError:
        raise DamagedError from None  # gzip's end says another size


def _thread(name: str) -> ThreadPoolExecutor:
    """Return a thread that is there already: there may be none to be had when it is needed."""
    executor = ThreadPoolExecutor(1, thread_name_prefix=name)
    executor.submit(int).result()
    return executor


class Memory:
    """Memory for reading and storing bodies: those that come first have it first."""

    def __init__(self, most: int = WORK_MAX) -> None:
        self._free = most
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Have memory for a body of `size` bytes, inflated, until what it holds is stored.

        Raises:
            TooManyError: too many wait for it.
        """
        weight = size * GROWTH
        if self._waiting or weight > self._free:
            if len(self._waiting) >= WAITING_MAX:
                raise TooManyError
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((weight, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():  # it was given already
                    self._free += weight
                self._serve()
                raise
        else:
            self._free -= weight
        try:
            yield
        finally:
            self._free += weight
            self._serve()

    def _serve(self) -> None:
        while self._waiting:
            weight, turn = self._waiting[0]
            if not turn.cancelled():
                if weight > self._free:
                    return
                self._free -= weight
                turn.set_result(None)
            self._waiting.popleft()
