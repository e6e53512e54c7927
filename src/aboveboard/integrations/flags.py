"""The four flags of the promise, the same words in every host."""

from __future__ import annotations


class Flag:
    """A flag as it is typed, the name under which its value is kept, and what its help says."""

    __slots__ = ("help", "metavar", "name", "spelling")

    def __init__(self, spelling: str, help: str, metavar: str | None = None) -> None:  # noqa: A002  # the word that parsers use
        self.spelling = spelling
        self.name = spelling.lstrip("-").replace("-", "_")
        self.help = help
        self.metavar = metavar


YES = Flag(
    "--analytics", "turn analytics on for this session (asks first, if you were never asked)"
)
NO = Flag("--no-analytics", "turn analytics off for this session")
NEVER = Flag("--analytics-disable", "turn analytics off forever")
LOG = Flag(
    "--analytics-log",
    "append all that is collected to FILE, whether it is sent or not",
    metavar="FILE",
)
FLAGS = (YES, NO, NEVER, LOG)
