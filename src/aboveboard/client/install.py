"""An install: what one app keeps on one machine, and what its user may do about it.

The host does these things through `Analytics`, its user by the command line; both do them here.
"""

from __future__ import annotations

import json
import os

from . import consent, directories
from .errand import POSTHOG, Errand
from .locks import above_stdio
from .state import FILE_NAME, State, StateFile, new_id, noes, sync_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


REQUESTED, NOTHING_SENT, POSTHOGS, ID_LOST = "requested", "nothing sent", "PostHog's", "id lost"


class Forgotten:
    """What became of someone's word to be forgotten.

    Attributes:
        outcome: `requested`: a request to erase is kept until a collector takes it. `nothing sent`:
            there was nothing to ask for. `PostHog's`: what was sent went to PostHog, where only its
            owner can erase it. `id lost`: the state file no longer says whom to erase.
        user_id: The id that was given up; "" where there was none to be found.
    """

    __slots__ = ("outcome", "user_id")

    def __init__(self, outcome: str, user_id: str = "") -> None:
        self.outcome = outcome
        self.user_id = user_id


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

    def errand(self, endpoint: str, key: str) -> Errand:
        """Return the errand on which a child is sent for this install."""
        return Errand(directory=self.spool, state=self.state.path, endpoint=endpoint, key=key)

    @property
    def segments(self) -> str:
        """The directory of the segments that wait."""
        return self.errand("", "").segments

    def remember(self, errand: Errand) -> None:
        """Keep where this install sends to, so that its user can ask that place to forget.

        Raises:
            OSError: it could not be kept.
        """
        text = errand.as_json()
        if _text(errand.file) == text:
            return
        os.makedirs(self.spool, mode=0o700, exist_ok=True)
        _replace(errand.file, text)

    def remembered(self) -> Errand | None:
        """Return the errand that the host was last on, or None where none can be understood."""
        try:
            errand = Errand.from_json(_text(self.errand("", "").file) or "")
        except (ValueError, TypeError, RecursionError):
            return None
        words = (errand.directory, errand.state, errand.endpoint, errand.key)
        if not all(isinstance(word, str) for word in words) or errand.directory != self.spool:
            return None
        return errand

    def may_have_sent(self) -> bool:
        """Return whether the host was ever on an errand, be it one that can't be understood now.

        Raises:
            OSError: it is not to be known: the directory is somebody else's.
        """
        try:
            os.lstat(self.errand("", "").file)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def disable(self) -> str:
        """Turn analytics off for good, remove what waits; return the file that keeps it, or ""."""
        try:
            self.state.disable()
            kept = self.state.apart() or self.state.path
        except OSError:
            kept = ""
        self._remove_all()
        return kept

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
            self._remove_all()
            lost = state.standing == consent.UNREADABLE or self.may_have_sent()
            return Forgotten(ID_LOST if lost else NOTHING_SENT)
        outcome = self._whom_to_ask()
        request = self._leave_request(state) if outcome == REQUESTED else ""
        try:
            self.state.renew()
        except OSError:
            if request:
                os.unlink(request)
            raise
        self._remove_all()
        return Forgotten(outcome, state.user_id)

    def _remove_all(self) -> None:
        from . import segment

        segment.remove_all(self.segments)

    def _whom_to_ask(self) -> str:
        if not self.may_have_sent():
            return NOTHING_SENT
        errand = self.remembered()
        # Where the errand can't be understood, the host's next one delivers the request.
        return POSTHOGS if errand is not None and errand.endpoint.startswith(POSTHOG) else REQUESTED

    def _leave_request(self, state: State) -> str:
        requests = self.errand("", "").erasures
        os.makedirs(requests, mode=0o700, exist_ok=True)
        path = os.path.join(requests, f"{state.user_id}.json")
        request = {"user_id": state.user_id, "secret": state.secret or None}
        _replace(path, json.dumps(request), lasting=True)
        return path

    def take_dropped(self) -> int:
        """Return how many segments the child had to drop since this was last asked."""
        path = self.errand("", "").dropped_file
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
        # A pipe in the file's place is not waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            return os.read(descriptor, 65536).decode()
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None
