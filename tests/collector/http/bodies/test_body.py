from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aboveboard.collector.http.bodies import body as bodies_of
from aboveboard.collector.http.bodies.body import (
    DRAIN_MAX,
    PARTS_MAX,
    UNKNOWN_PARTS_MAX,
    Bodies,
    CutOffError,
    TooLongError,
    TooManyError,
)
from aboveboard.collector.http.bodies.inflate import WIRE_MAX


class Coming:
    """A body that comes in parts, as an ASGI server tells of it."""

    def __init__(self, *parts: bytes, pause: float = 0, ends: bool = True) -> None:
        self.parts = parts
        self.pause = pause
        self.ends = ends
        self.taken = 0

    async def __call__(self) -> Any:
        await asyncio.sleep(self.pause)
        if self.taken == len(self.parts):
            if self.ends:
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.disconnect"}
        self.taken += 1
        return {"type": "http.request", "body": self.parts[self.taken - 1], "more_body": True}


def read(
    coming: Coming, *, keep: bool = True, seconds: float = 60, known: bool = True
) -> bytes | None:
    async def whole() -> bytes | None:
        with Bodies(seconds=seconds).coming(known=known) as body:
            return await body.read(coming, keep=keep)

    return asyncio.run(whole())


def test_a_body_is_its_parts() -> None:
    assert read(Coming(b"a", b"", b"bc")) == b"abc"
    assert read(Coming()) == b""


def test_a_body_that_is_too_large_is_read_to_its_end_and_not_kept() -> None:
    large = Coming(b"x" * WIRE_MAX, b"x", b"x")
    assert read(large) is None
    assert large.taken == 3


def test_a_body_that_goes_on_and_on_is_not_read_for_ever() -> None:
    endless = Coming(*[b"x" * WIRE_MAX] * 10)
    assert read(endless) is None
    assert endless.taken == DRAIN_MAX // WIRE_MAX + 1


def test_a_body_that_nobody_wants_is_read_to_its_end_and_not_kept() -> None:
    unwanted = Coming(b"a", b"b")
    assert read(unwanted, keep=False) == b""
    assert unwanted.taken == 2


def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    with pytest.raises(TooLongError):
        read(Coming(b"a", pause=30), seconds=0.01)


def test_a_body_whose_sender_has_gone_is_given_up() -> None:
    with pytest.raises(CutOffError):
        read(Coming(b"a", ends=False))


@pytest.mark.parametrize(("known", "most"), [(True, PARTS_MAX), (False, UNKNOWN_PARTS_MAX)])
def test_a_body_in_countless_parts_is_given_up(
    known: bool, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies_of, "PAUSE", 0)
    assert read(Coming(*[b"x"] * (most - 1)), known=known) == b"x" * (most - 1)
    with pytest.raises(TooLongError):
        read(Coming(*[b"x"] * (most + 1)), known=known)


class Held:
    """A body that has so many bytes here, and waits for more."""

    def __init__(self, bodies: Bodies, size: int, *, known: bool) -> None:
        self.ended = asyncio.Event()
        self.outcome = asyncio.create_task(self.read(bodies, size, known))

    async def read(self, bodies: Bodies, size: int, known: bool) -> None:
        parts = iter([b"x" * size])

        async def receive() -> Any:
            part = next(parts, None)
            if part is None:
                await self.ended.wait()
            return {"type": "http.request", "body": part or b"", "more_body": part is not None}

        with bodies.coming(known=known) as body:
            await body.read(receive)
            await self.ended.wait()

    async def settles(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


async def hold(bodies: Bodies, *sizes: int, known: bool) -> list[Held]:
    held = []
    for size in sizes:
        held.append(Held(bodies, size, known=known))
        await held[-1].settles()
    return held


@pytest.mark.parametrize("known", [True, False])
def test_what_counts_is_what_has_come_and_the_oldest_gives_way(known: bool) -> None:
    async def scene() -> None:
        bodies = Bodies(known_max=100, unknown_max=100)
        old, middle, new = await hold(bodies, 50, 50, 50, known=known)
        with pytest.raises(TooManyError):
            await old.outcome
        for held in (middle, new):
            assert not held.outcome.done()
            held.ended.set()
            await held.outcome
        (last,) = await hold(bodies, 100, known=known)  # what was given back can be had again
        last.ended.set()
        await last.outcome

    asyncio.run(scene())


def test_those_without_a_known_key_take_nothing_from_those_with_one() -> None:
    async def scene() -> None:
        bodies = Bodies(known_max=100, unknown_max=10)
        (known,) = await hold(bodies, 100, known=True)
        (unknown,) = await hold(bodies, 11, known=False)
        with pytest.raises(TooManyError):
            await unknown.outcome
        assert not known.outcome.done()
        known.ended.set()
        await known.outcome

    asyncio.run(scene())


def test_a_body_that_is_here_as_a_whole_does_not_give_way() -> None:
    async def scene() -> None:
        bodies = Bodies(known_max=100)
        with bodies.coming(known=True) as whole:
            assert await whole.read(Coming(b"x" * 60)) == b"x" * 60
            (late,) = await hold(bodies, 60, known=True)
            with pytest.raises(TooManyError):
                await late.outcome

    asyncio.run(scene())


def test_a_body_whose_key_was_found_makes_room_for_others() -> None:
    async def scene() -> None:
        bodies = Bodies(known_max=100, unknown_max=60)
        with bodies.coming(known=False) as found:
            await found.read(Coming(b"x" * 60))
            bodies.promote(found)
            (late,) = await hold(bodies, 60, known=False)
            assert not late.outcome.done()
            late.ended.set()
            await late.outcome
        (all_of_it,) = await hold(bodies, 100, known=True)
        assert not all_of_it.outcome.done()
        all_of_it.ended.set()
        await all_of_it.outcome

    asyncio.run(scene())
