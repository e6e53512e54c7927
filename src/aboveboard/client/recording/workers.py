"""Workers that multiprocessing starts anew (spawn, forkserver), in their program's session.

Such a worker has none of its parent's memory. What the parent hands on stands in a private variable
of the environment: its process id, a random number, and where its log is. A worker believes it only
of the very process that multiprocessing says is its parent, and only beside the consent that it
reads itself: the variable can turn nothing on. The session's id is made from that number and the
install's secret, which never leaves the machine, so that nobody who sees the environment of some
other child can tell which session it was.
"""

from __future__ import annotations

import json
import os
import sys

from aboveboard.client.decision import environment
from aboveboard.client.decision.identity import id_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Handed:
    """What a program hands on to its workers.

    Attributes:
        number: The random number of its session, in hex.
        is_on: Whether the session records for sending.
        log: The path of the audit log; "" where there is none.
    """

    __slots__ = ("is_on", "log", "number")

    def __init__(self, number: str, is_on: bool, log: str) -> None:
        self.number = number
        self.is_on = is_on
        self.log = log


def hand_on(app: str, handed: Handed) -> None:
    """Leave for workers what they need to go on in this process's session."""
    told = {
        "parent": os.getpid(),
        "number": handed.number,
        "is_on": handed.is_on,
        "log": handed.log,
    }
    os.environ[_variable(app)] = json.dumps(told)


def take_back(app: str) -> None:
    """Leave nothing for workers that start from here on."""
    os.environ.pop(_variable(app), None)


def handed_on(app: str, environ: Mapping[str, str]) -> Handed | None:
    """Return what the parent of this worker has handed on; None where this is none, or it did not.

    Args:
        app: The app's name.
        environ: The environment that this process was started with.
    """
    process = sys.modules.get("multiprocessing.process")
    parent = process.parent_process() if process is not None else None
    if parent is None or _variable(app) not in environ:
        return None
    try:
        told = json.loads(environ[_variable(app)])
        number, is_on, log = told["number"], told["is_on"], told["log"]
        if told["parent"] != parent.pid or not isinstance(log, str) or type(is_on) is not bool:
            return None
        if len(bytes.fromhex(number)) != _BYTES:
            return None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Handed(number, is_on, log)


def new_number() -> str:
    """Return the random number of a new session."""
    return os.urandom(_BYTES).hex()


def session_id(secret: str, number: str) -> str:
    """Return the id of the session of that number, which only who has the secret can tell.

    A session that is off has no secret: its id is in nobody's log but the person's own.
    """
    return id_of(secret + number)


def _variable(app: str) -> str:
    return f"{environment.variable(app)}_SESSION"


_BYTES = 16
