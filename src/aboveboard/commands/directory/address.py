"""Where the dashboard of a data directory is, for what a command prints to be opened there."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from .variables import PUBLIC_URL

if TYPE_CHECKING:
    from pathlib import Path


def address(data: Path) -> str:
    """Return the dashboard's address, "" if that is not known here.

    It is what the collector that runs says of itself, which may be of this machine alone; if none
    runs, what ABOVEBOARD_PUBLIC_URL says.
    """
    from aboveboard.collector.http import publicurl
    from aboveboard.collector.transfer.channel import Asker, ChannelError

    with contextlib.suppress(ChannelError), contextlib.closing(Asker(data)) as asker:
        if found := str(asker.ask("address")[0]["address"]):
            return found
    with contextlib.suppress(ValueError):  # it would be refused by `serve`, which says why
        return publicurl.checked(os.environ.get(PUBLIC_URL) or "")
    return ""
