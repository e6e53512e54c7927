"""Statements: an insight's SQL fitted to a project's catalog and to what is asked of it.

The SQL is whole as it stands. A line that ends in `-- if <condition>`, or lines between
`-- if <condition>:` and `-- end`, are left out where the condition does not hold: `filtered` (a
version or a system was asked for), or an event, or an `event.property`, that the project's catalog
has, or one of several with ` or ` between them. Lines between `-- for each event:` and `-- end`
stand once for each event of the catalog; `-- for each property:`, `word:` and `number:`, for the
properties of the event that is asked about. What differs between repetitions reaches the database
bound, never pasted: `{table:Identifier}` becomes `{table_event_3:Identifier}`.

Tables are read without the events of nobody (whose sender is not known, or was off), so that nobody
is an install, or in an interval, of any question. A line that ends in `-- with nobody` reads them
too: it counts events, and not who had them.
"""

from __future__ import annotations

import re
from itertools import compress
from typing import TYPE_CHECKING

from aboveboard.warehouse import columns, table

from .filters import FilterError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.catalog.catalog import Catalog, Entry

    from .filters import Filters

BUILT_IN = ("session_start", "exception", "dropped_events", "rejected_value")
"""Events that the client records by itself, in whatever tool it is."""

FILTERED = "filtered"

_OPTIONAL = re.compile(r"^(.*?)\s*-- if (.+)$")
_BLOCK = re.compile(r"^\s*-- (if|for each) ([^\n]+):\n(.*?)^\s*-- end\n", re.DOTALL | re.MULTILINE)

_TABLE = re.compile(r"\{project:Identifier\}\.(?:\{\w+:Identifier\}|\w+)")
_WITH_NOBODY = "-- with nobody"

Names = dict[str, object]


def fitted(sql: str, catalog: Catalog, filters: Filters) -> tuple[str, Names]:
    """Return the SQL with the lines that stand for this catalog, and the names that they bind.

    Raises:
        FilterError: the catalog has no event of the name that is asked for.
    """
    entry = subject(catalog, filters)
    bound: Names = {"event": entry.name, "table": table(entry.name)}
    numbers = [declared.kind.is_summed for declared in entry.properties.values()]
    properties = list(_properties(entry))
    groups = {
        "event": list(_events(catalog, filters)),
        "property": properties,
        "word": [each for each, number in zip(properties, numbers, strict=True) if not number],
        "number": list(compress(properties, numbers)),
    }

    def holds(condition: str) -> bool:
        if condition == FILTERED:
            return filters.by_session
        return any(has(catalog, need) for need in condition.split(" or "))

    def stand(block: re.Match[str]) -> str:
        word, what, template = block.groups()
        if word == "if":
            return template if holds(what) else ""
        copies = []
        for number, names in enumerate(groups[what]):
            copy, suffix = template, f"_{what}_{number}"
            for name, value in names.items():
                copy = copy.replace(f"{{{name}:", f"{{{name}{suffix}:")
                bound[name + suffix] = value
            copies.append(copy)
        return "".join(copies)

    lines = []
    for line in _BLOCK.sub(stand, sql).splitlines():
        optional = _OPTIONAL.match(line)
        if optional is None:
            lines.append(line)
        elif holds(optional.group(2).strip()):
            lines.append(optional.group(1))
    return "\n".join(map(_of_somebody, lines)), bound


def _of_somebody(line: str) -> str:
    """Return a line of SQL that reads only events which name an install."""
    if line.endswith(_WITH_NOBODY):
        return line.removesuffix(_WITH_NOBODY)
    return _TABLE.sub(r"(SELECT * FROM \g<0> WHERE user_id != 0)", line)


def subject(catalog: Catalog, filters: Filters) -> Entry:
    """Return the event that is asked about: the catalog's first own one if none is named.

    Raises:
        FilterError: the catalog has no event of that name.
    """
    entries = catalog.entries
    if filters.event is None:
        own = (entry for entry in entries.values() if entry.name not in BUILT_IN)
        return next(own, entries["session_start"])
    if filters.event not in entries:
        raise FilterError(
            f"event={shown(filters.event)} is not in this catalog: /catalog lists what is"
        )
    return entries[filters.event]


def has(catalog: Catalog, need: str) -> bool:
    """Say whether a catalog has an event, or an `event.property`."""
    event, _, name = need.partition(".")
    entry = catalog.entries.get(event)
    return entry is not None and (not name or name in entry.properties)


def _events(catalog: Catalog, filters: Filters) -> Iterator[Names]:
    for place, name in enumerate(catalog.entries):
        if filters.event in (None, name):
            built_in = int(name in BUILT_IN)
            yield {"place": place, "event": name, "table": table(name), "built_in": built_in}


def _properties(entry: Entry) -> Iterator[Names]:
    for place, (name, declared) in enumerate(entry.properties.items()):
        kind = declared.kind
        yield {
            "place": place,
            "property": name,
            "kind": kind.label,
            "unit": getattr(kind, "unit", ""),
            "column": columns.of_property(name, kind)[0].name,
        }
