"""Where the client keeps what waits for a recipient."""

from __future__ import annotations

from pathlib import Path

from aboveboard.client import recipient
from aboveboard.client.errand import Errand
from aboveboard.client.statefile import StateFile

NOBODY = "http://127.0.0.1:9"
"""An address at which nobody listens."""


def place(spool: Path | str, endpoint: str = NOBODY) -> Path:
    """Return the directory, below an app's own, of what waits for the recipient at `endpoint`."""
    return Path(spool) / recipient.FOLDERS / recipient.folder(recipient.of(endpoint))


def send_to(errand: Errand, url: str) -> None:
    """Have an errand, what waits on it and the yes behind it be for the recipient at `url`."""
    StateFile(errand.state).agree({"x": {}}, recipient.of(url))
    before = Path(errand.path)
    errand.endpoint, errand._path = url, ""
    if before.exists() and str(before) != errand.path:
        before.rename(errand.path)
