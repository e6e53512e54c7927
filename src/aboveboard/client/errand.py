"""What a child is sent out with, and whether it is worth sending one: all that a host must know.

Apart from `upload`, so that no module of the sending path is ever loaded in the host.
"""

from __future__ import annotations

import json
import os
import time

POSTHOG = "posthog+"
"""How an endpoint begins that takes PostHog's form of events."""

PAUSE_MAX_SECONDS = 6 * 3600
ERASE_PAUSE_SECONDS = 24 * 3600
"""How long a collector that cannot erase yet is not asked again."""

CANNOT_ERASE = "cannot erase"
"""What stands in the pause of requests to erase if the collector has said so."""

VARIABLE = "ABOVEBOARD_UPLOAD"
"""The environment variable in which the host hands the child its errand, as JSON. Not an argument:
those are everyone's to read."""


class Errand:
    """Where to find what waits, whom to ask for consent, and where to send it.

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

    @classmethod
    def from_json(cls, text: str) -> Errand:
        return cls(**json.loads(text))

    def as_json(self) -> str:
        """Return the errand as `from_json` reads it."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @property
    def segments(self) -> str:
        """The directory of the segments that wait."""
        return os.path.join(self.directory, "segments")

    @property
    def erasures(self) -> str:
        """The directory of the requests to erase that no collector has taken yet."""
        return os.path.join(self.directory, "erasures")

    @property
    def lock(self) -> str:
        """The file whose lock the one child that sends holds."""
        return os.path.join(self.directory, "upload.lock")

    @property
    def dropped_file(self) -> str:
        """The file in which the child counts the segments that it had to drop."""
        return os.path.join(self.directory, "dropped")

    @property
    def refused_file(self) -> str:
        """The file in which the child counts the lines that a collector did not take, by reason."""
        return os.path.join(self.directory, "refused.json")

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

    @property
    def file(self) -> str:
        """The file in which the host's last errand is kept."""
        return os.path.join(self.directory, "errand.json")

    @property
    def pause_file(self) -> str:
        """The file whose modification time says until when no child need start."""
        return os.path.join(self.directory, "pause")

    @property
    def erase_pause_file(self) -> str:
        """The same for requests to erase, which never keep events waiting."""
        return os.path.join(self.directory, "erase-pause")

    def cannot_erase(self) -> bool:
        """Return whether the collector has said lately that it cannot erase yet."""
        try:
            with open(self.erase_pause_file, encoding="ascii") as file:
                told = file.read(20)
        except (OSError, ValueError):
            return False
        return told == CANNOT_ERASE and paused(self.erase_pause_file, ERASE_PAUSE_SECONDS)


def paused(path: str, most: float = PAUSE_MAX_SECONDS) -> bool:
    """Return whether a pause is on. One that reaches further than `most` is a clock set back."""
    try:
        left = os.stat(path).st_mtime - time.time()
    except OSError:
        return False
    return 0 < left <= most
