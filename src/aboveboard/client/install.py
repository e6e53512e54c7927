"""An install: what one app keeps on one machine, and what its user may do about it.

The host does these things through `Analytics`, its user by the command line; both do them here.
"""

from __future__ import annotations

import json
import os

from . import directories, segment
from .errand import Errand
from .state import FILE_NAME, State, StateFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


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

    __slots__ = ("app", "spool", "state")

    def __init__(self, app: str, environ: Mapping[str, str], directory: str = "") -> None:
        self.app = app
        place = directories.expand(directory, environ) or directories.config(app, environ)
        self.state = StateFile(os.path.join(place, FILE_NAME))
        self.spool = directories.state(app, environ)

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
        with os.fdopen(
            os.open(errand.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
        ) as file:
            file.write(text)

    def remembered(self) -> Errand | None:
        """Return the errand that the host was last on, or None where it never was on one."""
        try:
            errand = Errand.from_json(_text(self.errand("", "").file) or "")
        except (ValueError, TypeError):
            return None
        return errand if errand.directory == self.spool else None

    def disable(self) -> bool:
        """Turn analytics off for good and remove what waits; return whether it could be kept."""
        try:
            self.state.disable()
            kept = True
        except OSError:
            kept = False
        segment.remove_all(self.segments)
        return kept

    def forget(self) -> State:
        """Leave a request to erase what was sent, remove what waits, and take a new identity.

        The request waits on disk until a collector has taken it, however long that takes. It
        carries the secret that this install's id was made from, which nobody else has. Where
        nothing was ever sent from here, there is nobody to ask, and only the identity changes.

        Returns the state that was forgotten.

        Raises:
            OSError: the request could not be kept; nothing has changed then.
        """
        forgotten = self.state.read()
        if forgotten.user_id and self.remembered() is not None:
            requests = self.errand("", "").erasures
            os.makedirs(requests, mode=0o700, exist_ok=True)
            request = {"user_id": forgotten.user_id, "secret": forgotten.secret or None}
            path = os.path.join(requests, f"{forgotten.user_id}.json")
            temporary = path + ".tmp"
            with os.fdopen(
                os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
            ) as file:
                json.dump(request, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        if forgotten.user_id:
            self.state.renew()
        segment.remove_all(self.segments)
        return forgotten

    def take_dropped(self) -> int:
        """Return how many segments the child had to drop since this was last asked."""
        path = self.errand("", "").dropped_file
        number = _text(path)
        if number is None:
            return 0
        os.unlink(path)
        return int(number) if number.isdecimal() else 0


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(65536)
    except (OSError, ValueError):
        return None
