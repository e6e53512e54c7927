"""The categories of data that a catalog's properties belong to, by what each can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.catalog.catalog import SessionStart
from aboveboard.catalog.kinds import Amount, Exception_, Model, Version

if TYPE_CHECKING:
    from aboveboard.catalog.catalog import Catalog
    from aboveboard.catalog.event import Property

MACHINE, USE, MODELS = "The program and the machine", "Use of the program", "Language models"
EFFORT, COST, ERRORS = "Durations and sizes", "Cost", "Errors"
IDENTIFIERS, TIME = "Identifiers", "Time"

WHAT = {
    IDENTIFIERS: "a random identifier of the install, and one of each run; an event's place in it",
    TIME: "the hour of each event; no minute",
    MACHINE: "versions, and the families of operating system and processor",
    USE: "what was done, how often, and how: numbers, yes or no, and words of fixed lists",
    MODELS: "names of public models; of others at most the provider",
    EFFORT: "how long something took, how much data it was",
    COST: "amounts of money",
    ERRORS: "an error's type, and its places in the program's own source; never its text",
}
"""Every category, and what is in it."""


def categories(catalog: Catalog) -> dict[str, list[str]]:
    """Return the properties of each category that a catalog has, as `event.property`.

    What stands in every line is listed by its field; an event without properties by its name.
    """
    found: dict[str, list[str]] = {
        IDENTIFIERS: ["user_id", "session", "seq"],
        TIME: ["time"],
    }
    for entry in catalog.entries.values():
        if not entry.properties:
            found.setdefault(USE, []).append(entry.name)
        for name, declared in entry.properties.items():
            found.setdefault(category(entry.name, declared), []).append(f"{entry.name}.{name}")
    return {name: found[name] for name in WHAT if name in found}


def category(event: str, declared: Property) -> str:
    """Return the category of a property of an event."""
    kind = declared.kind
    if event == SessionStart.event_name or isinstance(kind, Version):
        return MACHINE
    if isinstance(kind, Model):
        return MODELS
    if isinstance(kind, Exception_):
        return ERRORS
    if isinstance(kind, Amount):
        return COST if kind.unit == "dollars" else EFFORT
    return USE
