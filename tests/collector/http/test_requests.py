"""Requests that no client sends: whatever comes, the answer is not a fault of the collector."""

from __future__ import annotations

import gzip
import json
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.collector.protocols.batches import event
from tests.collector.tool import Install, Server, add_project, new_id

TIMES = 400

SECRET = "correct-horse-battery"

SPLICES = [
    b"\x00",
    b"\xff\xfe",
    b"\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Authorization: Basic \xff\r\n",
    b"%00%ff",
    b"?token=%F0%9F&api_key[]=",
    b'{"batch":[',
    b"1e999",
    b"-1",
    b'"\\ud800"',
    b"null",
]


@pytest.fixture(scope="module")
def closed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A collector that asks for a secret."""
    data = tmp_path_factory.mktemp("closed")
    add_project(data)
    running = Server(data, "--admin-secret", SECRET)
    yield running
    running.stop()


def answer(server: Server, sent: bytes, *, patience: float = 30) -> bytes:
    """Send bytes; return the answer's status, or nothing where the connection was just closed.

    Args:
        server: Who answers.
        sent: What is sent.
        patience: Seconds after which the sender says that no more will come.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience) as connection:
        said = b""
        try:
            connection.sendall(sent)
            try:
                said = connection.recv(4096)
            except TimeoutError:
                connection.settimeout(30)
                connection.shutdown(socket.SHUT_WR)
                said = connection.recv(4096)
        except ConnectionError:
            pass
    return said.split(b" ")[1] if said.startswith(b"HTTP/") else b""


def head(key: str, path: str, length: int, *more: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Content-Length: {length}",
        f"Authorization: Bearer {key}",
        f"Idempotency-Key: {new_id()}",
        *more,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def whole(key: str) -> list[bytes]:
    """Return requests as clients send them."""
    batch = json.dumps({"api_key": key, "batch": [event("launched", uuid=new_id())]}).encode()
    segment = Install().segment(2)
    bodies = [("/batch/", batch), ("/e/", batch), ("/v1/events", segment)]
    sent = [head(key, path, len(body)) + body for path, body in bodies]
    for path, body in bodies:
        packed = gzip.compress(body)
        sent.append(head(key, path, len(packed), "Content-Encoding: gzip") + packed)
    paths = ("/", "/metrics", "/flags?v=2", "/array/x/config", "/insights/models.json?since=7d")
    return sent + [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in paths]


def mutated(sent: bytes, dice: random.Random) -> bytes:
    changed = bytearray(sent)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0:
                changed[place : place + dice.randint(1, 20)] = b""
            case 1:
                changed[place:place] = dice.choice(SPLICES)
            case 2:
                changed[place : place + 1] = dice.randbytes(1)
            case 3:
                other = dice.randrange(len(changed) + 1)
                changed[place:place] = changed[other : other + 40]
            case _:
                lines = bytes(changed).split(b"\r\n")
                lines.insert(dice.randint(1, len(lines)), dice.choice(SPLICES).strip())
                changed = bytearray(b"\r\n".join(lines))
    return bytes(changed)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_request_is_no_fault_of_the_collectors(server: Server, seed: int) -> None:
    dice = random.Random(seed)
    kinds = whole(server.key())
    assert [answer(server, sent) for sent in kinds] == [b"200"] * len(kinds)
    for _ in range(TIMES // 4):
        sent = mutated(dice.choice(kinds), dice)
        status = answer(server, sent, patience=0.2)
        assert not status.startswith(b"5") or status == b"503", sent
    assert server.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("path", ["/batch/", "/v1/events"])
@pytest.mark.parametrize("key", ["known", "unknown"])
class TestUnclearLengths:
    def test_with_two_ways_to_tell_the_length_nothing_can_be_hidden_behind_the_body(
        self, server: Server, path: str, key: str
    ) -> None:
        """RFC 9112, 6.1: the chunks count, and the connection is closed behind them."""
        key = server.key() if key == "known" else "nope"
        hidden = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        opening = head(key, path, 5 + len(hidden), "Transfer-Encoding: chunked")
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(opening + b"0\r\n\r\n" + hidden)
            said = b""
            with suppress(ConnectionError):
                while part := connection.recv(4096):
                    said += part
        assert said.count(b"HTTP/1.1 ") == 1
        assert int(said.split(b" ")[1]) < 500

    def test_a_framing_that_is_not_known_is_refused(
        self, server: Server, path: str, key: str
    ) -> None:
        key = server.key() if key == "known" else "nope"
        for framing in ("identity", "gzip", "chunked, gzip"):
            sent = head(key, path, 5, f"Transfer-Encoding: {framing}") + b"0\r\n\r\n"
            assert answer(server, sent) == b"400", framing

    def test_a_body_that_ends_early_is_refused(self, server: Server, path: str, key: str) -> None:
        key = server.key() if key == "known" else "nope"
        for body in (b"", b"{", gzip.compress(b"{}")):
            assert answer(server, head(key, path, 100) + body, patience=0.2) in (b"400", b"")

    def test_a_chunk_that_is_none_is_refused(self, server: Server, path: str, key: str) -> None:
        key = server.key() if key == "known" else "nope"
        opening = head(key, path, 0, "Transfer-Encoding: chunked").replace(
            b"Content-Length: 0\r\n", b""
        )
        for chunks in (b"zz\r\n", b"5\r\nab", b"ffffffffffffffffff\r\n"):
            assert answer(server, opening + chunks, patience=0.2) in (b"400", b"")


@pytest.mark.parametrize("path", ["/", "/quarantine.json", "/insights/models", "/insights/no.json"])
@pytest.mark.parametrize("secret", [True, False])
def test_a_host_that_is_no_address_is_no_fault_of_the_collectors(
    server: Server, closed_server: Server, path: str, secret: bool
) -> None:
    for host in ("localhost:99999", "a:b", "[::1", "[zz]", "[::1]x", "a@b:80", "", ":"):
        sent = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        if secret:
            sent += f"Authorization: Bearer {SECRET}\r\n"
        said = answer(closed_server if secret else server, sent.encode() + b"\r\n")
        assert said in {b"200", b"400", b"403", b"404"}, host


def test_the_first_page_s_commands_have_an_address_also_where_the_host_is_none(
    closed_server: Server,
) -> None:
    for host, shown in (
        ("a:b", f"http://127.0.0.1:{closed_server.port}"),
        ("[::1", f"http://127.0.0.1:{closed_server.port}"),
        ("stats.example:81", "http://stats.example:81"),
    ):
        told = {"Host": host, "Authorization": f"Bearer {SECRET}"}
        page = closed_server.request("GET", "/", headers=told)
        assert shown in page.body.decode()
