"""Sentences: the answer to a page's question in words, and how sure it is.

"Sure" is said only where the interval of the difference leaves out zero. Where too little is known,
the sentence says that instead of a ranking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import changes, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.insights.comparison import Compared
    from aboveboard.insights.table import Value
    from aboveboard.statistics.differences import Difference


def of_count(what: str, number: float, compared: Compared | None) -> str:
    """Return how a count goes, such as `Active installs are up 17% (+9 to +26%).`."""
    by = compared.by if compared else None
    if by is None:
        return f"{wording.human(number)} {what}."
    what = what[:1].upper() + what[1:]
    interval = changes.range_of(by)
    if not by.sure:
        return f"{what} have not surely changed ({interval})."
    text = changes.percent(abs(by.value))
    word = changes.direction(by.value, text)
    if word == "even":
        return f"{what} are as many as before ({interval})."
    return f"{what} are {word} {text} ({interval})."


def of_crashes(
    share: float, low: float | None, high: float | None, compared: Compared | None
) -> str:
    """Return how crash-free sessions go."""
    by = compared.by if compared else None
    text = changes.points(abs(by.value)) if by is not None else ""
    if by is not None and by.sure and changes.direction(by.value, text) != "even":
        moved = "rose" if by.value > 0 else "fell"
        return f"Crash-free sessions {moved} by {text} to {wording.share(share)}."
    reach = f" ({changes.interval_of(low, high)})" if low is not None and high is not None else ""
    same = ", with no sure change" if by is not None else ""
    return f"{wording.share(share)} of sessions are crash-free{reach}{same}."


def of_installs(number: Value, *, few: int = 30) -> str | None:
    """Return what stands in the place of an answer where too few installs are there; else None."""
    if number == 1:
        return "One install: no shares yet."
    if isinstance(number, int) and 1 < number < few:
        return f"{number} installs: too few to say much."
    return None


def of_leader(
    names: Sequence[str], what: str, share: float, few: bool, ahead: Difference | None
) -> str:
    """Return who leads a table, and if that is sure: `gpt-5 leads messages, not surely: …`.

    Args:
        names: The first two, or one.
        what: What the first has most of.
        share: The first's.
        few: Whether too little is known of it.
        ahead: By how much the first is ahead of the second.
    """
    first = names[0]
    if few:
        return f"Too few to say who leads in {what}; {first} has most of what there is."
    if len(names) == 1:
        return f"{first} is alone in {what}."
    if ahead is not None and ahead.sure:
        by = changes.points(ahead.value)
        return (
            f"{first} leads in {what} with {wording.share(share)}, surely: {by} before {names[1]}."
        )
    return f"{first} leads in {what}, not surely: {names[1]} may be ahead."
