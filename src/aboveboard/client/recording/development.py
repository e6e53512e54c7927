"""What a maker is told while a tool is made: what no catalog has, what is lost, each line as it is.

With `<APP>_ANALYTICS_DEBUG` set when the process starts, nothing is recorded for sending, whatever
was decided: each line is printed to stderr instead, and a mistake in the calls is raised. Tests
that capture events raise the same. Elsewhere a mistake is silent: no user of a tool is to meet it.
"""

from __future__ import annotations

import sys

from aboveboard.catalog.event import Event
from aboveboard.catalog.kinds import CatalogError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.client.files.appendfile import AuditLog


def check(catalog: Catalog, event: object, *, opened: bool) -> None:
    """Raise `CatalogError` where `record` would lose an event without a word.

    Args:
        catalog: What the tool may record.
        event: What it was given.
        opened: Whether its session was opened before.
    """
    if isinstance(event, type):
        raise CatalogError(f"record takes an event: {event.__name__}(…), not {event.__name__}")
    if not isinstance(event, Event):
        raise CatalogError(
            f"record takes an event that a catalog has, not a {type(event).__name__}"
        )
    if type(event).event_name not in catalog.entries:
        told = f"{type(event).__name__} ({type(event).event_name})"
        what = "name packages=[…] where the analytics is made" if _is_failure(event) else "add it"
        raise CatalogError(f"{told} is not in the catalog of {catalog.app}: {what}")
    if not opened:
        raise CatalogError(
            f"{type(event).__name__} was recorded before the session of {catalog.app} was opened, "
            "and is lost: call `open` or `open_session` first"
        )


def _is_failure(event: Event) -> bool:
    return type(event).event_name == "exception"


class Screen:
    """An audit log that is stderr, in front of the one in a file where somebody wants that too.

    Args:
        log: That one.
        show: What else is done with each line; raises nothing.
    """

    failed = False

    def __init__(self, log: AuditLog | None, show: Callable[[bytes], None] | None = None) -> None:
        self._log = log
        self._show = show
        self.path = log.path if log is not None else ""

    def append(self, line: bytes) -> None:
        """Print a line, and write it to the log.

        Raises:
            OSError: the log cannot be written.
        """
        if self._log is not None:
            self._log.append(line)
        if self._show is not None:
            self._show(line)
        try:
            sys.stderr.write(line.decode())
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):  # closed, or None under pythonw
            return

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
