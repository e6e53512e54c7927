"""Listening: granian's embedded server in this process, until somebody asks it to end."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar import Litestar

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where to reach what listens there


GRACE = 5.0
"""Seconds that requests have to come to their end; what was not stored by then is sent again."""


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
        raise ListenError(
            f"cannot listen on {host} port {port} ({reason}): choose another with --port"
        ) from None


async def listen(app: Litestar, host: str, port: int, ready: Callable[[], Awaitable[None]]) -> None:
    """Serve until SIGINT or SIGTERM; requests that run then are finished.

    Args:
        app: What answers.
        host: The address to listen on.
        port: Its port.
        ready: Run once the first request was answered.
    """
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        log_enabled=False,
        log_access=False,  # an access log would hold addresses
    )
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.serve())
    ending = asyncio.create_task(asked.wait())
    if await _answers(host, port, serving):
        await ready()
    await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]  # granian's, without annotations
    await asyncio.wait({serving}, timeout=GRACE)
    if serving.done():
        await serving  # raises what it ended with, if it did not end by itself
    ending.cancel()


async def _answers(host: str, port: int, serving: asyncio.Task[None]) -> bool:
    """Wait until the server answers; False where it ended before."""
    while not serving.done():
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
