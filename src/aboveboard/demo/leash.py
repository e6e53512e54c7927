"""Ending with whoever started this process, however that one ended: killed, it can tell nobody.

What it held is closed by the system in any case. So each waits, in a thread, for the other end of
a pipe to be closed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing import connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LAST_SECONDS = 5.0
"""How long an orderly end may take, with files to remove, before the process is ended."""


def end_with(descriptor: int) -> None:
    """End this process, as Ctrl-C does, once what is read from `descriptor` is at its end."""

    def wait() -> None:
        while os.read(descriptor, 4096):
            pass
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(LAST_SECONDS)
        os._exit(1)

    _start(wait)


def end_with_parent() -> None:
    """End this process of a pool at once when the process that made it has ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def wait() -> None:
        connection.wait([sentinel])
        os._exit(1)

    _start(wait)


def _start(wait: Callable[[], None]) -> None:
    threading.Thread(target=wait, name="leash", daemon=True).start()
