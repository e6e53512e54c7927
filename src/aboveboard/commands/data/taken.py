"""What is said of what was taken, and of what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.commands.terminal.printing import say

if TYPE_CHECKING:
    from collections import Counter

    from aboveboard.collector.allowlist import Unfit

NAMES_SHOWN = 20

UNFIT = {
    "event": "events that the catalog does not have",
    "property": "properties that the catalog does not have",
    "value": "values that do not fit and became null",
}


def tell_unfit(unfit: Counter[Unfit]) -> None:
    """Say what the catalog does not have, by name."""
    for what, about in UNFIT.items():
        names = {
            ".".join(filter(None, (each.event, each.property))): times
            for each, times in unfit.items()
            if each.what == what
        }
        if names:
            shown = sorted(names.items(), key=lambda item: (-item[1], item[0]))
            listed = ", ".join(f"{name[:80]} ({times})" for name, times in shown[:NAMES_SHOWN])
            more = f" and {len(shown) - NAMES_SHOWN} more" if len(shown) > NAMES_SHOWN else ""
            say(f"  {about}: {listed}{more}")


def tell_older(events: int, project: str) -> None:
    """Say how many events are older than what the project keeps."""
    say(
        f"  {many(events, 'event')} left out, older than what the project keeps; to keep "
        f"more: `aboveboard projects set {project} --retention 3650d`, and import again"
    )


def many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
