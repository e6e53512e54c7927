"""The four flags of the promise, the same words in every host, and a no that counts at once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Flag:
    """A flag as it is typed, the names under which its value is kept, and what its help says.

    Attributes:
        name: What a setting of the same meaning is called.
        parameter: What a parser keeps it under, which nothing of a host's can be meant for: a
            command of its own may have an option or an argument that is called `analytics`.
    """

    __slots__ = ("help", "metavar", "name", "parameter", "spelling")

    def __init__(self, spelling: str, help: str, metavar: str | None = None) -> None:  # noqa: A002  # the word that parsers use
        self.spelling = spelling
        self.name = spelling.lstrip("-").replace("-", "_")
        self.parameter = f"aboveboard_{self.name}"
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


def is_only_refused(words: Sequence[str]) -> bool:
    """Return whether the no is all that was typed: who types that wants nothing else done."""
    return len(words) > 0 and set(words) == {NEVER.spelling}


def is_refused(words: Iterable[str]) -> bool:
    """Return whether the no is among the options that stand before everything else.

    For where a parser stops before it, at `--help` or at a mistake. Not behind any other word, nor
    behind `--`: there it could be another program's, which this one is to start.
    """
    for word in words:
        if word == NEVER.spelling:
            return True
        if not word.startswith("-") or word == "--":
            return False
    return False
