"""A developer's own lines, shown on their collector's debug page as they are made.

Two words of the person's own are needed: `aboveboard debug APP TAG`, typed on this machine within a
day, and the same tag in `<APP>_ANALYTICS_DEBUG` when the tool starts. A variable alone, which a
repository's `.env` may set, does nothing: it cannot know the tag, nor leave the file. Any no counts
as ever. The lines name no install.

A child of the host's sends them, fed through a socket: the host never waits for a network. What
does not fit into the socket is lost; it was printed.
"""

from __future__ import annotations

import hmac
import http.client
import os
import select
import sys
import time

from aboveboard.client.decision import consent, environment
from aboveboard.client.files import shortfile
from aboveboard.client.files.locks import above_stdio
from aboveboard.client.recipients import wire
from aboveboard.client.recipients.target import POSTHOG, VARIABLE, Target
from aboveboard.client.release import __version__

from . import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from aboveboard.client.install import Install

    from .connection import Connection

FILE = "debug"
"""The file, in an app's own directory, that says to which tag its person has said yes."""

SECONDS_MAX = 86_400
"""How long such a yes holds."""

TAG = "ABOVEBOARD_DEBUG_TAG"
GATHERED_SECONDS = 0.2
BODY_MAX = 64 * 1024
LAST_SECONDS = 15
"""How long the child may take for what is left when its host has ended."""


def say_yes(install: Install, tag: str) -> None:
    """Keep a person's yes to showing their own events under a tag.

    Raises:
        OSError: it could not be kept.
    """
    os.makedirs(install.spool, mode=0o700, exist_ok=True)
    path = os.path.join(install.spool, FILE)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(above_stdio(os.open(path, flags, 0o600)), "w", encoding="ascii") as file:
        file.write(tag)


def trouble(install: Install, target: Target, tag: str, environ: Mapping[str, str]) -> str:
    """Return why lines are not to be shown under a tag, in words, or ""."""
    path = os.path.join(install.spool, FILE)
    try:
        said = shortfile.read(path, 64)
        fresh = 0 <= time.time() - os.stat(path).st_mtime < SECONDS_MAX
    except OSError:
        said, fresh = b"", False
    if not fresh or not hmac.compare_digest(said, tag.encode()):
        return f"on this machine nobody has said `aboveboard debug {install.app} TAG` today"
    noes = environment.refusals(install.app, environ)
    if noes:
        return f"{noes[0]} says no"
    state = install.state.read()
    if state.standing == consent.DISABLED or state.toward(target.recipient).refused:
        return "analytics are off for good here"
    if target.endpoint.startswith(POSTHOG):
        return "PostHog has no debug page of ours"
    if spawn.is_frozen() or not spawn.can_spawn() or not hasattr(os, "posix_spawn"):
        return "no child can be started here that could send"
    return ""


class Shown:
    """Hands lines on to a child, which is started with the first.

    Args:
        target: The collector.
        tag: The tag that is open there.
        environ: The host's environment.
    """

    def __init__(self, target: Target, tag: str, environ: Mapping[str, str]) -> None:
        self._target = target
        self._tag = tag
        self._environ = environ
        self._socket: socket.socket | None = None
        self._failed = False

    def show(self, line: bytes) -> None:
        """Hand a line on. Raises nothing."""
        if self._failed:
            return
        try:
            if self._socket is None:
                self._socket = self._start()
            self._socket.send(line)
        except BlockingIOError:
            return
        except (OSError, ValueError):  # it has ended, or the host has closed the socket
            self._failed = True

    def _start(self) -> socket.socket:
        import socket
        import subprocess

        command, given = spawn.prepared("debugging", self._environ)
        given.update({VARIABLE: self._target.as_json(), TAG: self._tag})
        # Not a pipe: a host may have pipes' ends kill it.
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                command,
                env=given,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        process.returncode = 0  # nobody waits for it
        ours.setblocking(False)
        return ours


def main() -> None:
    """Be the child: send what comes until the host ends, then what is left."""
    from . import upload
    from .connection import Connection

    target, tag = Target.from_json(os.environ[VARIABLE]), os.environ[TAG]
    os.chdir(os.path.abspath(os.sep))
    connection = Connection(wire.address(target.endpoint), os.environ)
    waiting, open_ = b"", True
    while open_ or waiting:
        if open_:
            more = os.read(0, BODY_MAX)
            open_ = bool(more)
            waiting += more
            if not open_:
                upload.bound_life(LAST_SECONDS)
            end = time.monotonic() + GATHERED_SECONDS
            while open_ and len(waiting) < BODY_MAX and time.monotonic() < end:
                if select.select([0], [], [], GATHERED_SECONDS)[0]:
                    more = os.read(0, BODY_MAX)
                    open_ = bool(more)
                    waiting += more
        lines, newline, waiting = waiting.rpartition(b"\n")
        if not newline:
            waiting = waiting if open_ else b""
        elif not _sent(connection, target, tag, lines + newline):
            return


def _sent(connection: Connection, target: Target, tag: str, lines: bytes) -> bool:
    """Send lines; return whether more may follow, and say on stderr why not."""
    headers = {
        "Authorization": f"Bearer {target.key}",
        "User-Agent": f"aboveboard/{__version__}",
        "Content-Type": "application/x-ndjson",
        "Debug-Tag": tag,
    }
    try:
        status, _ = connection.post("/v1/debug", lines, headers)
    except (OSError, http.client.HTTPException) as error:
        why = f"the collector does not answer ({type(error).__name__})"
    else:
        why = _WHY.get(status, f"the collector answers {status}")
        if status == 200:
            return True
    sys.stderr.write(f"aboveboard: nothing is shown in the collector: {why}\n")
    return False


_WHY = {
    401: "it does not know the write key",
    404: "it knows no such tag: its page /debug opens one",
    429: "too much was sent",
}
