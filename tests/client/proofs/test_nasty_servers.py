"""Collectors that are broken, hostile or not ours: the child ends, nothing is lost or led away."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.recipients.target import PAUSE_MAX_SECONDS, VARIABLE, Target, paused
from aboveboard.client.recording import segment
from tests.certificates import certificates as certificates
from tests.client.children import children_of
from tests.client.conftest import Tool
from tests.client.places import NOBODY, send_to
from tests.conftest import in_turn

Until = Callable[[Callable[[], bool]], None]
Answer = Callable[[socket.socket], None]
TLS_HANDSHAKE = 0x16
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Takes connections on loopback, reads a request from each, and lets `answer` answer."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._take, daemon=True)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the child has gone
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while request := _request(connection):
                self.requests.append(request)
                self._answer(connection)
            connection.shutdown(socket.SHUT_RDWR)


def _request(connection: socket.socket) -> bytes:
    """Read one request, with its body; return b"" where there is none that can be read."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more or more[0] == TLS_HANDSHAKE:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            left = int(line.partition(b":")[2]) - len(body)
            while left > 0:
                more = connection.recv(left)
                body, left = body + more, left - len(more)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers = []

    def start(answer: Answer, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(answer, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A target for an install that has agreed, with two segments waiting."""
    state = tmp_path / "analytics.json"
    user_id = StateFile(str(state)).agree({"x": {}}, NOBODY).user_id
    made = Target(directory=str(tmp_path / "app"), state=str(state), endpoint=NOBODY, key="key")
    Path(made.segments).mkdir(parents=True)
    for number in range(2):
        path = Path(made.segments) / f"00000000-0000-4000-8000-00000000000{number}.jsonl"
        path.write_text(f'{{"event": "x", "properties": {{}}, "user_id": "{user_id}"}}\n')
        os.utime(path, (time.time() - 10 + number,) * 2)
    return made


# The child as it is, but for its bounds.
CHILD = """
import sys
from aboveboard.client.delivery import connection, upload
upload.WALL_CLOCK_SECONDS = int(sys.argv[1])
connection.REQUEST_SECONDS = float(sys.argv[2])
upload.main()
"""


def send(target: Target, *, seconds: int = 30, patience: float = 10) -> int:
    """Run the child; return how it ended."""
    return subprocess.run(
        [sys.executable, "-I", "-c", CHILD, str(seconds), str(patience)],
        env={VARIABLE: target.as_json(), "no_proxy": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        check=False,
    ).returncode


def says(data: bytes) -> Answer:
    """Answer with `data`, and hang up."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return answer


def resets(data: bytes) -> Answer:
    """Answer with `data`, and break the connection off."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return answer


def dribbles(start: bytes, data: bytes, pause: float) -> Answer:
    """Answer with `start` and then with `data`, over and over, until the other side has gone."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(data)
            if pause and select.select([connection], [], [], pause)[0]:
                return

    return answer


OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"Content-Type: application/json\r\n"
QUICK = {
    "resets before a word": resets(b""),
    "resets in the status": resets(b"HTTP/1.1 20"),
    "resets in the headers": resets(OK + b"Content-Le"),
    "hangs up": says(b""),
    "hangs up in the headers": says(OK + b"Content-Le"),
    "speaks HTTP/0.9": says(b"taken, thank you\n"),
    "speaks nonsense": says(bytes(range(256)) * 64),
    "speaks no number": says(b"HTTP/1.1 yes OK\r\n\r\n"),
    "welcomes to a hotel": says(OK + b"Content-Type: text/html\r\n\r\n<h1>Welcome</h1>"),
    "says 200 of no type": says(OK + b"\r\nok"),
    "has a thousand headers": says(OK + JSON + b"X: y\r\n" * 1000 + b"\r\n{}"),
    "has a header without end": says(OK + b"X: " + b"y" * 200_000 + b"\r\n\r\n"),
    "changes the protocol": says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    "says 204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "says 404": says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    "wants another login": says(b"HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n"),
    "comes back in a million years": says(
        b"HTTP/1.1 503 Later\r\nRetry-After: 31536000000000\r\n\r\n"
    ),
    "comes back yesterday": says(b"HTTP/1.1 503 Later\r\nRetry-After: -99999\r\n\r\n"),
}
ENDLESS = {
    "a status, a byte at a time": dribbles(b"", b"H", 0.2),
    "a header, a byte at a time": dribbles(OK + b"X: ", b"y", 0.2),
    "lines that only say continue": dribbles(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0),
}
COSTLY = "lines that only say continue"
"""Which keeps both sides busy until the end."""


class TestWithoutAnAnswer:
    """What waits goes on waiting, the child ends, and the next one is in no hurry."""

    @pytest.mark.parametrize("way", in_turn(QUICK, list(QUICK)[::3]))
    def test_keeps_everything_and_pauses(
        self, way: str, target: Target, serve: Callable[..., Server]
    ) -> None:
        server = serve(QUICK[way])
        send_to(target, server.url)
        assert send(target) == 0
        assert len(segment.listed(target.segments)) == 2
        assert len(server.requests) == 1, "it is not asked again at once"
        assert paused(target.pause_file)
        assert os.stat(target.pause_file).st_mtime <= time.time() + PAUSE_MAX_SECONDS

    @pytest.mark.parametrize(
        "way",
        [
            pytest.param(way, marks=pytest.mark.thorough) if way == COSTLY else way
            for way in ENDLESS
        ],
    )
    def test_is_ended_by_the_system_where_an_answer_has_no_end(
        self, way: str, target: Target, serve: Callable[..., Server]
    ) -> None:
        send_to(target, serve(ENDLESS[way]).url)
        assert send(target, seconds=3, patience=2) == -signal.SIGALRM
        assert len(segment.listed(target.segments)) == 2
        assert paused(target.pause_file)

    def test_does_not_wait_long_for_one_that_never_comes(
        self, target: Target, serve: Callable[..., Server]
    ) -> None:
        send_to(target, serve(lambda connection: time.sleep(0)).url)
        assert send(target, patience=0.5) == 0
        assert len(segment.listed(target.segments)) == 2
        assert paused(target.pause_file)


class TestWithAStrangeAnswer:
    """An answer that says what it must, and more."""

    @pytest.mark.parametrize("status", in_turn([301, 302, 303, 307, 308], [302, 308]))
    def test_a_redirect_leads_nowhere(
        self, status: int, target: Target, serve: Callable[..., Server]
    ) -> None:
        elsewhere = serve(says(ANSWER))
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}/v1/events\r\n"
        send_to(target, serve(says(head.encode() + b"Content-Length: 0\r\n\r\n")).url)
        assert send(target) == 0
        assert elsewhere.connections == 0
        assert len(segment.listed(target.segments)) == 2

    def test_what_was_taken_is_taken_though_the_body_never_ends(
        self, target: Target, serve: Callable[..., Server]
    ) -> None:
        server = serve(dribbles(OK + JSON + b"\r\n", b"{", 0.2))
        send_to(target, server.url)
        send(target, seconds=3, patience=2)
        assert len(server.requests) == 1
        assert [Path(path).name[-7] for path in segment.listed(target.segments)] == ["1"]
        assert paused(target.pause_file), "and the rest is in no hurry"

    def test_a_long_body_is_not_read(self, target: Target, serve: Callable[..., Server]) -> None:
        length = b"Content-Length: 1000000000000\r\n\r\n"
        server = serve(lambda to: to.sendall(OK + JSON + length + b"x" * 100_000))
        send_to(target, server.url)
        assert send(target) == 0
        assert segment.listed(target.segments) == []
        assert server.connections == 2, "each answer so long ends its connection"

    def test_cookies_are_not_kept(self, target: Target, serve: Callable[..., Server]) -> None:
        cookie = b"Set-Cookie: id=canary\r\nContent-Length: 2\r\n\r\n{}"
        server = serve(lambda connection: connection.sendall(OK + JSON + cookie))
        send_to(target, server.url)
        assert send(target) == 0
        assert len(server.requests) == 2
        assert not any(b"canary" in request for request in server.requests)


def context(certificates: Path, name: str = "localhost") -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return made


def answers(connection: socket.socket) -> None:
    connection.sendall(ANSWER)


class TestTrust:
    """TLS, from the tool's end to the server's, with what people set for companies' proxies."""

    @pytest.mark.parametrize(
        "variable",
        in_turn(["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"], ["SSL_CERT_FILE"]),
    )
    def test_an_authority_from_the_environment_is_trusted(
        self,
        variable: str,
        home: dict[str, str],
        certificates: Path,
        serve: Callable[..., Server],
        until: Until,
    ) -> None:
        server = serve(answers, context(certificates))
        tool = Tool(home | {"no_proxy": "*"}, f"https://localhost:{server.port}")
        tool.agree()
        tool.run("send", **{variable: str(certificates / "ca.pem")})
        until(lambda: tool.waiting() == [])
        assert len(server.requests) == 1

    @pytest.mark.parametrize("way", ["unknown", "for someone else", "no TLS at all"])
    def test_nothing_is_said_to_one_that_is_not_trusted(
        self,
        way: str,
        home: dict[str, str],
        certificates: Path,
        serve: Callable[..., Server],
        until: Until,
    ) -> None:
        name = "else.example" if way == "for someone else" else "localhost"
        server = serve(answers, None if way == "no TLS at all" else context(certificates, name))
        tool = Tool(home | {"no_proxy": "*"}, f"https://localhost:{server.port}")
        tool.agree()
        trusted = {} if way == "unknown" else {"SSL_CERT_FILE": str(certificates / "ca.pem")}
        tool.run("send", **trusted)
        until(lambda: server.connections == 1)
        until(lambda: not children_of(tool))
        assert server.requests == []
        assert len(tool.waiting()) == 3


class TestProxies:
    """A way out through someone else's machine."""

    @pytest.mark.parametrize(
        "variable", in_turn(["HTTPS_PROXY", "https_proxy", "ALL_PROXY"], ["HTTPS_PROXY"])
    )
    def test_a_secure_collector_is_reached_through_a_tunnel(
        self,
        variable: str,
        home: dict[str, str],
        certificates: Path,
        serve: Callable[..., Server],
        until: Until,
    ) -> None:
        server = serve(answers, context(certificates))
        proxy = serve(tunnels_to(server.port))
        tool = Tool(home | {"no_proxy": ""}, f"https://localhost:{server.port}")
        tool.agree()
        through = f"http://me:secret@127.0.0.1:{proxy.port}"
        tool.run("send", SSL_CERT_FILE=str(certificates / "ca.pem"), **{variable: through})
        until(lambda: tool.waiting() == [])
        (asked,) = proxy.requests
        assert asked.startswith(f"CONNECT localhost:{server.port} HTTP/1.".encode())
        assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in asked
        assert b"Bearer" not in asked
        assert b"Proxy-Authorization" not in server.requests[0]

    def test_a_tunnel_to_another_server_is_not_trusted(
        self, home: dict[str, str], certificates: Path, serve: Callable[..., Server], until: Until
    ) -> None:
        other = serve(answers, context(certificates, "else.example"))
        proxy = serve(tunnels_to(other.port))
        tool = Tool(home | {"no_proxy": ""}, "https://localhost:9")
        tool.agree()
        through = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(certificates / "ca.pem")}
        tool.run("send", **through)
        until(lambda: other.connections == 1)
        until(lambda: not children_of(tool))
        assert other.requests == []
        assert len(tool.waiting()) == 3

    def test_a_proxy_that_refuses_keeps_everything(
        self, home: dict[str, str], serve: Callable[..., Server], until: Until
    ) -> None:
        proxy = serve(says(b"HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n"))
        tool = Tool(home | {"no_proxy": ""}, "https://collector.example")
        tool.agree()
        tool.run("send", HTTPS_PROXY=proxy.url)
        until(lambda: len(proxy.requests) == 1)
        until(lambda: not children_of(tool))
        assert len(tool.waiting()) == 3

    def test_no_proxy_is_heeded(
        self, home: dict[str, str], serve: Callable[..., Server], until: Until
    ) -> None:
        proxy, server = serve(answers), serve(answers)
        tool = Tool(home, server.url)
        tool.agree()
        tool.run("send", HTTP_PROXY=proxy.url, http_proxy=proxy.url, NO_PROXY="127.0.0.1")
        until(lambda: tool.waiting() == [])
        assert proxy.connections == 0


def tunnels_to(port: int) -> Answer:
    """Be a proxy that answers CONNECT, and whose every tunnel ends at `port`."""

    def answer(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as other:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                for ready in select.select([connection, other], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (other if ready is connection else connection).sendall(data)

    return answer
