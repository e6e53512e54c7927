"""TLS in front of a node, which has no HTTPS of its own: what comes in is handed on as it is."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def terminated(port: int, certificate: Path, key: Path) -> Iterator[int]:
    """Give a port on loopback that speaks TLS and hands on to another."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, context, port), daemon=True).start()
        yield listening.getsockname()[1]


def _accept(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError):  # closed
        while True:
            came, _ = listening.accept()
            threading.Thread(target=_serve, args=(came, context, port), daemon=True).start()


def _serve(came: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with (
        contextlib.suppress(OSError),
        context.wrap_socket(came, server_side=True) as inner,
        socket.create_connection(("127.0.0.1", port)) as outer,
    ):
        back = threading.Thread(target=_hand_on, args=(outer, inner), daemon=True)
        back.start()
        _hand_on(inner, outer)
        outer.shutdown(socket.SHUT_WR)
        back.join(30)


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := source.recv(65_536):
            target.sendall(said)
