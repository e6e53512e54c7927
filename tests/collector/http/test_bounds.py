"""What one request can cost: of a collector that runs, and of the process that it is."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.client
import json
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard.collector.http.bodies.inflate import INFLATED_MAX, OBJECTS_MAX, WIRE_MAX, is_gzip
from aboveboard.collector.http.bodies.writekey import LOOKED_AT_MAX
from aboveboard.collector.protocols.posthog import EVENTS_MAX
from aboveboard.collector.protocols.segment import LINES_MAX
from tests.collector.bombs import blocks
from tests.collector.protocols.batches import body, event
from tests.collector.texts import encoded, values
from tests.collector.tool import Install, Server, new_id
from tests.conftest import examples

MIB = 2**20

KEY_PLACES = {
    "first": b'{"api_key":"%s","batch":[%s]}',
    "last": b'{"batch":[%s],"api_key":"%s"}',
}


def batch(key: str, events: bytes, place: str = "last") -> bytes:
    """Return a batch with its key before or after the events; as it is, invented events and all."""
    parts = (key.encode(), events) if place == "first" else (events, key.encode())
    return KEY_PLACES[place] % parts


def honest(key: str, size: int) -> bytes:
    """Return a batch of so many bytes as PostHog's Python client makes it, its key at the end."""
    dice = random.Random(7)
    events: list[bytes] = []
    while sum(len(each) for each in events) < size:
        told = event("launched", uuid=new_id(), note=f"{dice.getrandbits(80_000):x}")
        events.append(json.dumps(told).encode())
    return batch(key, b",".join(events))


def bombs(key: str) -> dict[str, tuple[str, bytes]]:
    """Return bodies that are small on the wire, or costly to read: the path, and the body."""
    k = key.encode()
    packed = {
        "objects": batch(key, b'{"":0},' * 3_300_000 + b"{}", "first"),
        "objects within the size": batch(key, b'{"":0},' * 800_000 + b"{}"),
        "not numbers": batch(key, b'{"x":NaN},' * 500_000 + b"{}"),
        "nested": b'{"batch":' + b"[" * 5_000_000 + b"]" * 5_000_000 + b',"api_key":"%s"}' % k,
        "nested within the size": batch(key, b"[" * 70_000 + b"]" * 70_000),
        "texts": batch(key, b'"",' * 1_900_000 + b'""'),
        "names of keys": b'"token":"x",' * 500_000,
        "zeros": b"\0" * 50_000_000,
        "tables": blocks(LOOKED_AT_MAX - 1),
        "tables and matches": blocks(LOOKED_AT_MAX - 1, matches=1),
        "tables that announce less": blocks(LOOKED_AT_MAX - 1, matches=1)[:-4] + bytes(4),
        "packed twice": gzip.compress(gzip.compress(b"\0" * 50_000_000)),
    }
    lines = {
        "lines": b"1\n" * 12_000_000,
        "lines within the size": b"1\n" * 3_000_000,
        "one long line": b'{"event":"' + b"x" * 20_000_000 + b'"}\n',
        "properties": b'{"event":"e","properties":{%s}}\n'
        % b",".join(b'"p%d":1' % number for number in range(500_000)),
    }
    plain = {
        "plain": b'{"batch":"' + b"x" * (WIRE_MAX - 200) + b'","api_key":"%s"}' % k,
        "more than is taken": b"x" * (2 * WIRE_MAX),
        "noise that is gzip": gzip.compress(random.Random(1).randbytes(LOOKED_AT_MAX - 1000), 0),
    }
    return {
        **{
            name: ("/batch/", sent if is_gzip(sent) else gzip.compress(sent))
            for name, sent in packed.items()
        },
        **{name: ("/v1/events", gzip.compress(sent)) for name, sent in lines.items()},
        **{name: ("/batch/", sent) for name, sent in plain.items()},
    }


NAMES = (
    *("objects", "objects within the size", "not numbers", "nested", "nested within the size"),
    *("texts", "names of keys", "zeros", "tables", "tables and matches"),
    *("tables that announce less", "packed twice"),
    *("lines", "lines within the size", "one long line", "properties"),
    *("plain", "more than is taken", "noise that is gzip"),
)


