"""The channel: how a command reaches the process that has the data directory open.

One process holds an embedded warehouse. While a server does, `export`, `import` and `backup` ask it
over a Unix socket in the data directory, which its owner alone can open; no address and no secret
is needed, and nothing of it can be reached from the network. A message is two lengths, then JSON,
then bytes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aboveboard.collector.inbox.storage import StorageError
from aboveboard.collector.operations.log import described
from aboveboard.warehouse import WarehouseError

from .scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[dict[str, Any], bytes]
    Ask = Callable[..., Answer]

log = logging.getLogger(__name__)

SOCKET = "control.sock"

PATH_MAX = 100
"""Bytes of a socket's path; systems take from 104 on."""

SHORT = "/tmp"  # noqa: S108  # a directory in it is made for its owner alone
"""Where the socket is if the data directory's name is longer; a link there says so."""

SHORT_PREFIX = "aboveboard-socket-"

BODY_MAX = 1 << 30

_LENGTHS = struct.Struct("!II")


class ChannelError(Exception):
    """The server did not do what it was asked; the text is one line."""


class Channel:
    """Answers commands, each in a thread of its own.

    Args:
        directory: The data directory.
        answer: Called with an operation's name, what it is told, its body, and what to close when
            the command has left.
    """

    def __init__(
        self,
        directory: Path,
        answer: Callable[[str, dict[str, Any], bytes, contextlib.ExitStack], Answer],
    ) -> None:
        self._path = directory / SOCKET
        self._answer = answer
        self._place = contextlib.ExitStack()
        self._listening: socket.socket | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Listen. Where that cannot be, the server runs all the same, and the log says so."""
        try:
            self._path.unlink(missing_ok=True)
            path = self._path
            if len(os.fsencode(path)) > PATH_MAX:
                path = self._place.enter_context(scratch(SHORT_PREFIX, Path(SHORT))) / SOCKET
                self._path.symlink_to(path)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listening.bind(os.fspath(path))
            path.chmod(0o600)
            listening.listen(8)
        except OSError as error:
            log.warning(
                "no command can export, import or back up while this runs: %s", error.strerror
            )
            return
        self._listening = listening
        threading.Thread(
            target=self._accept, args=(listening,), name="channel", daemon=True
        ).start()

    def close(self) -> None:
        """Leave whoever asks, and wait until what is done for them has ended."""
        with self._lock:
            listening, self._listening = self._listening, None
            everyone = list(self._open)
            threads = list(self._threads)
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            self._path.unlink(missing_ok=True)
        for each in everyone:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        self._place.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                asker, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(asker,), name="asked", daemon=True)
            with self._lock:
                if self._listening is None:
                    asker.close()
                    return
                self._open.add(asker)
                self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
                thread.start()

    def _serve(self, asker: socket.socket) -> None:
        with contextlib.ExitStack() as held, asker:
            try:
                while (message := _receive(asker)) is not None:
                    told, body = message
                    try:
                        said, data = self._answer(str(told.pop("do", "")), told, body, held)
                    except (WarehouseError, StorageError, ChannelError) as error:
                        said, data = {"error": str(error)}, b""
                    except Exception as error:  # noqa: BLE001  # the asker is told, the log too
                        log.error("a command's request failed: %s", described(error))  # noqa: TRY400  # its text could hold events
                        said, data = {"error": "it failed, the server's log says where"}, b""
                    _send(asker, said, data)
            except (OSError, ValueError):
                return  # whoever asked has left
            finally:
                with self._lock:
                    self._open.discard(asker)


class Asker:
    """Asks the server of a data directory.

    Raises:
        ChannelError: none listens there, or it has left; by each method.
    """

    def __init__(self, directory: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(os.path.realpath(directory / SOCKET))
        except OSError as error:
            self._socket.close()
            if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
                raise ChannelError(
                    f"another aboveboard works in {directory}, and is no collector that could be "
                    "asked (yet): run this again when it has ended"
                ) from None
            raise ChannelError(
                f"the collector of {directory} cannot be asked ({error.strerror or error}): "
                "run this as its user, or stop it first"
            ) from None

    def ask(self, do: str, told: dict[str, Any] | None = None, body: bytes = b"") -> Answer:
        """Have something done; return what was answered."""
        try:
            _send(self._socket, {"do": do, **(told or {})}, body)
            answer = _receive(self._socket)
        except OSError:
            answer = None
        if answer is None:
            raise ChannelError("the collector has ended meanwhile: start this again")
        if "error" in answer[0]:
            raise ChannelError(str(answer[0]["error"]))
        return answer

    def close(self) -> None:
        self._socket.close()


def _send(to: socket.socket, told: dict[str, Any], body: bytes) -> None:
    said = msgspec.json.encode(told)
    to.sendall(_LENGTHS.pack(len(said), len(body)) + said)
    if body:
        to.sendall(body)


def _receive(of: socket.socket) -> Answer | None:
    head = _exactly(of, _LENGTHS.size)
    if head is None:
        return None
    said, length = _LENGTHS.unpack(head)
    if said > BODY_MAX or length > BODY_MAX:
        raise ValueError
    told, body = _exactly(of, said), _exactly(of, length)
    if told is None or body is None:
        return None
    return msgspec.json.decode(told, type=dict[str, Any]), bytes(body)


def _exactly(of: socket.socket, length: int) -> bytearray | None:
    found = bytearray(length)
    view = memoryview(found)
    while view:
        count = of.recv_into(view)
        if not count:
            return None
        view = view[count:]
    return found
