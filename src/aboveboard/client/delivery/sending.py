"""When a child is sent, and where none can be, a thread. What either does is in `upload.py`."""

from __future__ import annotations

from aboveboard.client.decision import environment
from aboveboard.client.recipients.target import VARIABLE, owing, paused
from aboveboard.client.recording.segment import any_waits

from . import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aboveboard.client.recipients.target import Target

    Start = Callable[..., None] | None
    """Stands in for `spawn.start` where a test or a simulation gives it."""


def send(
    target: Target, environ: Mapping[str, str], start: Start = None, *, apart: bool = False
) -> None:
    """Have what waits sent by a child, if there is any and no pause is on.

    Args:
        target: Where the child delivers.
        environ: The host's environment.
        start: What starts it.
        apart: Whether the host goes on, and is not to have a child. Where it listens for its
            children's ends, the child is sent at its own end.

    Raises:
        OSError: the system would not start it.
    """
    if paused(target.pause_file):
        return
    if not any_waits(target.segments) and not owing(target):
        return
    if apart and hears_of_children():
        at_exit(target, environ, start)
    elif start is not None or spawn.can_spawn():
        (start or spawn.start)(target.lock, {VARIABLE: target.as_json()}, environ, apart=apart)


def send_left(target: Target, environ: Mapping[str, str], start: Start = None) -> None:
    """Send what earlier sessions left which never came to their own end: were killed, say."""
    if not spawn.can_spawn():
        _send_from_a_thread(target, environ)
        return
    try:
        send(target, environ, start, apart=True)
    except OSError:
        return  # there is another chance at this session's end


def at_exit(target: Target, environ: Mapping[str, str], start: Start = None) -> None:
    """Have what waits sent when the host ends."""
    import atexit

    def send_in_silence() -> None:
        try:
            send(target, environ, start)
        except OSError:
            return  # nothing is printed by us, least of all at a host's end

    atexit.register(send_in_silence)


def deliver_owed(target: Target, environ: Mapping[str, str], start: Start = None) -> None:
    """Have a request to erase sent: its sender's own word, whatever was decided since.

    By a child at the host's end, since the session is off and has nothing of its own to send.
    """
    if environment.do_not_track(environ):
        return
    if spawn.can_spawn():
        at_exit(target, environ, start)
    else:
        _send_from_a_thread(target, environ)


def hears_of_children() -> bool:
    """Return whether the host has a handler for the end of a child, which would hear of a shell."""
    import signal

    return hasattr(signal, "SIGCHLD") and callable(signal.getsignal(signal.SIGCHLD))


def _send_from_a_thread(target: Target, environ: Mapping[str, str]) -> None:
    """Send where no child can be started; the program's exit does not wait for it."""
    import threading

    def run() -> None:
        from . import upload

        try:
            upload.run(target, environ, in_thread=True)
        except Exception:
            return

    threading.Thread(target=run, name="aboveboard", daemon=True).start()
