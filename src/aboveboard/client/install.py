"""An install: what one app keeps on one machine, and what its user may do about it.

The host does these things through `Analytics`, its user by the command line; both do them here.
"""

from __future__ import annotations

import json
import os

from .decision import consent
from .decision.identity import new_id
from .decision.state import State
from .decision.statefile import FILE_NAME, StateFile, noes, sync_directory
from .files import directories, shortfile
from .files.locks import above_stdio
from .recipients.recipient import FOLDERS
from .recipients.target import POSTHOG, Target, kept, places, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


REQUESTED, NOTHING_SENT, POSTHOGS, ID_LOST = "requested", "nothing sent", "PostHog's", "id lost"


class Forgotten:
    """What became of someone's word to be forgotten.

    Attributes:
        outcome: `requested`: a request to erase is kept for each recipient that can be asked, until
            its collector takes it. `nothing sent`: there was nothing to ask for. `PostHog's`: what
            was sent went to PostHog only, where nobody but its owner can erase it. `id lost`: the
            state file no longer says whom to erase.
        user_id: The id that was given up; "" where there was none to be found.
        posthogs: The addresses at PostHog, where nobody can be asked from here.
    """

    __slots__ = ("outcome", "posthogs", "user_id")

    def __init__(self, outcome: str, user_id: str = "", posthogs: Sequence[str] = ()) -> None:
        self.outcome = outcome
        self.user_id = user_id
        self.posthogs = posthogs


