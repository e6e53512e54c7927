from __future__ import annotations

import asyncio
import gzip
import threading

import pytest

from aboveboard.collector.http.bodies.body import TooManyError
from aboveboard.collector.http.bodies.desk import GROWTH, LARGE, WAITING_MAX, Desk, Memory
from aboveboard.collector.http.bodies.inflate import (
    INFLATED_MAX,
    OBJECTS_MAX,
    DamagedError,
    TooLargeError,
    TooManyObjectsError,
)
from tests.collector.bombs import blocks


def thread_that_reads(body: bytes) -> str:
    async def scene() -> str:
        async with Desk().reading(body, lambda _: threading.current_thread().name) as name:
            return name

    return asyncio.run(scene())


def thread_that_looks(body: bytes) -> str:
    async def scene() -> str:
        names: list[str] = []

        def is_known(key: str) -> bool:
            names.append(threading.current_thread().name)
            return key == "known"

        assert await Desk().find_key(body, is_known) == "known"
        return names[0]

    return asyncio.run(scene())


def blown_up(content: bytes, size: int) -> bytes:
    """Return gzip of at least `size` bytes: most of its blocks hold nothing."""
    packed = gzip.compress(content)
    empty = b"\x00\x00\x00\xff\xff"
    return packed[:10] + empty * (size // len(empty)) + packed[10:]


def size_read(body: bytes) -> int:
    async def scene() -> int:
        async with Desk().reading(body, len) as size:
            return size

    return asyncio.run(scene())


def test_a_large_body_is_read_by_another_thread_than_who_answers() -> None:
    assert thread_that_reads(b"x" * LARGE) == threading.current_thread().name
    assert thread_that_reads(b"x" * (LARGE + 1)).startswith("reader")
    assert thread_that_reads(gzip.compress(b"x" * (LARGE + 1))).startswith("reader")


def test_a_body_is_as_large_as_it_came_however_little_it_announces() -> None:
    content = b'{"api_key": "known"}'
    small, large = gzip.compress(content), blown_up(content, LARGE + 5)
    assert gzip.decompress(large) == content
    assert thread_that_reads(small) == thread_that_looks(small) == threading.current_thread().name
    assert thread_that_reads(large).startswith("reader")
    assert thread_that_looks(large).startswith("finder")


def test_gzip_of_much_work_is_read_by_another_thread_however_little_it_is() -> None:
    content = b'{"api_key": "known"}'
    small, large = blocks(1000, content=content), blocks(LARGE // 2, content=content)
    assert thread_that_reads(small) == thread_that_looks(small) == threading.current_thread().name
    assert thread_that_reads(large).startswith("reader")
    assert thread_that_looks(large).startswith("finder")


def test_no_key_is_looked_for_beyond_what_a_small_body_announced() -> None:
    content = b'{"api_key": "known", "batch": []}' + b" " * 1_000_000
    for text in (content[:1000], content):
        packed = gzip.compress(text)
        with pytest.raises(DamagedError):
            thread_that_looks(packed[:-4] + (10).to_bytes(4, "little"))
    assert thread_that_looks(gzip.compress(content)).startswith("finder")


def test_no_more_is_inflated_than_the_body_announced() -> None:
    bomb = gzip.compress(b"x" * 1_000_000)
    for announced in (0, 10, LARGE, 999_999):
        with pytest.raises((TooLargeError, DamagedError)):
            size_read(bomb[:-4] + announced.to_bytes(4, "little"))
    assert size_read(bomb) == 1_000_000


def test_a_body_that_announces_too_much_is_refused() -> None:
    with pytest.raises(TooLargeError):
        size_read(gzip.compress(b"x" * (INFLATED_MAX + 1)))


def test_a_body_is_charged_by_what_it_is_and_not_by_what_it_announces() -> None:
    liar = gzip.compress(b"x" * 2 * LARGE)[:-4] + INFLATED_MAX.to_bytes(4, "little")

    async def scene() -> None:
        desk = Desk(work_max=INFLATED_MAX * GROWTH)
        async with desk.reading(b"x" * 2 * LARGE, len), asyncio.timeout(30):
            with pytest.raises(DamagedError):
                async with desk.reading(liar, len):
                    pass
            async with desk.reading(gzip.compress(b"x" * 2 * LARGE), len) as size:
                assert size == 2 * LARGE

    asyncio.run(scene())


def test_a_body_that_waits_for_memory_has_it_when_others_have_given_it_back() -> None:
    async def scene() -> None:
        desk = Desk(work_max=3 * LARGE * GROWTH)

        async def size() -> int:
            async with desk.reading(gzip.compress(b"x" * 2 * LARGE), len) as found:
                return found

        async with desk.reading(b"x" * 2 * LARGE, len):
            waiting = [asyncio.create_task(size()) for _ in range(WAITING_MAX + 2)]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert [type(each.exception()) for each in done] == [TooManyError]
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert told[:-1] == [2 * LARGE] * (WAITING_MAX + 1)

    asyncio.run(scene())


def test_a_body_of_countless_objects_is_refused_before_it_is_read() -> None:
    assert size_read(b"{}" * OBJECTS_MAX) == 2 * OBJECTS_MAX
    for objects in (b"{}" * (OBJECTS_MAX + 1), b"[" * (OBJECTS_MAX + 1)):
        with pytest.raises(TooManyObjectsError):
            size_read(objects)


def test_who_comes_first_has_memory_first_and_nobody_is_forgotten() -> None:
    async def scene() -> None:
        memory = Memory(10 * GROWTH)
        order: list[str] = []
        release = asyncio.Event()

        async def work(name: str, size: int) -> None:
            async with memory.room(size):
                order.append(name)
                await release.wait()

        async def begin(name: str, size: int) -> asyncio.Task[None]:
            task = asyncio.create_task(work(name, size))
            await asyncio.sleep(0)
            return task

        first = await begin("first", 6)
        second = await begin("second", 6)
        small = await begin("small", 1)
        assert order == ["first"]
        second.cancel()
        await asyncio.wait([second])
        await asyncio.sleep(0)
        assert order == ["first", "small"]
        release.set()
        await asyncio.gather(first, small)
        async with memory.room(10):  # all was given back
            pass

    asyncio.run(scene())


def test_too_many_that_wait_are_asked_to_come_back() -> None:
    async def scene() -> None:
        memory = Memory(GROWTH)
        async with memory.room(1):
            waiting = [asyncio.ensure_future(_enter(memory)) for _ in range(WAITING_MAX)]
            await asyncio.sleep(0)
            with pytest.raises(TooManyError):
                await _enter(memory)
        await asyncio.gather(*waiting)

    asyncio.run(scene())


async def _enter(memory: Memory) -> None:
    async with memory.room(1):
        pass
