"""The differences of two catalogs as text, Markdown and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .difference import ASKED, LESS, MORE, WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .difference import Change

HEADINGS = {
    ASKED: "Newly collected, from those who agree again",
    MORE: "Newly collected, without asking anybody",
    LESS: "Not collected any more",
    WORDS: "Said in other words",
}


def summary(changes: Sequence[Change]) -> str:
    """Return in one sentence what a release with these changes does."""
    number = {sort: sum(change.sort == sort for change in changes) for sort in HEADINGS}
    if number[ASKED]:
        more = f", and {number[MORE]} more without asking" if number[MORE] else ""
        return (
            f"{_things(number[ASKED])} would be newly collected, from those who agree again{more}: "
            "people who said yes are shown what is new and asked about that."
        )
    if number[MORE]:
        return f"{_things(number[MORE])} would be newly collected; nobody is asked about lists."
    if number[LESS]:
        return "Nothing would be newly collected, and less is: nobody is asked."
    if number[WORDS]:
        return "The same would be collected, said in other words: nobody is asked."
    return "The same would be collected: nobody is asked."


def as_text(changes: Sequence[Change]) -> list[str]:
    """Return the differences as lines for a terminal."""
    lines = [summary(changes)]
    for sort, heading in HEADINGS.items():
        of_sort = [change for change in changes if change.sort == sort]
        if of_sort:
            lines += ["", f"{heading}:"]
            lines += [f"  {change.place} {change.said}" for change in of_sort]
    return lines


def as_markdown(changes: Sequence[Change], app: str) -> list[str]:
    """Return the differences as lines of Markdown, for a pull request."""
    lines = [f"## What {app} would collect", "", summary(changes)]
    for sort, heading in HEADINGS.items():
        of_sort = [change for change in changes if change.sort == sort]
        if of_sort:
            lines += ["", f"### {heading}", ""]
            lines += [f"- `{change.place}` {_escaped(change.said)}" for change in of_sort]
    return lines


def as_json(changes: Sequence[Change], app: str) -> str:
    """Return the differences as a JSON document."""
    document = {
        "app": app,
        "summary": summary(changes),
        "asks": any(change.sort == ASKED for change in changes),
        "grows": any(change.sort in (ASKED, MORE) for change in changes),
        "changes": [change._asdict() for change in changes],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _things(number: int) -> str:
    return "One thing" if number == 1 else f"{number} things"


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in text)
