"""Where the client keeps what waits for a recipient."""

from __future__ import annotations

from pathlib import Path

from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.recipients import recipient
from aboveboard.client.recipients.target import Target

NOBODY = "http://127.0.0.1:9"
"""An address at which nobody listens."""


def place(spool: Path | str, endpoint: str = NOBODY) -> Path:
    """Return the directory, below an app's own, of what waits for the recipient at `endpoint`."""
    return Path(spool) / recipient.FOLDERS / recipient.folder(recipient.of(endpoint))


def send_to(target: Target, url: str) -> None:
    """Have a target, what waits on it and the yes behind it be for the recipient at `url`."""
    StateFile(target.state).agree({"x": {}}, recipient.of(url))
    before = Path(target.path)
    target.endpoint, target._path = url, ""
    if before.exists() and str(before) != target.path:
        before.rename(target.path)
