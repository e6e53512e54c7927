"""Sending: what the short, detached child does with the segments that wait.

A child's whole life. The host starts it at its exit and forgets it. It takes the app's sending
lock, or leaves at once where another child has it. Then it turns to each recipient that the host
ever had, today's first. It reads the consent again: no standing yes to this recipient, nothing
sent; a standing no, and what waits is removed. It sends segment after segment, oldest first, each
as one request whose body is the segment's bytes. 200 removes a segment; 400, 401 and 413 set it
aside, since the same bytes would be refused again; anything else ends it for this recipient, and
no child may turn to the recipient again before a pause that doubles with every failure, with
jitter, so that a collector that comes back is not met by every install at once. After thirty
seconds of wall-clock the system ends the child, wherever it hangs.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import random
import signal
import time

from aboveboard.catalog.line import SENT_AT, hour
from aboveboard.client.decision import consent, environment
from aboveboard.client.decision.statefile import StateFile, noes
from aboveboard.client.files import locks, shortfile
from aboveboard.client.recipients import wire
from aboveboard.client.recipients.target import (
    CANNOT_ERASE,
    ERASE_PAUSE_SECONDS,
    PAUSE_MAX_SECONDS,
    VARIABLE,
    Target,
    kept,
    paused,
    read,
)
from aboveboard.client.recording import segment
from aboveboard.client.release import __version__

from . import receipts, spawn, verdicts
from .connection import Connection
from .earlier import adopt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WALL_CLOCK_SECONDS = 30
LAST_LOOK_SECONDS = 1
"""How long a child that is done waits for the next one, where it has seen a segment left."""

PAUSE_FIRST_SECONDS = 60
AGENT = f"aboveboard/{__version__}"
UNKNOWN = frozenset((404, 405, 501))
REFUSED = frozenset((400, 401, 413))


def main() -> None:
    """Be the child: bounded, without inherited files, elsewhere."""
    bound_life(WALL_CLOCK_SECONDS)
    os.chdir(os.path.abspath(os.sep))
    os.closerange(spawn.LOCK + 1, _descriptors_max())
    held = spawn.LOCK if _is_open(spawn.LOCK) else None
    run(Target.from_json(os.environ[VARIABLE]), os.environ, held)


def bound_life(seconds: int) -> None:
    """Have the system end this process after `seconds`, whatever it waits for."""
    if hasattr(signal, "alarm"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGALRM,))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        return
    import threading

    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()


class CannotEraseError(Exception):
    """The collector does not know how to erase yet."""


class Later(Exception):  # noqa: N818  # no error: a word from the collector
    """The collector asks to be left alone for a while."""

    def __init__(self, retry_after: int | None) -> None:
        super().__init__()
        self.retry_after = retry_after


def run(
    target: Target,
    environ: Mapping[str, str],
    held: int | None = None,
    *,
    in_thread: bool = False,
) -> None:
    """Send what waits, unless another process is at it. Raises nothing that a caller can mend.

    Args:
        target: Where, what and to whom.
        environ: The environment.
        held: The sending lock's descriptor where it is held already, to be kept until the process
            ends; it is taken and given back otherwise.
        in_thread: Whether this is a thread of the host's, which a short run of the host's ends
            before it has its answer: no failure of the collector's, and no reason for a pause.
    """
    os.makedirs(target.directory, mode=0o700, exist_ok=True)
    state = StateFile(target.state, noes(target.directory, environ))
    lock = os.open(target.lock, os.O_RDWR | os.O_CREAT, 0o600) if held is None else held
    try:
        has_lock = held is not None or locks.acquire(lock)
        while has_lock:
            adopt(target.directory, state, target)
            # Where it failed it is not tried again, also if no pause could be set: a full disk.
            targets = [
                each for each in _targets(target) if _delivers(each, environ, in_thread=in_thread)
            ]
            # A session that ended since the last look at the segments found the lock taken, or the
            # pause set, and started no child. Only after both are gone is a last look the last.
            locks.release(lock)
            has_lock = (
                any(_is_left(each, environ) for each in targets)
                # A new child passes over a segment that this very look held for an instant.
                and locks.acquire(lock, seconds=LAST_LOOK_SECONDS)
            )
    finally:
        if held is None:
            os.close(lock)


def _targets(target: Target) -> list[Target]:
    """Return a run's targets: the host's own first, then those for its earlier recipients.

    Where the decision is kept is today's word: a no that is kept there is one for all of them.
    """
    others = [each for each in kept(target.directory) if each.path != target.path]
    return [
        target,
        *(
            Target(
                directory=target.directory, state=target.state, endpoint=each.endpoint, key=each.key
            )
            for each in others
        ),
    ]


def _is_left(target: Target, environ: Mapping[str, str]) -> bool:
    return (
        not paused(target.pause_file)
        and bool(may_send(target, environ))
        and segment.any_left(target.segments)
    )


def _delivers(target: Target, environ: Mapping[str, str], *, in_thread: bool) -> bool:
    """Deliver to one recipient, whose files may be in any state: that costs the others nothing."""
    try:
        return _deliver(target, environ, in_thread=in_thread)
    except OSError:
        return False


def _deliver(target: Target, environ: Mapping[str, str], *, in_thread: bool) -> bool:
    """Deliver what a recipient is to have; return whether no delivery of events failed."""
    user_id = may_send(target, environ)
    went_well = True
    count_dropped(target, segment.prune(target.segments))
    if user_id and segment.any_waits(target.segments) and not paused(target.pause_file):
        went_well = _deliver_events(target, environ, in_thread=in_thread)
    # Last, and on its own: what a collector does with such a request is never felt by events.
    may_ask = not paused(target.pause_file) and not environment.do_not_track(environ)
    if may_ask and target.owes():
        _deliver_erasures(target, environ)
    return went_well


def _deliver_events(target: Target, environ: Mapping[str, str], *, in_thread: bool) -> bool:
    if not in_thread:
        # It comes first, and goes when all went well: whatever ends this process, it stands.
        # A disk that has no room for it may have some once the segments are gone.
        with contextlib.suppress(OSError):
            pause(target.pause_file, None)
    connection = None
    try:
        connection = Connection(wire.address(target.endpoint), environ)
        send_segments(target, connection, environ)
    except Later as later:
        if in_thread or later.retry_after is not None:
            pause(target.pause_file, later.retry_after)
    except (OSError, http.client.HTTPException, ValueError):
        # No way there, no HTTP there, or no address at all: the pause stands.
        if in_thread:
            pause(target.pause_file, None)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target.pause_file)
        return True
    finally:
        if connection is not None:
            connection.close()
    return False


def _deliver_erasures(target: Target, environ: Mapping[str, str]) -> None:
    """Deliver the requests to erase; where that fails, leave them for a while."""
    with contextlib.suppress(OSError):
        pause(target.erase_pause_file, None)
    connection = None
    try:
        # A request to erase is someone's own word, and needs no other consent.
        connection = Connection(wire.address(target.endpoint), environ)
        send_erasures(target, connection)
    except CannotEraseError:
        with open(target.erase_pause_file, "w", encoding="ascii") as file:
            file.write(CANNOT_ERASE)
        end = time.time() + ERASE_PAUSE_SECONDS
        os.utime(target.erase_pause_file, (end, end))
    except Later as later:
        if later.retry_after is not None:
            pause(target.erase_pause_file, later.retry_after)
    except (OSError, http.client.HTTPException, ValueError):
        return  # the pause stands
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target.erase_pause_file)
    finally:
        if connection is not None:
            connection.close()


def may_send(target: Target, environ: Mapping[str, str]) -> str:
    """Return the id of an install with a standing yes to this recipient, or "".

    A no removes what waits.
    """
    if environment.do_not_track(environ):
        return ""
    said = StateFile(target.state, noes(target.directory, environ)).read()
    earlier = read(target.directory)
    state = said.toward(target.recipient, earlier.recipient if earlier is not None else "")
    if state.standing == consent.DISABLED or state.refused:
        segment.remove_all(target.segments)
    consented = state.standing == consent.CONSENTED and state.agreed is not None
    return state.user_id if consented else ""


def count_dropped(target: Target, number: int) -> None:
    """Add to the number of dropped segments that the host's next session will tell."""
    if number:
        try:
            number += int(shortfile.read(target.dropped_file, 20))
        except (OSError, ValueError):
            pass
        with open(target.dropped_file, "w", encoding="ascii") as file:
            file.write(str(number))


