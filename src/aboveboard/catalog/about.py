"""What a maker says of a tool's analytics as a whole: the facts of its page and of its policy.

They are said once, in the catalog, and whatever publishes them takes them from there. Nothing is
made up: a fact that was not given is one that nobody knows.
"""

from __future__ import annotations

from .kinds import CatalogError
from .notes import is_day

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import TypedDict

    from .kinds import Json

    class About(TypedDict, total=False):
        """The facts, as a tool declares them; `FACTS` says what each is."""

        name: str
        page: str
        purpose: str
        use: str
        collects: Sequence[str]
        never: str
        promises: Sequence[str]
        source: Mapping[str, str]
        code: str
        sample: str
        sampled: str
        issues: str
        policy: str
        controller: str
        contact: str
        recipients: Sequence[str]
        storage: str
        retention: str
        effective: str

else:
    About = dict


FACTS = {
    "name": "the tool's name as people write it",
    "page": "the web address of the page about its analytics",
    "purpose": "what they help to do, after “to help”: “improve mytool”",
    "use": "what is done with what is learned, in sentences",
    "collects": "what information is collected, as a list of phrases",
    "never": "what is never collected, after “never collects”: “your code, prompts or keys”",
    "promises": "the same as the question lists it, where the Analytics does not say it",
    "source": "web addresses of the source, with {file} and {line}, by how a file's name begins",
    "code": "the web address where all places that record can be looked at",
    "sample": "the web address of a sample of what is collected",
    "sampled": "what that sample is, in a sentence",
    "issues": "the web address where people report what concerns them",
    "policy": "the web address of the privacy policy",
    "controller": "who decides what is collected and answers for it by law, with an address",
    "contact": "where that controller is reached about privacy",
    "recipients": "who gets what is collected, each with what for, as a list",
    "storage": "where what is collected is kept: the country, and whose computers",
    "retention": "how long it is kept, such as “400 days”",
    "effective": "from which day on the policy holds, as YYYY-MM-DD",
}
"""Every fact, and what it is."""

LISTS, TABLES = ("collects", "promises", "recipients"), ("source",)
"""Facts that are lists of text, and those that are texts by name; all others are text."""

ADDRESSES = ("page", "code", "sample", "issues", "policy")


def checked(facts: Mapping[str, Json], *, known_only: bool = False) -> dict[str, Json]:
    """Return facts whose types are right.

    Args:
        facts: What was said.
        known_only: Whether a fact that is not one of `FACTS` is a mistake; otherwise it is carried,
            as of a newer aboveboard.

    Raises:
        CatalogError: a fact cannot be used; says what to change.
    """
    if not isinstance(facts, dict):
        raise CatalogError("a catalog's about part is an object of facts")
    for name, value in facts.items():
        if name not in FACTS:
            if known_only:
                raise CatalogError(f"about has no fact {name!r}; it has {', '.join(FACTS)}")
        elif name in LISTS:
            if not isinstance(value, (list, tuple)) or not all(map(_is_line, value)):
                raise CatalogError(f"about: {name} is a list of lines of text")
        elif name in TABLES:
            if not isinstance(value, dict) or not all(
                _is_line(key) and _is_address(text) for key, text in value.items()
            ):
                raise CatalogError(f"about: {name} has web addresses by how a file's name begins")
        elif name in ADDRESSES and not _is_address(value):
            raise CatalogError(f"about: {name} is a web address, not {value!r}")
        elif name == "effective" and not is_day(value):
            raise CatalogError(f"about: effective is a day, such as 2027-06-30, not {value!r}")
        elif not _is_line(value):
            raise CatalogError(f"about: {name} is a line of text, not {value!r}")
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()
    }


def _is_line(value: object) -> bool:
    return isinstance(value, str) and all(letter.isprintable() for letter in value)


def _is_address(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.startswith(("https://", "http://"))
        and _is_line(value)
        and not set(value) & set(" <>\"'`")
    )