class Install:
    """Where one app's files are.

    Args:
        app: The app's name.
        environ: The environment that says where directories are.
        directory: The app's own directory for its settings, or "" for the platform's place.

    Attributes:
        state: The file that keeps what was decided.
        spool: The directory of what waits to be sent.
    """

    __slots__ = ("_noes", "app", "spool", "state")

    def __init__(self, app: str, environ: Mapping[str, str], directory: str = "") -> None:
        self.app = app
        place = directories.expand(directory, environ) or directories.config(app, environ)
        self.spool = directories.state(app, environ)
        self._noes = noes(self.spool, environ)
        self.state = self.state_at(os.path.join(place, FILE_NAME))

    def state_at(self, path: str) -> StateFile:
        """Return this install's state file, were it at `path`."""
        return StateFile(path, self._noes)

    def target(self, endpoint: str, key: str) -> Target:
        """Return the target to which a child delivers for this install."""
        return Target(directory=self.spool, state=self.state.path, endpoint=endpoint, key=key)

    def segments(self) -> list[str]:
        """Return the directories of the segments that wait, one for each recipient."""
        return [os.path.join(place, "segments") for place in self.places()]

    def directories(self) -> list[str]:
        """Return every directory that has to be looked into for what waits."""
        return [self.spool, os.path.join(self.spool, FOLDERS), *self.places(), *self.segments()]

    def places(self) -> list[str]:
        """Return the directories of all recipients; 0.1.0 knew one, and kept it in the spool."""
        return [*places(self.spool), self.spool]

    def remember(self, target: Target) -> None:
        """Keep where this install sends to, so that its user can ask that place to forget.

        Raises:
            OSError: it could not be kept.
        """
        text = target.as_json()
        if _text(target.file) == text:
            os.utime(target.file)  # the last one is the one of today
            return
        os.makedirs(target.path, mode=0o700, exist_ok=True)
        _replace(target.file, text)

    def targets(self) -> list[Target]:
        """Return the targets that the host ever recorded for, the last first, a recipient each."""
        earlier = self.earlier()
        return kept(self.spool) + ([earlier] if earlier is not None else [])

    def remembered(self) -> Target | None:
        """Return the target that the host last recorded for, or None if none can be understood."""
        return next(iter(self.targets()), None)

    def earlier(self) -> Target | None:
        """Return the target that 0.1.0 left, which kept only one; None where it left none."""
        target = read(self.spool)
        return target if target is not None and target.directory == self.spool else None

    def unnamed(self) -> str:
        """Return the recipient of a yes that 0.1.0 kept, which named none; "" where unknown."""
        target = self.earlier()
        return target.recipient if target is not None else ""

    def may_have_sent(self) -> bool:
        """Return whether the host ever recorded for a target, also one that is damaged now.

        Raises:
            OSError: it is not to be known: the directory is somebody else's.
        """
        try:
            found = os.listdir(self.spool)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return "errand.json" in found or bool(places(self.spool))

    def disable(self) -> str:
        """Turn analytics off for good, remove what waits; return the file that keeps it, or ""."""
        try:
            self.state.disable()
            kept = self.state.apart() or self.state.path
        except OSError:
            kept = ""
        self.remove_waiting()
        return kept

    def reset(self) -> None:
        """Take back what was decided, a no for good too, and remove what waits to be sent.

        Raises:
            OSError: it could not be kept; a no that stood still stands.
        """
        self.remove_waiting()
        self.state.reset()

    def forget(self) -> Forgotten:
        """Leave a request to erase what was sent, remove what waits, and take a new identity.

        The request waits on disk until a collector has taken it, however long that takes. It
        carries the secret that this install's id was made from, which nobody else has. Where
        nothing was ever sent from here, there is nobody to ask, and only the identity changes.

        Raises:
            OSError: the request could not be kept; nothing has changed then.
        """
        state = self.state.read()
        if not state.user_id:
            self.remove_waiting()
            lost = state.standing == consent.UNREADABLE or self.may_have_sent()
            return Forgotten(ID_LOST if lost else NOTHING_SENT)
        from .delivery.earlier import adopt

        adopt(self.spool, self.state)
        requests: list[str] = []
        try:
            posthogs = self._leave_requests(state, requests)
            self.state.renew()
        except OSError:
            for request in requests:
                os.unlink(request)
            raise
        self.remove_waiting()
        outcome = REQUESTED if requests else POSTHOGS if posthogs else NOTHING_SENT
        return Forgotten(outcome, state.user_id, posthogs)

    def remove_waiting(self) -> None:
        """Remove all that waits to be sent, whoever was to have it."""
        from .recording import segment

        for directory in self.segments():
            segment.remove_all(directory)

    def _leave_requests(self, state: State, requests: list[str]) -> list[str]:
        """Leave a request for each recipient that can be asked, and return the others' addresses.

        Args:
            state: What the state file says.
            requests: Takes the path of each request.
        """
        posthogs = []
        body = json.dumps({"user_id": state.user_id, "secret": state.secret or None})
        for place in self.places() if self.may_have_sent() else ():
            target = read(place)
            if target is not None and target.endpoint.startswith(POSTHOG):
                posthogs.append(target.endpoint.removeprefix(POSTHOG))
            elif place != self.spool or os.path.lexists(os.path.join(place, "errand.json")):
                # Where the target can't be understood, the host's next one delivers the request.
                folder = os.path.join(place, "erasures")
                os.makedirs(folder, mode=0o700, exist_ok=True)
                path = os.path.join(folder, f"{state.user_id}.json")
                _replace(path, body, lasting=True)
                requests.append(path)
        return posthogs

    def take_dropped(self, target: Target) -> int:
        """Return how many segments of a recipient's had to be dropped since this was last asked."""
        path = target.dropped_file
        number = _text(path)
        if number is None:
            return 0
        try:
            os.unlink(path)
        except OSError:  # another session tells of it, or it may not be removed
            return 0
        return int(number) if number.isdecimal() and len(number) < 20 else 0


def _replace(path: str, text: str, *, lasting: bool = False) -> None:
    """Write a file whole or not at all; where it is to be lasting, past a loss of power."""
    # A name of its own: two hosts that write at once must not share a half-written file.
    temporary = f"{path}.{new_id()[:8]}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(above_stdio(descriptor), "w", encoding="utf-8") as file:
            file.write(text)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if lasting:
        sync_directory(os.path.dirname(path))


def _text(path: str) -> str | None:
    try:
        return shortfile.read(path).decode()
    except (OSError, ValueError):
        return None