def send_segments(target: Target, connection: Connection, environ: Mapping[str, str]) -> None:
    """Send the segments that wait, oldest first; remove those that nobody may have any more.

    Looks again when all are sent: what a session left meanwhile started no child, since this one
    was there. The consent is read again before each: a no, or another id, may have come since.

    Raises:
        Later, OSError, http.client.HTTPException: not all could be sent; the rest still waits.
    """
    while segment.any_left(target.segments):
        for waiting in segment.waiting(target.segments):
            try:
                user_id = may_send(target, environ)
                if not user_id:
                    return
                _send_segment(target, connection, user_id, waiting)
            finally:
                waiting.release()


def _send_segment(
    target: Target, connection: Connection, user_id: str, waiting: segment.Waiting
) -> None:
    form = wire.form(target.endpoint)
    lines = waiting.read()
    if form.owner(user_id) not in lines:
        # An id that was given up; or the other form's, of a host that sends elsewhere now.
        waiting.remove()
        if user_id.encode() in lines:
            count_dropped(target, 1)
        return
    status, retry_after = connection.post(
        form.path,
        gzip.compress(form.body(lines, target.key), 6, mtime=0),
        {
            **_headers(target),
            "Content-Type": form.content_type,
            "Content-Encoding": "gzip",
            "Idempotency-Key": waiting.id,
            **({SENT_AT: str(hour(time.time()))} if form is wire.Ours else {}),
        },
    )
    if status == 200:
        waiting.remove()
        # What cannot be read tells nothing, and was taken all the same.
        with contextlib.suppress(OSError, http.client.HTTPException):
            verdicts.count(target.refused_file, connection.answer())
    elif status in REFUSED:
        count_dropped(target, waiting.set_aside(status))
    else:
        raise Later(retry_after)


