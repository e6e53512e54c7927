"""A guard over what the client does to the system, for tests: no socket, no child, no stray file.

It stands on the interpreter's own audit events, so that nothing that Python code does passes it
by. Audit hooks can never be removed: there is one for the process, which looks at nothing unless a
guard is on, and then only at what the client itself does, not the host or its tests.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

CLIENT = "aboveboard.client"
PROCESSES = frozenset(
    (
        "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile",
        "os.startfile/2", "os.system", "subprocess.Popen", "_winapi.CreateProcess",
    )
)  # fmt: skip
WRITES = {
    "os.chmod": (0,), "os.chown": (0,), "os.link": (1,), "os.mkdir": (0,), "os.remove": (0,),
    "os.rename": (0, 1), "os.rmdir": (0,), "os.symlink": (1,), "os.truncate": (0,),
    "os.utime": (0,),
}  # fmt: skip
"""Audit events that change a file system, and which of their arguments are the paths."""
WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ForbiddenError(PermissionError):
    """What the client is told when it tries: it takes it as it would any system's refusal."""


class Guard:
    """Forbids, while it is on, and keeps what was tried.

    Args:
        folders: Where the client may write.

    Attributes:
        tried: What the client tried, a line each.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = tuple(os.path.realpath(folder) for folder in folders)
        self.tried: list[str] = []

    def turn_on(self) -> None:
        """Forbid from here on, in every thread. One guard at a time is on."""
        global _on, _installed
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True
        _on = self

    def turn_off(self) -> None:
        global _on
        _on = None

    def look(self, event: str, args: tuple[Any, ...]) -> None:
        """Look at one audit event.

        Raises:
            ForbiddenError: it is one that a test must not see, and the client's doing.
        """
        trouble = self._trouble(event, args)
        if trouble is not None and _is_clients(sys._getframe(2)):
            line = f"aboveboard: the client would have {trouble}"
            self.tried.append(line)
            raise ForbiddenError(errno.EPERM, line)

    def _trouble(self, event: str, args: tuple[Any, ...]) -> str | None:
        if event.startswith("socket."):
            return f"opened a socket ({event}), and no test may send"
        if event in PROCESSES:
            return f"started a child process ({event}), and no test may send"
        if event == "open":
            path, mode, flags = args
            writes = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & WRITING_FLAGS)
            paths = [path] if writes else []
        else:
            paths = [args[position] for position in WRITES.get(event, ())]
        for path in paths:
            if not self.may_write(path):
                return f"written to {os.fsdecode(path)}, outside of the test's temporary folders"
        return None

    def may_write(self, path: object) -> bool:
        """Return whether a path is in one of the folders, or nowhere at all."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return True  # a descriptor: what is open already was looked at when it was opened
        real = os.path.realpath(os.fsdecode(path))
        return real == os.devnull or any(
            real == folder or real.startswith(folder + os.sep) for folder in self.folders
        )


def _hook(event: str, args: tuple[Any, ...]) -> None:
    guard = _on
    if guard is not None and (
        event == "open" or event in WRITES or event in PROCESSES or event.startswith("socket.")
    ):
        guard.look(event, args)


def _is_clients(frame: FrameType | None) -> bool:
    """Return whether the client acts here: the nearest frame that is not the standard library's.

    Whatever the client calls back (a hook that was there before it, a clock) is its caller's.
    """
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name == CLIENT or name.startswith(CLIENT + "."):
            return True
        top = name.partition(".")[0]
        # An import writes byte code beside the source, which is Python's doing.
        if top in ("importlib", "_frozen_importlib", "_frozen_importlib_external"):
            return False
        if top not in sys.stdlib_module_names:
            return False
        frame = frame.f_back
    return False


_on: Guard | None = None
_installed = False
