from __future__ import annotations

import asyncio
from typing import Any

from aboveboard.collector.http.authentication.callers import Caller, Callers


class FakeCollector:
    """Knows no key, but how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.meanwhile: Any = None

    def reader(self, key: str) -> Any:
        self.asked.append(key)
        if self.meanwhile is not None:
            self.meanwhile()


def test_requests_of_one_turn_of_the_loop_share_a_look_and_those_after_it_have_their_own() -> None:
    collector: Any = FakeCollector()
    callers = Callers(collector)

    async def request(key: str | None) -> None:
        assert callers.of(key) == Caller(key, None, None)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        later: list[asyncio.Task[None]] = []

        async def first() -> None:
            await request("one")
            # Comes while the turn goes on, and after the look: it must have another.
            later.append(loop.create_task(request("one")))

        await asyncio.gather(first(), request("one"), request("two"), request(None))
        await asyncio.gather(*later)
        assert collector.asked == ["one", "two", "one"]

    asyncio.run(serve())


def test_who_comes_while_it_is_looked_has_a_look_of_its_own() -> None:
    collector: Any = FakeCollector()
    callers = Callers(collector)

    async def serve() -> None:
        def meanwhile() -> None:
            collector.meanwhile = None
            asyncio.get_running_loop().call_soon(callers.of, "one")

        collector.meanwhile = meanwhile
        callers.of("one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(serve())
    assert collector.asked == ["one", "one"]
