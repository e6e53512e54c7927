"""The consent table: a pure function from facts to a decision. The first row that fits decides.

Nothing here reads a file, asks a person or looks at a clock; docs/consent.md shows the same table
in words, and a test holds the two together.
"""

from __future__ import annotations

from aboveboard.catalog.kinds import STEPS, UNTIL
from aboveboard.catalog.notes import until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Terms = Mapping[str, Mapping[str, str]]
    """Events, their properties, and the kind of each: what a consent is given to."""

NOT_ASKED, CONSENTED, DISABLED, UNREADABLE = "not asked", "consented", "disabled", "unreadable"


class Facts:
    """All that a decision depends on.

    Args:
        standing: What the state file says about today's recipient: one of the four words above. A
            consent that was given to another recipient is `not asked`.
        agreed: The terms of a standing consent; None where nobody knows what it was given to,
            which is no consent.
        declined: Terms that were asked about later and declined: not asked about again.
        terms: The terms of today's catalog.
        wanted: False where a flag, a variable or a setting says no; True where one says yes.
        refused: Whether today's recipient was answered with no, where another had a yes.
        do_not_track: Whether DO_NOT_TRACK is set.
        can_ask: Whether a person is there: a terminal on all three streams, and no CI.
        can_save: Whether an answer could be kept.
        in_sample: Whether this install is in the random subset.
        day: Today in UTC, as YYYY-MM-DD; "" and nothing has expired.
    """

    __slots__ = (
        "agreed", "can_ask", "can_save", "day", "declined", "do_not_track", "in_sample", "refused",
        "standing", "terms", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        *,
        standing: str,
        terms: Terms,
        agreed: Terms | None = None,
        declined: Terms | None = None,
        wanted: bool | None = None,
        refused: bool = False,
        do_not_track: bool = False,
        can_ask: bool = False,
        can_save: bool = True,
        in_sample: bool = False,
        day: str = "",
    ) -> None:
        self.standing = standing
        self.agreed = agreed
        self.declined = declined or {}
        self.terms = terms
        self.wanted = wanted
        self.refused = refused
        self.do_not_track = do_not_track
        self.can_ask = can_ask
        self.can_save = can_save
        self.in_sample = in_sample
        self.day = day


class Decision:
    """What a session does: the row that decided, and what follows from it.

    Attributes:
        row: The row of the table, 1 to 10.
        on: Whether the session records and sends, before any question is answered.
        ask: Whether to ask; with `on`, the question is about what is new only.
        covered: The terms that may be recorded; empty where the session is off.
        notice: A line that the person who gave `--analytics` should read, or None.
    """

    __slots__ = ("ask", "covered", "notice", "on", "row")

    def __init__(
        self,
        row: int,
        *,
        on: bool = False,
        ask: bool = False,
        covered: Terms | None = None,
        notice: str | None = None,
    ) -> None:
        self.row = row
        self.on = on
        self.ask = ask
        self.covered: Terms = covered if covered is not None else {}
        self.notice = notice


def decide(facts: Facts) -> Decision:
    """Return the decision of the first row that fits."""
    if facts.do_not_track:
        return Decision(1)
    if facts.standing == DISABLED:
        notice = "Analytics were permanently disabled here; --analytics does not change that."
        return Decision(2, notice=notice if facts.wanted else None)
    if facts.standing == UNREADABLE:
        notice = "Analytics are off: the file that keeps your decision cannot be read."
        return Decision(3, notice=notice if facts.wanted else None)
    if facts.wanted is False:
        return Decision(4)
    if facts.refused:
        notice = "Analytics are off: you said no to sending to this place."
        return Decision(4, notice=notice if facts.wanted else None)
    if facts.standing == CONSENTED and facts.agreed is not None:
        covered = overlap(facts.agreed, facts.terms)
        if covered == facts.terms:
            return Decision(5, on=True, covered=covered)
        news = _living(growth(facts.declined, growth(covered, facts.terms)), facts.day)
        return Decision(6, on=True, ask=bool(news) and _may_ask(facts), covered=covered)
    if not facts.can_ask:
        return Decision(7)
    if facts.wanted and facts.can_save:
        return Decision(8, ask=True)
    if facts.wanted is None and facts.in_sample and facts.can_save:
        return Decision(9, ask=True)
    return Decision(10)


