"""What a server says besides its warnings: to a person at a terminal, or in the lines of its log.

Where the log is JSON, everything is a line of it. Write keys are for a person only: a log is copied
to many places.
"""

from __future__ import annotations

import logging

from aboveboard.commands.terminal import printing as terminal

log = logging.getLogger(__name__)


class Voice:
    """Says things.

    Args:
        logs: Whether everything is a line of the log.
    """

    def __init__(self, *, logs: bool) -> None:
        self._logs = logs

    def say(self, text: str) -> None:
        """Say something to whoever there is."""
        if self._logs:
            log.info("%s", text.strip())
        else:
            terminal.say(*text.split("\n"))

    def tell(self, text: str) -> None:
        """Say something to a person only."""
        if not self._logs:
            terminal.say(*text.split("\n"))

    def note(self, text: str) -> None:
        """Have in the log what a person at the terminal sees happen."""
        if self._logs:
            log.info("%s", text)

    def warn(self, text: str) -> None:
        """Say what somebody should see to."""
        if self._logs:
            log.warning("%s", text)
        else:
            terminal.warn(f"aboveboard serve: {text}")

    def give_up(self, error: Exception) -> None:
        """Say why the server does not run."""
        if self._logs:
            log.critical("%s", error)
        else:
            terminal.warn(f"aboveboard serve: {error}")
