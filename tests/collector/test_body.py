from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from litestar import Request

from aboveboard.collector.body import Bodies, TooLongError, TooManyError
from aboveboard.collector.inflate import WIRE_MAX


class Coming:
    """A request whose body comes in parts, as far as `Bodies` looks at one."""

    def __init__(self, *parts: bytes, length: str | None = None, pause: float = 0) -> None:
        self.headers = {} if length is None else {"content-length": length}
        self.parts = parts
        self.pause = pause
        self.taken = 0

    async def stream(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            await asyncio.sleep(self.pause)
            self.taken += 1
            yield part


def request(coming: Coming) -> Request[Any, Any, Any]:
    return cast("Request[Any, Any, Any]", coming)


def read(coming: Coming, *, keep: bool = True, seconds: float = 60) -> bytes | None:
    return asyncio.run(Bodies(seconds=seconds).read(request(coming), keep=keep))


def test_a_body_is_its_parts() -> None:
    assert read(Coming(b"a", b"", b"bc")) == b"abc"
    assert read(Coming()) == b""


def test_a_body_that_is_too_large_is_read_to_its_end_and_not_kept() -> None:
    large = Coming(b"x" * WIRE_MAX, b"x", b"x")
    assert read(large) is None
    assert large.taken == 3


def test_a_body_that_nobody_wants_is_read_to_its_end_and_not_kept() -> None:
    unwanted = Coming(b"a", b"b")
    assert read(unwanted, keep=False) == b""
    assert unwanted.taken == 2


def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    with pytest.raises(TooLongError):
        read(Coming(b"a", pause=30), seconds=0.01)


def test_no_more_is_held_than_there_is_room_for() -> None:
    bodies = Bodies(held_max=100)
    half = request(Coming(length="50"))
    with (
        bodies.room(half),
        bodies.room(half),
        pytest.raises(TooManyError),
        bodies.room(request(Coming(length="1"))),
    ):
        pass
    with bodies.room(half), bodies.room(half):  # what was given back can be had again
        pass


@pytest.mark.parametrize("length", [None, "", "many", "-1"])
def test_a_body_of_unknown_length_is_taken_for_the_largest(length: str | None) -> None:
    unknown = request(Coming(length=length))
    with pytest.raises(TooManyError), Bodies(held_max=WIRE_MAX - 1).room(unknown):
        pass
    with Bodies(held_max=WIRE_MAX).room(unknown):
        pass