def overlap(agreed: Terms, terms: Terms) -> dict[str, dict[str, str]]:
    """Return the part of `terms` that `agreed` covers: same event, same property, same kind.

    An exception's packages are covered where they are among those agreed to. What was agreed to
    until a day is covered until that day, whatever the terms say.
    """
    return {
        event: {
            name: _until(kind, until(agreed[event][name]))
            for name, kind in properties.items()
            if name in agreed[event] and _covers(_endless(agreed[event][name]), kind)
        }
        for event, properties in terms.items()
        if event in agreed
    }


def growth(agreed: Terms, terms: Terms) -> dict[str, dict[str, str]]:
    """Return the part of `terms` that `agreed` does not cover."""
    grown = {}
    for event, properties in terms.items():
        known = agreed.get(event, {})
        new = {
            name: kind for name, kind in properties.items() if not _covers(known.get(name), kind)
        }
        if new or event not in agreed:
            grown[event] = new
    return grown


def merge(earlier: Terms | None, later: Terms) -> dict[str, dict[str, str]]:
    """Return the terms of both; where a property has two kinds, the later one's."""
    merged = {event: dict(properties) for event, properties in (earlier or {}).items()}
    for event, properties in later.items():
        known = merged.setdefault(event, {})
        for name, kind in properties.items():
            known[name] = _union(known.get(name, kind), kind)
    return merged


def _covers(agreed: str | None, kind: str) -> bool:
    """Return whether a kind's terms hold no more than those agreed to.

    The first word is the kind itself. Words that begin with `steps:` say what a number is rounded
    to: who agreed to the number itself has agreed to less, and who agreed to certain steps has
    agreed to no others. One that begins with `until:` says until which day it is collected: who
    agreed to a day has agreed to no later one. The rest (a unit, packages) says of what, in any
    order.
    """
    if agreed is None:
        return False
    (had, of, known_steps), (has, wanted, steps) = _parts(agreed), _parts(kind)
    day, later = until(agreed), until(kind)
    if day and not (later and later <= day):
        return False
    return (
        had == has and wanted <= of and (not known_steps or (bool(steps) and steps <= known_steps))
    )


def _union(earlier: str, later: str) -> str:
    (had, of, known_steps), (has, wanted, steps) = _parts(earlier), _parts(later)
    if had != has:
        return later
    rounded = known_steps | steps if known_steps and steps else set()
    days = until(earlier), until(later)
    united = " ".join([has, *sorted(of | wanted), *sorted(rounded)])
    return f"{united} {UNTIL}{max(days)}" if all(days) else united


def _parts(term: str) -> tuple[str, set[str], set[str]]:
    kind, *words = _endless(term).split()
    steps = {word for word in words if word.startswith(STEPS)}
    return kind, set(words) - steps, steps


def _endless(term: str) -> str:
    return " ".join(word for word in term.split() if not word.startswith(UNTIL))


def _until(kind: str, day: str) -> str:
    """Return a kind's terms, until a day at the latest; "" for no such day."""
    own = until(kind)
    return f"{_endless(kind)} {UNTIL}{day}" if day and not (own and own <= day) else kind


def _living(terms: Terms, day: str) -> dict[str, dict[str, str]]:
    """Return terms without the properties of which nothing is collected any more on a day.

    Nobody is asked about these. Where all that is new of an event has expired, nor about the event.
    """
    living = {}
    for event, properties in terms.items():
        kept = {
            name: kind
            for name, kind in properties.items()
            if not (day and until(kind) and until(kind) <= day)
        }
        if kept or not properties:
            living[event] = kept
    return living


def in_sample(user_id: str, percent: float) -> bool:
    """Return whether an install is in the random subset of `percent`, always the same for it.

    The rule is aider's (`is_uuid_in_percentage`): the first six hex digits against the share of
    0xFFFFFF, so that an install keeps its answer when it moves to aboveboard.
    """
    return percent > 0 and user_id[:6] <= format(int(0xFFFFFF * min(percent, 100) / 100), "06x")


def _may_ask(facts: Facts) -> bool:
    return facts.can_ask and facts.can_save and (facts.wanted is True or facts.in_sample)
