"""Listening: granian's embedded server in this process, until somebody asks it to end."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketSpec  # type: ignore[attr-defined]  # not exported by name
from granian.server.embed import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar import Litestar

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where to reach what listens there


GRACE = 5.0
"""Seconds that requests have to come to their end; what was not stored by then is sent again."""

IDLE_SECONDS = 15
"""How long a connection may wait for a request's head, whether the first or the next one."""

UNREAD_SECONDS = 30
"""How long an answer may wait for its reader to take any of it. Without an end, some hundred who
ask and never read would have every connection for as long as they like."""

HEAD_MAX = 64 * 2**10
"""Bytes of a request's head: what each connection may take of memory before anybody looks at it."""


class ListenError(Exception):
    """The address cannot be listened on; the text is one line that says what to do."""


def address(host: str, port: int) -> str:
    """Return the URL under which this machine reaches a collector that listens on `host`."""
    near = ANYWHERE.get(host, host)
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"


def check_free(host: str, port: int) -> None:
    """Raise `ListenError` unless the port is free.

    The server does not say: it would share the port with another of its kind.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        is_place = (
            isinstance(error, socket.gaierror) or getattr(error, "errno", 0) == errno.EADDRNOTAVAIL
        )
        option = "--host" if is_place else "--port"
        raise ListenError(
            f"cannot listen on {host} port {port} ({reason}): choose another with {option}"
        ) from None


async def listen(
    app: Litestar,
    host: str,
    port: int,
    connections: int,
    ready: Callable[[], Awaitable[None]],
    when_fallen: Callable[[Callable[[], object]], None] = lambda _end: None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests that run then are finished.

    Args:
        app: What answers.
        host: The address to listen on.
        port: Its port.
        connections: How many there may be at once; more wait until one of them ends.
        ready: Run once the first request was answered.
        when_fallen: Given what ends the server in order, to be called by any thread.

    Raises:
        ListenError: the server has ended by itself.
    """
    server = _Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=connections,  # granian counts connections, not requests
        http1_settings=HTTP1Settings(
            header_read_timeout=IDLE_SECONDS * 1000, max_buffer_size=HEAD_MAX
        ),
        log_enabled=False,
        log_access=False,  # an access log would hold addresses
    )
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    when_fallen(lambda: loop.call_soon_threadsafe(asked.set))
    serving = asyncio.create_task(server.serve())
    ending = asyncio.create_task(asked.wait())
    if await _answers(host, port, serving, asked):
        await ready()
    await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]  # granian's, without annotations
    await asyncio.wait({serving}, timeout=GRACE)
    if serving.done():
        await serving  # raises what it ended with, if it did not end by itself
    ending.cancel()
    if not asked.is_set():
        raise ListenError("the server has ended by itself: start it again")


class _Server(Server):
    """Granian's, whose connections end where their answers are not read."""

    def _init_shared_socket(self) -> None:
        """Open the socket here, and not in granian's worker: connections inherit what it is told.

        Granian itself opens it here on all systems but Linux.
        """
        holder = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux (tcp(7)); elsewhere TCP has its own end
            with socket.socket(fileno=os.dup(holder.get_fd())) as listening:
                listening.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000
                )
        self._ssp, self._sfd = None, holder.get_fd()
        self._shd = holder  # type: ignore[assignment]  # granian's, without annotations


async def _answers(host: str, port: int, serving: asyncio.Task[None], asked: asyncio.Event) -> bool:
    """Wait until the server answers; False where it ended, or was asked to, before."""
    while not serving.done() and not asked.is_set():
        try:
            reader, writer = await asyncio.open_connection(ANYWHERE.get(host, host), port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        if answer.startswith(b"HTTP/1.1 200"):
            return True
    return False
