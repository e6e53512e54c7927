"""What is said of an event or a property beside what it is: why, who answers for it, until when.

These words are for people. Of them only `expires` changes what is collected, so it alone is part
of what a consent is given to.
"""

from __future__ import annotations

import time

from .kinds import UNTIL, CatalogError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import TypedDict

    from .kinds import Json

    class Words(TypedDict, total=False):
        """The notes as keywords of `count(…)` and the other kinds."""

        why: str
        owner: str
        issue: str
        since: str
        expires: str


NAMES = ("why", "owner", "issue", "since", "expires")
"""The keys, in the catalog's JSON and as keywords."""

LONGEST = 500
"""Letters in a note."""


class Notes:
    """The notes of an event or a property; one that was not given is "".

    Attributes:
        why: What it is collected for.
        owner: Who answers for it: a person, a team, an address.
        issue: The https address where collecting it was decided.
        since: The host's version that collected it first.
        expires: The day, as YYYY-MM-DD, from whose beginning in UTC on it is not collected.

    Raises:
        CatalogError: a note cannot be used; says what to change.
    """

    __slots__ = NAMES

    def __init__(
        self, why: str = "", owner: str = "", issue: str = "", since: str = "", expires: str = ""
    ) -> None:
        self.why = _line("why", why)
        self.owner = _line("owner", owner)
        self.issue = _line("issue", issue)
        self.since = _line("since", since)
        self.expires = expires
        if issue and (not issue.startswith(("https://", "http://")) or " " in issue):
            raise CatalogError(f"issue is a web address, such as https://…/issues/7, not {issue!r}")
        if expires and not is_day(expires):
            raise CatalogError(f"expires is a day, such as 2027-06-30, not {expires!r}")

    @classmethod
    def of_json(cls, record: Mapping[str, Json]) -> Notes:
        """Return the notes in an event's or a property's JSON."""
        return cls(**{name: record[name] for name in NAMES if name in record})  # type: ignore[arg-type]  # checked by it

    def as_json(self) -> dict[str, Json]:
        """Return the notes that were given."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name)}


def first(*days: str) -> str:
    """Return the earliest of some days, of which "" is none."""
    return min(filter(None, days), default="")


def until(term: str) -> str:
    """Return the day up to which a consent's term allows a property; "" if without an end."""
    return next((word[len(UNTIL) :] for word in term.split() if word.startswith(UNTIL)), "")


def is_over(expires: str, moment: float) -> bool:
    """Return whether a day has begun, in UTC; `moment` is in seconds since 1970."""
    return bool(expires) and time.strftime("%Y-%m-%d", time.gmtime(moment)) >= expires


def _line(name: str, text: object) -> str:
    if not isinstance(text, str):
        raise CatalogError(f"{name} is a line of text, not {text!r}")
    if len(text) > LONGEST or not all(letter.isprintable() for letter in text):
        raise CatalogError(f"{name} is one line of at most {LONGEST} letters: {text[:40]!r}…")
    return text


_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_day(text: object) -> bool:
    """Return whether a text is YYYY-MM-DD; `datetime` would cost a host a millisecond."""
    if not isinstance(text, str) or len(text) != 10 or not text.isascii():
        return False
    year, month, day = text[:4], text[5:7], text[8:]
    if text[4] + text[7] != "--" or not (year + month + day).isdigit():
        return False
    if not (year > "0000" and "01" <= month <= "12" and 1 <= int(day) <= _DAYS[int(month) - 1]):
        return False
    leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
    return leap or text[5:] != "02-29"
