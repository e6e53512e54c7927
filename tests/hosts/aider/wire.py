"""Both ends of the wire: the real collector as a process, and a listener between it and aider."""

from __future__ import annotations

import gzip
import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.loopback import answering, body_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ABOVEBOARD = (sys.executable, "-m", "aboveboard")
STARTS = 60
"""Seconds after which a collector that has not said its address never will."""


@dataclass
class Collector:
    """`aboveboard serve`, running."""

    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)
    url: str = ""
    key: str = ""

    def stop(self) -> str:
        """Stop it as a person would, and return all that it printed."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=180)
        output = "".join(self.printed) + rest
        assert self.process.returncode == 0, output
        return output


@contextmanager
def collector(data: Path) -> Iterator[Collector]:
    """Run the collector as a process with the data directory `data` until the block ends."""
    command = [*ABOVEBOARD, "serve", "--data", str(data), "--port", str(free_port())]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    watchdog = threading.Timer(STARTS, process.kill)
    watchdog.start()
    try:
        server = Collector(process)
        assert process.stdout is not None
        for line in process.stdout:
            server.printed.append(line)
            if address := re.search(r"http://[0-9.:]+", line):
                server.url = server.url or address.group()
            if key := re.search(r"project aider, write key (\S+)", line):
                server.key = key.group(1)
                break
        watchdog.cancel()
        assert server.url, "".join(server.printed)
        assert server.key, "".join(server.printed)
        yield server
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def listener() -> Iterator[Listener]:
    """Be a collector that takes everything, of either protocol, until the block ends."""
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = body_of(self)
            if body[:2] == b"\x1f\x8b":
                body = gzip.decompress(body)
            heard.requests.append((self.path, self.headers.get("Authorization", ""), body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: the tests' own output is read by people."""

    with answering(Handler) as heard.url:
        yield heard


@dataclass
class Listener:
    """What was heard: path, authorization and inflated body of each request."""

    url: str = ""
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)

    def body(self) -> bytes:
        """Return all bodies, one after the other."""
        return b"".join(body for _, _, body in self.requests)


@contextmanager
def forwarder(url: str) -> Iterator[Forwarder]:
    """Listen in on what is sent to the server at `url` until the block ends."""
    wire = Forwarder(url.removeprefix("http://"))

    class Handler(_Handler):
        forwarder = wire

    with answering(Handler) as wire.url:
        yield wire


@dataclass
class Forwarder:
    """Hands requests on as they are and keeps their bodies."""

    target: str
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    forwarder: Forwarder
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = body_of(self)
        self.forwarder.bodies.append(body)
        connection = http.client.HTTPConnection(self.forwarder.target, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own name
        """Say nothing: the tests' own output is read by people."""
