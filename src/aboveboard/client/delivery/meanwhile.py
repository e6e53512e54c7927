"""Sending while the host lives: once an hour, by the same child that a host starts at its end.

A server, an editor's plugin or a chat may run for days. Nothing waits or wakes up for that:
`record` compares a clock, and the first event after an hour has passed comes here. The segment that
this process writes to is closed, so that a child can have it, and the next event starts another. A
crash between the two loses nothing: what is closed is whole, and waits as any does.

The consent is read again first, by the process that records as well as by the child: a person may
have said no since in another terminal, or taken another identity. Then the session is over.
"""

from __future__ import annotations

import os
import time

from aboveboard.client.decision import consent, environment
from aboveboard.client.recipients.target import paused
from aboveboard.client.recording.segment import remove_all

from . import sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.client.decision.state import State
    from aboveboard.client.recipients.target import Target
    from aboveboard.client.recording.segment import Writer

TURN = "turn"
"""The file, in an app's own directory, whose modification time says when the last turn was."""


def stands(app: str, state: State, environ: Mapping[str, str], user_id: str) -> bool:
    """Return whether a session that is on may go on.

    Args:
        app: The app's name.
        state: What the state file says now toward the session's recipient.
        environ: The environment that counts now.
        user_id: The id with which the session began.
    """
    return (
        state.standing == consent.CONSENTED
        and not state.refused
        and state.user_id == user_id
        and not environment.refusals(app, environ)
    )


def clear(target: Target, state: State) -> None:
    """Remove what waits where a no came meanwhile, or the yes was taken back.

    Also what this process wrote since.
    """
    if state.standing in (consent.DISABLED, consent.NOT_ASKED) or state.refused:
        remove_all(target.segments)


def send(
    target: Target,
    segment: Writer,
    environ: Mapping[str, str],
    start: sending.Start = None,
    *,
    every: float,
) -> None:
    """Close this process's segment, and have what waits sent unless that was done lately.

    Args:
        target: Where the child delivers.
        segment: Where this process writes.
        environ: The environment that counts now.
        start: What starts the child.
        every: The least number of seconds between two turns of an app on one machine, whatever
            number of its processes record.

    Raises:
        OSError: the system would not start the child, or the turn could not be kept. What waits
            is sent another time.
    """
    # While a pause is on, one segment goes on: a host that cannot send for days leaves few.
    if paused(target.pause_file) or sending.hears_of_children():
        return
    segment.close()
    if _takes_turn(os.path.join(target.directory, TURN), every):
        sending.send_left(target, environ, start)


def _takes_turn(path: str, every: float) -> bool:
    """Return whether nobody has had a turn in the last `every` seconds, and have it then.

    Two processes that ask at once may both have it: the sending lock lets one of them send.
    """
    now = time.time()
    try:
        if 0 <= now - os.stat(path).st_mtime < every:
            return False
    except FileNotFoundError:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    os.utime(path, (now, now))
    return True
