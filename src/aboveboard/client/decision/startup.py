"""The environment as the process was started with, whatever host or project has changed since.

A host may read a project's `.env` into its environment before it imports us. What stands there is
the word of whoever wrote the project, not of the person who works in it: it may name another home,
another recipient, another proxy, or undo a no. So all of these are taken from here; what the
environment says later can only say no (`environment.narrowed`).

On Linux the system still knows the environment of the moment in which the program was started.
Elsewhere, and where that memory was written over (as programs do that change their title), it is
the environment of the moment in which aboveboard was first imported. A program that starts another,
or itself again, hands its own environment on: that one is what the new process was started with.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def environ() -> Mapping[str, str]:
    """Return the environment that this process was started with."""
    return _STARTED if _followed is None else _followed


def follow(mapping: Mapping[str, str] | None) -> None:
    """Take `mapping` for the environment that the process was started with; None ends that.

    For a process that runs tests, in which one test after the other is somebody else's home.
    """
    global _followed
    _followed = mapping


def _read() -> bytes | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        with open("/proc/self/environ", "rb", buffering=0) as file:
            return file.readall()
    except OSError:  # no /proc, or not ours to read, as in a program that has changed its user
        return None


def _understood(memory: bytes | None) -> dict[str, str] | None:
    """Return the variables in a program's first environment; None where it holds something else.

    A program that changes its title writes it over its arguments, and over the environment that
    follows them, and fills what is left with zeros.
    """
    if memory is None:
        return None
    found: dict[str, str] = {}
    if memory:
        if memory[-1:] != b"\0":
            return None
        for entry in memory[:-1].split(b"\0"):
            name, equals, value = entry.partition(b"=")
            if not name or not equals:
                return None
            # A name that is given twice counts the first time, as for Python and the C library.
            found.setdefault(os.fsdecode(name), os.fsdecode(value))
    return found


def _taken() -> dict[str, str]:
    started = _understood(_read())
    return dict(os.environ) if started is None else started


_STARTED = _taken()
_followed: Mapping[str, str] | None = None
