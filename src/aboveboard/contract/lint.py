"""A catalog, checked by every rule but those that its maker set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .errors import ContractError
from .rules import lifetime, singling, use, words
from .rules.rule import ADVICE, FAULT, WARNING, Subject

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aboveboard.catalog.catalog import Catalog

RULES = {rule.name: rule for rule in (*words.RULES, *lifetime.RULES, *singling.RULES, *use.RULES)}
"""Every rule by its name; docs/contract.md explains each."""

LEVELS = (FAULT, WARNING, ADVICE)


class Finding(NamedTuple):
    """A breach of a rule."""

    rule: str
    level: str
    place: str
    """The event, or `event.property`; the tool, of what is wrong with all of it."""

    said: str


def check(
    catalog: Catalog,
    day: str,
    read: Collection[str],
    ignored: Sequence[str] = (),
    key: str = "",
) -> list[Finding]:
    """Return what is wrong with a catalog, the gravest first.

    Args:
        catalog: What is checked.
        day: Today in UTC, as YYYY-MM-DD.
        read: The properties that some insight reads by name, as `event.property`.
        ignored: Rules that are set aside, as `RULE`, or `RULE=PLACE` for one event or property.
        key: The write key that the tool sends with; "" if that is not known.

    Raises:
        ContractError: a word of `ignored` means nothing.
    """
    aside = {_understood(word, catalog) for word in ignored}
    subject = Subject(catalog, day, read, key)
    found = [
        Finding(rule.name, rule.level, problem.place, problem.said)
        for rule in RULES.values()
        for problem in rule.find(subject)
        if not {(rule.name, ""), (rule.name, problem.place)} & aside
    ]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


def _understood(word: str, catalog: Catalog) -> tuple[str, str]:
    rule, _, place = word.partition("=")
    if rule not in RULES:
        raise ContractError(f"there is no rule {rule!r}; the rules are {', '.join(RULES)}")
    event, _, name = place.partition(".")
    entry = catalog.entries.get(event)
    if place and (entry is None or (name and name not in entry.properties)):
        raise ContractError(f"{word} sets aside what the catalog does not have: {place}")
    return rule, place
