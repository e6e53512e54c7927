"""Where a child delivers, with whose files, and whether it is worth starting one.

This is all of the sending that a host must know.

It is apart from `upload`, so that no module of the sending path is ever loaded in the host.
"""

from __future__ import annotations

import json
import os
import time

from aboveboard.client.files import shortfile

from . import recipient

POSTHOG = "posthog+"
"""How an endpoint begins that takes PostHog's form of events."""

PAUSE_MAX_SECONDS = 6 * 3600
ERASE_PAUSE_SECONDS = 24 * 3600
"""How long a collector that cannot erase yet is not asked again."""

CANNOT_ERASE = "cannot erase"
"""What stands in the pause of requests to erase if the collector has said so."""

VARIABLE = "ABOVEBOARD_UPLOAD"
"""The environment variable in which the host hands the child its target, as JSON. Not an argument:
those are everyone's to read."""


class Folder:
    """The files of what is kept for one recipient."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def path(self) -> str:
        """Their directory."""
        return self._path

    @property
    def segments(self) -> str:
        """The directory of the segments that wait."""
        return os.path.join(self.path, "segments")

    @property
    def erasures(self) -> str:
        """The directory of the requests to erase that no collector has taken yet."""
        return os.path.join(self.path, "erasures")

    @property
    def dropped_file(self) -> str:
        """The file in which the child counts the segments that it had to drop."""
        return os.path.join(self.path, "dropped")

    @property
    def refused_file(self) -> str:
        """The file in which the child counts the lines that a collector did not take, by reason."""
        return os.path.join(self.path, "refused.json")

    @property
    def receipts_file(self) -> str:
        """The file in which the child keeps what collectors said of requests to erase."""
        return os.path.join(self.path, "receipts.json")

    @property
    def file(self) -> str:
        """The file in which this target is kept, for the runs that have another."""
        return os.path.join(self.path, "errand.json")

    @property
    def pause_file(self) -> str:
        """The file whose modification time says until when no child need start."""
        return os.path.join(self.path, "pause")

    @property
    def erase_pause_file(self) -> str:
        """The same for requests to erase, which never keep events waiting."""
        return os.path.join(self.path, "erase-pause")

    def cannot_erase(self) -> bool:
        """Return whether the collector has said lately that it cannot erase yet."""
        try:
            told = shortfile.read(self.erase_pause_file, 20)
        except OSError:
            return False
        return told == CANNOT_ERASE.encode() and paused(self.erase_pause_file, ERASE_PAUSE_SECONDS)


def trouble(endpoint: object, key: object) -> str:
    """Return why nothing can be sent to an endpoint with a key, in words, or ""."""
    if not isinstance(endpoint, str) or not _is_address(endpoint):
        return f"{endpoint!a} is no address of a collector: https://…, or for PostHog posthog+https://…"
    if not isinstance(key, str) or not key.strip() or not (key.isascii() and key.isprintable()):
        return "the write key is missing, or is none: the collector prints it for your project"
    return ""


def is_placeholder(key: str) -> bool:
    """Return whether a key is one of the words that documentation has in the place of a key."""
    words = key.upper()
    return any(letter.isspace() for letter in key) or any(
        each in words for each in ("YOUR-", "YOUR_", "WRITE-KEY", "WRITE_KEY", "...", "<")
    )


def _is_address(endpoint: str) -> bool:
    """Return whether an endpoint has a scheme that is spoken here, a host, and no odd letter.

    By hand: `urllib.parse` would cost a host a millisecond at its start.
    """
    scheme, _, rest = endpoint.strip().removeprefix(POSTHOG).partition("://")
    authority = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, port = authority, "443"
    return (
        scheme.lower() in ("http", "https")
        and host not in ("", "[]")
        and port.isdecimal()
        and 0 < int(port[:6]) < 65536
        and endpoint.strip().isprintable()
        and not any(letter.isspace() for letter in endpoint.strip())
    )


_FIELDS = ("directory", "endpoint", "key", "state")


class Target(Folder):
    """A recipient's address and key, and the files of what waits for it and of the consent.

    Attributes:
        directory: The app's own directory below the platform's state directory.
        state: The path of the file that keeps the consent.
        endpoint: The collector's address.
        key: The project's write key.
    """

    __slots__ = ("directory", "endpoint", "key", "state")

    def __init__(self, *, directory: str, state: str, endpoint: str, key: str) -> None:
        self.directory = directory
        self.state = state
        self.endpoint = endpoint
        self.key = key
        super().__init__("")

    @classmethod
    def from_json(cls, text: str) -> Target:
        """Return the target that `as_json` wrote.

        Raises:
            ValueError, TypeError, RecursionError: the text is no target's.
        """
        target = cls(**json.loads(text))
        for name in _FIELDS:
            word = getattr(target, name)
            if not isinstance(word, str):
                raise TypeError("a target's fields are strings")
            if "\0" in word:
                raise ValueError("no path and no address has a NUL")
            word.encode("utf-8", "surrogateescape")  # what cannot be written names nothing
        return target

    def as_json(self) -> str:
        """Return the target as JSON, as `from_json` reads it."""
        return json.dumps({name: getattr(self, name) for name in _FIELDS})

    @property
    def recipient(self) -> str:
        """The name of whoever gets what is sent."""
        return recipient.of(self.endpoint)

    @property
    def path(self) -> str:
        """The directory of all that waits for this recipient and nobody else."""
        if not self._path:
            folder = recipient.folder(self.recipient)
            self._path = os.path.join(self.directory, recipient.FOLDERS, folder)
        return self._path

    @property
    def lock(self) -> str:
        """The file whose lock the one child of an app that sends holds, whoever receives it."""
        return os.path.join(self.directory, "upload.lock")

    def owes(self) -> bool:
        """Return whether there is a request to erase that is worth being delivered now."""
        if self.endpoint.startswith(POSTHOG):  # which has no such request
            return False
        if paused(self.erase_pause_file, ERASE_PAUSE_SECONDS):
            return False
        try:
            with os.scandir(self.erasures) as entries:
                return any(entry.name.endswith(".json") for entry in entries)
        except OSError:
            return False


def paused(path: str, most: float = PAUSE_MAX_SECONDS) -> bool:
    """Return whether a pause is on. One that reaches further than `most` is a clock set back."""
    try:
        left = os.stat(path).st_mtime - time.time()
    except OSError:
        return False
    return 0 < left <= most


def kept(directory: str) -> list[Target]:
    """Return an app's targets, one for each recipient that it ever recorded for; the last first."""
    found = []
    for place in places(directory):
        target = read(place)
        if target is not None and target.directory == directory and target.path == place:
            found.append((_modified(target.file), target))
    return [target for _, target in sorted(found, key=lambda pair: -pair[0])]


def places(directory: str) -> list[str]:
    """Return the directories of an app's recipients, also of those whose target is damaged."""
    try:
        with os.scandir(os.path.join(directory, recipient.FOLDERS)) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def read(place: str) -> Target | None:
    """Return the target that is kept in a directory; None where none can be understood."""
    try:
        return Target.from_json(shortfile.read(os.path.join(place, "errand.json")).decode())
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def owing(target: Target) -> list[Target]:
    """Return the targets of an app to which requests to erase are to be delivered now.

    Args:
        target: The app's target of today, which stands in for a kept one that is damaged.
    """
    found = []
    for place in places(target.directory):
        if os.path.isdir(os.path.join(place, "erasures")):
            kept_one = read(place)
            owes = target if kept_one is None and target.path == place else kept_one
            if owes is not None and owes.path == place and owes.owes():
                found.append(owes)
    return found


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0
