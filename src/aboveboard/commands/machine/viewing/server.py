"""The server of a person's own page: on loopback, for one browser, and not for long.

Who else is there: any program of any user of this machine can connect to a port of loopback, and
any web page that the person opens can have their browser send requests to it. So

- the address has a token, which opens the page once. It is printed and never given to a program, in
  whose arguments other users could read it;
- the browser gets a cookie for it, which a request from another site does not carry (SameSite). A
  cookie knows no ports, and another user's server on loopback could be sent it: its path is as
  secret as the token, and no other server's;
- a request whose Host is not this very address is refused, so that a name that is made to mean
  127.0.0.1 (DNS rebinding) opens nothing;
- nobody who does not have the cookie keeps the server from ending when it is idle.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COOKIE = "aboveboard_view"
OPENING = "/?token="
SECONDS = 5
"""How long a connection may take with its request."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Server(ThreadingHTTPServer):
    """Serves one page to whoever opened it first.

    Args:
        made: Makes the page, at each request anew.
        idle: Seconds without a request of the person's, after which it ends.
    """

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, made: Callable[[], str], idle: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.made = made
        self.idle = idle
        self.timeout = min(0.5, idle)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.token: str | None = secrets.token_urlsafe(32)
        self.cookie = secrets.token_urlsafe(32)
        self.path = f"/{secrets.token_urlsafe(32)}/"
        self.seen = time.monotonic()
        self._answering = 0
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://{self.host}{OPENING}{self.token}"

    def take_token(self, path: str) -> bool:
        """Say whether a request has the token; it is good for once."""
        with self._lock:
            if self.token is None or not _is_same(path.removeprefix(OPENING), self.token):
                return False
            self.token = None
        return True

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Take what is done meanwhile for a look of the person's: it is not idle before its end."""
        with self._lock:
            self._answering += 1
        try:
            yield
        finally:
            with self._lock:
                self._answering -= 1
                self.seen = time.monotonic()

    def run(self) -> None:
        """Serve until it is idle, or until Ctrl-C, which is raised as KeyboardInterrupt."""
        while self._answering or time.monotonic() - self.seen < self.idle:
            self.handle_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of whoever hung up."""


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    timeout = SECONDS
    wbufsize = -1
    """An answer goes out in one piece: the end of the server leaves none half told."""
    server_version = "aboveboard"
    sys_version = ""

    def do_GET(self) -> None:
        server = self.server
        if self.headers.get_all("Host") != [server.host]:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "This is no site of that name.")
        elif self.path == server.path and self._has_cookie():
            with server.answering():
                self._answer(HTTPStatus.OK, server.made(), "text/html; charset=utf-8")
                self.wfile.flush()
        elif self.path.startswith(OPENING) and server.take_token(self.path):
            with server.answering():
                self.send_response(HTTPStatus.SEE_OTHER)
                self.send_header("Location", server.path)
                self.send_header(
                    "Set-Cookie",
                    f"{COOKIE}={server.cookie}; Path={server.path}; HttpOnly; SameSite=Strict",
                )
                self._end()
                self.wfile.flush()
        else:
            self._answer(
                HTTPStatus.FORBIDDEN,
                "The address that `aboveboard view` printed opens once, in one browser. "
                "Run it again for another.",
            )

    def _has_cookie(self) -> bool:
        given = [
            each.strip().removeprefix(f"{COOKIE}=")
            for each in self.headers.get("Cookie", "").split(";")
            if each.strip().startswith(f"{COOKIE}=")
        ]
        return any(
            hmac.compare_digest(each.encode(), self.server.cookie.encode()) for each in given
        )

    def _answer(
        self, status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self._end(body)

    def _end(self, body: bytes = b"") -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log: nothing is kept of who looked at what."""


def _is_same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