def send_erasures(target: Target, connection: Connection) -> None:
    """Ask the collector to erase what installs of this machine have sent, until it has taken it.

    Raises:
        CannotEraseError: the collector knows no such request; all are still owed.
        Later, OSError, http.client.HTTPException: not all were taken; the rest is still owed.
    """
    unreadable = False
    for name in sorted(os.listdir(target.erasures)):
        path = os.path.join(target.erasures, name)
        if not name.endswith(".json"):
            continue
        try:
            body = shortfile.read(path, 4096)
        except OSError:  # root's, say: those behind it are owed all the same
            unreadable = True
            continue
        headers = {**_headers(target), "Content-Type": "application/json"}
        status, retry_after = connection.post("/v1/erase", body, headers)
        if status in (200, 202):
            os.unlink(path)
            # What cannot be read tells nothing, and the request was taken all the same.
            with contextlib.suppress(OSError, http.client.HTTPException):
                receipts.keep(target.receipts_file, connection.answer())
        elif status in REFUSED:
            os.replace(path, path + ".refused")  # kept for a person to look at; no longer owed
        elif status in UNKNOWN:
            raise CannotEraseError
        else:
            raise Later(retry_after)
    if unreadable:
        raise Later(None)
    if not os.listdir(target.erasures):
        os.rmdir(target.erasures)


def _headers(target: Target) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.key}", "User-Agent": AGENT}


def pause(
    path: str, retry_after: int | None, rand: Callable[[float, float], float] = random.uniform
) -> None:
    """Let no child start before a while: twice the last pause, or what the collector asked for.

    The file's content is the pause in seconds, its modification time the moment when it ends, so
    that a host learns from one `stat` whether to start a child.
    """
    try:
        last = float(shortfile.read(path, 20))
    except (OSError, ValueError):
        last = PAUSE_FIRST_SECONDS / 2
    seconds = min(max(last, PAUSE_FIRST_SECONDS / 2) * 2, PAUSE_MAX_SECONDS)
    if retry_after is not None:
        seconds = min(max(retry_after, 1), PAUSE_MAX_SECONDS)
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{seconds:.0f}")
    # Spread out, so that a collector which comes back is not met by all at once; but nobody comes
    # before the time that it asked for.
    low, high = (seconds / 2, seconds) if retry_after is None else (seconds, seconds * 1.25)
    end = time.time() + rand(low, min(high, PAUSE_MAX_SECONDS))
    os.utime(path, (end, end))


def _descriptors_max() -> int:
    try:
        return min(int(os.sysconf("SC_OPEN_MAX")), 65536)
    except (AttributeError, OSError, ValueError):  # Windows
        return 256


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
