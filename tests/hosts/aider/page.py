"""aider's page on analytics, and the page that is made from the catalog."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.hosts.aider.person import Person

if TYPE_CHECKING:
    from tests.hosts.aider.wire import Listener


QUESTION = "Allow collection of anonymous analytics to help improve aider? (Y)es/(N)o [Yes]: "
AT_ONCE = ("--no-git", "--no-check-update", "sub")
"""What has aider end, with exit code 1, as soon as it has recorded `launched`."""


EVENTS_AT_ONCE = ["session_start", "launched", "exit"]


@dataclass
class Reader:
    """Somebody who tries what the page says."""

    person: Person
    collector: Listener

    def runs(self, *flags: str, answers: tuple[str, ...] = (), browser: bool = False) -> str:
        """Run aider at a terminal, answering each question in turn; return what was shown."""
        ending = AT_ONCE if not browser else ("--no-fancy-input", "--no-check-update", "--browser")
        with self.person.at_terminal(self.person.aboveboard(*flags, *ending)) as terminal:
            for answer in answers:
                terminal.until("[Yes]: ")
                terminal.press(b"\x04") if answer == "^D" else terminal.type(answer)
            code = terminal.end()
        assert code == (0 if browser else 1), terminal.screen
        assert "Traceback" not in terminal.screen
        return terminal.screen

    def sent(self) -> list[str]:
        """Return the names of the events that were sent."""
        self.person.has_sent()
        return [json.loads(line)["event"] for line in self.collector.body().splitlines()]

    def is_off(self) -> bool:
        return not self.person.spool.exists() and not self.collector.requests

    def has_id(self, user_id: str) -> None:
        self.person.decided(uuid=user_id, permanently_disable=None, asked_opt_in=False)


NOT_IN_SAMPLE = "f199c4e7-a892-4992-8729-0cb709b1727c"
