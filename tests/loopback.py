"""An HTTP server on loopback, in a thread of the process that runs the test."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    """Says nothing of a sender that hung up, or was killed while it spoke."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def body_of(request: BaseHTTPRequestHandler) -> bytes:
    """Read the body that a request announced.

    Raises:
        ConnectionError: The sender died before the body's end. What came is no body: a collector
            that took it would know half a segment by the whole one's key.

    """
    announced = int(request.headers.get("Content-Length", 0))
    body = request.rfile.read(announced)
    if len(body) < announced:
        raise ConnectionError(f"{len(body)} of {announced} bytes came")
    return body


@contextmanager
def answering(
    handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Answer on a free port until the block ends; yield the server's URL."""
    server = _Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    # The server looks this often whether it shall end. At the default of half a second, hundreds
    # of tests would each wait that long for nothing.
    poll_interval = 0.01
    thread = threading.Thread(target=server.serve_forever, args=(poll_interval,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
