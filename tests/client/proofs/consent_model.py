"""The consent table once more, written from the design's words and not from the client's code.

What a consent covers is a set of triples: (event, property, kind), and (event, "", "") for the
event itself. What the client may do in a run follows from the set that stands and today's set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Terms = frozenset[tuple[str, str, str]]

NOTHING, YES, NO, DAMAGED = "nothing", "yes", "no", "damaged"

_UNSET = (None, "", "0", "false")
_YES_WORDS = ("1", "true", "yes", "on")


@dataclass(frozen=True)
class Standing:
    """What was decided on an install so far.

    `agreed` is None for a yes that was given to aider itself, before anyone kept what to. Only a
    host that knows what such a yes was given to takes it for one.
    """

    word: str = NOTHING
    agreed: Terms | None = frozenset()
    declined: Terms = frozenset()


@dataclass(frozen=True)
class Facts:
    """A run, as the table sees it."""

    today: Terms
    before: Terms | None = None
    flag: bool | None = None
    disable: bool = False
    variable: str | None = None
    do_not_track: str | None = None
    ci: bool = False
    terminal: bool = False
    in_sample: bool = False
    log_fails: bool = False
    answers: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """What the table says of a run: `covered` is what it may record for sending, none if off."""

    row: int
    on: bool
    asked: int
    covered: Terms
    then: Standing
    saves_a_no: bool = field(default=False)


def terms_of(document: dict[str, Any]) -> Terms:
    """Return the terms of a catalog, from its JSON."""
    found = set()
    for event in document["events"]:
        found.add((event["name"], "", ""))
        for declared in event["properties"]:
            # A unit, and the packages whose exceptions are told, are part of what was agreed to.
            kind = [
                declared["kind"],
                declared.get("unit", ""),
                *sorted(declared.get("packages", [])),
            ]
            found.add((event["name"], declared["name"], " ".join(word for word in kind if word)))
    return frozenset(found)


def answer(typed: Sequence[str]) -> tuple[bool | None, int]:
    """Return what was answered (None: nothing), and how many times it was asked for."""
    nonsense = asked = 0
    for word in typed:
        asked += 1
        if word == END_OF_INPUT:
            return None, asked
        if word.lower() in ("", "y", "yes"):
            return True, asked
        if word.lower() in ("n", "no"):
            return False, asked
        if word != "?":
            nonsense += 1
            if nonsense == 3:
                return None, asked
    return None, asked + 1  # the input ends with the list


END_OF_INPUT = "^"


def outcome(standing: Standing, facts: Facts) -> Outcome:
    """Return what the table says: the first row that fits."""
    if facts.disable:
        # Forever, whatever stands and whatever else was said.
        return Outcome(4, False, 0, frozenset(), Standing(NO), saves_a_no=True)

    def off(row: int) -> Outcome:
        return Outcome(row, False, 0, frozenset(), standing)

    if facts.do_not_track not in _UNSET:
        return off(1)
    if standing.word == NO:
        return off(2)
    if standing.word == DAMAGED:
        return off(3)
    variable_says_yes = facts.variable in _YES_WORDS
    if facts.flag is False or (facts.variable not in (None, "") and not variable_says_yes):
        return off(4)
    wanted = facts.flag is True or variable_says_yes
    can_ask = facts.terminal and not facts.ci
    asks = can_ask and (wanted or facts.in_sample)
    if standing.word == YES and standing.agreed is None and facts.before is not None:
        standing = replace(standing, agreed=facts.before)
    if standing.word == YES and standing.agreed is not None:
        covered = facts.today & standing.agreed
        if covered == facts.today:
            return _mind_the_log(Outcome(5, True, 0, covered, standing), facts)
        if not asks or not (facts.today - covered) - standing.declined:
            return _mind_the_log(Outcome(6, True, 0, covered, standing), facts)
        said, asked = answer(facts.answers)
        if said is None:
            return _mind_the_log(Outcome(6, True, asked, covered, standing), facts)
        if said:
            agreed = _agree(standing, facts.today)
            return _mind_the_log(Outcome(6, True, asked, facts.today, agreed), facts)
        refused = _with_events(facts.today - standing.agreed)
        kept = replace(standing, declined=_merge(standing.declined, refused))
        return _mind_the_log(Outcome(6, True, asked, covered, kept), facts)
    if not can_ask:
        return off(7)
    if not asks:
        return off(10)
    row = 8 if wanted else 9
    said, asked = answer(facts.answers)
    if said is None:
        return Outcome(row, False, asked, frozenset(), standing)
    if said:
        agreed = _agree(standing, facts.today)
        return _mind_the_log(Outcome(row, True, asked, facts.today, agreed), facts)
    return Outcome(row, False, asked, frozenset(), Standing(NO), saves_a_no=True)


def _agree(standing: Standing, today: Terms) -> Standing:
    """A yes adds to what was agreed to before, and takes from what was declined."""
    left = _with_events(frozenset(term for term in standing.declined - today if term[1]))
    left |= {term for term in standing.declined - today if not term[1]}
    return Standing(YES, _merge(standing.agreed or frozenset(), today), left)


def _merge(earlier: Terms, later: Terms) -> Terms:
    """A property that has another kind now is the later one's."""
    named = {term[:2] for term in later}
    return later | {term for term in earlier if term[:2] not in named}


def _with_events(terms: Terms) -> Terms:
    """Whoever names a property names its event."""
    return terms | {(event, "", "") for event, _, _ in terms}


def _mind_the_log(decided: Outcome, facts: Facts) -> Outcome:
    """A log that cannot be written turns the session off: nobody is sent past who wants to look."""
    return replace(decided, on=False, covered=frozenset()) if facts.log_fails else decided