@functools.cache
def keyless() -> dict[str, tuple[str, bytes]]:
    """Return the bodies with a key that nobody knows; once, as packing them takes a second."""
    return bombs("nope")


class Watched:
    """A collector whose memory is looked at."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._process = Path(f"/proc/{server.process.pid}")

    def memory(self, name: str) -> int:
        lines = (self._process / "status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024

    def grown(self, work: Callable[[], object]) -> int:
        """Return by how much memory had grown at its peak, while something was done."""
        (self._process / "clear_refs").write_text("5")
        before = self.memory("VmRSS")
        work()
        return self.memory("VmHWM") - before

    def post(self, path: str, sent: bytes, key: str = "nope") -> int:
        told = {"Authorization": f"Bearer {key}", "Idempotency-Key": new_id()}
        return self.server.request("POST", path, sent, told if path == "/v1/events" else {}).status


@pytest.fixture
def watched(server: Server) -> Watched:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells a process's peak of memory")
    return Watched(server)


class TestWithoutAKey:
    def test_each_body_has_a_test(self) -> None:
        assert tuple(keyless()) == NAMES

    @pytest.mark.parametrize("name", NAMES)
    def test_no_body_takes_more_than_32_mib(self, watched: Watched, name: str) -> None:
        path, sent = keyless()[name]
        statuses: list[int] = []
        assert watched.grown(lambda: statuses.append(watched.post(path, sent))) < 32 * MIB
        assert statuses[0] in (400, 401, 413)

    def test_forty_at_once_share_a_small_account(self, watched: Watched) -> None:
        def flood() -> None:
            at_once(lambda _: watched.post(*keyless()["plain"]), 40)

        # What is held, copies of what is being looked through, and what the server buffers.
        assert watched.grown(flood) < 160 * MIB

    @given(
        st.one_of(
            st.binary(max_size=2000),
            values.map(encoded),
            st.builds(
                lambda unit, times: unit * times,
                st.sampled_from(
                    [b"{}", b"[", b'"",', b'{"":[0]},', b'"token":"', b"\x1f\x8b", b" "]
                ),
                st.integers(0, 1_000_000),
            ),
        ),
        st.integers(0, 2),
        st.integers(0, 8),
        st.sampled_from(["/batch/", "/v1/events", "/e/"]),
    )
    @settings(max_examples=examples(60), deadline=None)
    def test_whatever_comes_is_refused_within_the_bound(
        self, watched: Watched, content: bytes, packings: int, cut: int, path: str
    ) -> None:
        sent = batch("nope", content)
        for _ in range(packings):
            sent = gzip.compress(sent)
        sent = sent[: len(sent) - cut]
        statuses: list[int] = []
        assert watched.grown(lambda: statuses.append(watched.post(path, sent))) < 32 * MIB
        assert statuses[0] in (400, 401, 413)


class TestWithAKey:
    @pytest.mark.thorough
    def test_forty_of_the_worst_at_once_stay_below_a_gibibyte(
        self, watched: Watched, server: Server
    ) -> None:
        key = server.key()
        worst = [*bombs(key).values(), ("/batch/", honest(key, 5 * MIB))]
        statuses = set()

        def each(number: int) -> None:
            statuses.add(watched.post(*worst[number % len(worst)], key=key))

        watched.grown(lambda: at_once(each, 40))
        assert watched.memory("VmHWM") < 1024 * MIB
        assert statuses <= {200, 400, 401, 413, 503}
        assert server.request("GET", "/healthz").status == 200

    @pytest.mark.parametrize("place", ["first", "last"])
    def test_each_bound_of_a_batch_is_told(self, server: Server, place: str) -> None:
        key = server.key()
        for sent, status, reason in (
            (b"{}," * EVENTS_MAX + b"{}", 413, f"more than {EVENTS_MAX} events"),
            (b"{}," * (OBJECTS_MAX + 1) + b"{}", 413, f"{OBJECTS_MAX} objects and lists"),
            (b" " * (INFLATED_MAX + 1), 413, f"{INFLATED_MAX} bytes when inflated"),
            (b"[" * 60_000 + b"]" * 60_000, 400, "nested too deeply"),
            (
                encoded({"event": "e", "properties": dict.fromkeys(map(str, range(501)))}),
                400,
                "more than 500 properties",
            ),
        ):
            packed = gzip.compress(batch(key, sent, place))
            for _ in range(20):  # the look for the key ends after 30 ms of a processor that is busy
                answer = server.request("POST", "/batch/", packed)
                if b"takes too long" not in answer.body:
                    break
            if place == "last" and b"takes too long" in answer.body:  # a processor that is slow
                status, reason = 413, "Authorization: Bearer"
            assert answer.status == status, answer.body
            assert reason in str(answer.json()["error"])

    def test_each_bound_of_a_segment_is_told(self, server: Server) -> None:
        answer = server.send(server.key(), b"\n" * (LINES_MAX + 1))
        assert answer.status == 413
        assert f"more than {LINES_MAX} lines" in str(answer.json()["error"])

    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_the_largest_batch_of_an_honest_client_is_taken(
        self, server: Server, pack: type[bytes]
    ) -> None:
        told = json.dumps(event("launched", uuid=new_id(), note="some words " * 4000)).encode()
        sent = batch(server.key(), b", ".join([told] * (5 * MIB // len(told))))
        assert len(sent) > 5 * MIB - len(told)
        assert server.request("POST", "/batch/", pack(sent)).status == 200

    def test_a_gzip_too_large_to_look_for_a_key_is_taken_with_the_key_beside_it(
        self, server: Server
    ) -> None:
        key = server.key()
        sent = gzip.compress(honest(key, 5 * MIB))
        assert len(sent) > LOOKED_AT_MAX
        answer = server.request("POST", "/batch/", sent)
        assert answer.status == 413
        assert "Authorization: Bearer" in str(answer.json()["error"])
        told = {"Authorization": f"Bearer {key}"}
        assert server.request("POST", "/batch/", sent, told).status == 200
        assert server.request("POST", f"/batch/?token={key}", sent).status == 200


class TestWhichKeyCounts:
    def test_a_key_beside_the_body_is_taken_where_the_body_has_none(self, server: Server) -> None:
        sent = body(event("launched"), api_key="")
        assert server.request("POST", "/batch/", sent).status == 400
        for path, told in (
            (f"/batch/?api_key={server.key()}", {}),
            ("/e/", {"Authorization": f"Bearer {server.key()}"}),
        ):
            assert server.request("POST", path, sent, told).status == 200

    def test_a_known_key_inside_a_property_opens_nothing(self, server: Server) -> None:
        key = server.key()
        for note in ({"api_key": key}, json.dumps({"api_key": key}), f'"api_key": "{key}"'):
            told = event("launched", properties={"deep": note})
            for sent in (body(told, api_key="wrong"), encoded({"batch": [told]})):
                assert server.request("POST", "/batch/", sent).status in (400, 401)


class TestSlowSenders:
    def test_forty_that_announce_much_and_send_nothing_hold_up_nobody(self, server: Server) -> None:
        with contextlib.ExitStack() as opened:
            for path in ["/batch/", "/v1/events"] * 20:
                announce(opened, server, path, server.key())
            assert server.send(server.key(), Install().start()).status == 200
            sent = body(event("launched"), api_key=server.key())
            assert server.request("POST", "/batch/", sent).status == 200

    def test_those_that_send_much_and_do_not_end_give_way(self, server: Server) -> None:
        with contextlib.ExitStack() as opened:
            slow = [announce(opened, server, "/batch/", "nope") for _ in range(40)]
            for each in slow:
                with contextlib.suppress(OSError):  # it had to give way already
                    each.sendall(b"x" * (5 * MIB))
            sent = honest(server.key(), MIB)
            assert server.request("POST", "/batch/", sent).status == 200


def announce(opened: contextlib.ExitStack, server: Server, path: str, key: str) -> socket.socket:
    """Begin a request for `WIRE_MAX` bytes."""
    connection = opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {WIRE_MAX}\r\n"
        f"Authorization: Bearer {key}\r\nIdempotency-Key: {new_id()}\r\n\r\n".encode()
    )
    return connection


def at_once(work: Callable[[int], object], times: int) -> None:
    def one(number: int) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):  # answered before it was read
            work(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
