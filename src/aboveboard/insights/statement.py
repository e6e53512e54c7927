"""Statements: an insight's SQL fitted to a project's catalog and to what is asked of it.

The SQL is a Jinja template whose statements stand in comments of their own, so it reads as SQL:

    --% if has("message_send.cost")
    , sum(cost) AS cost
    --% endif

A template knows `has(...)` (an event, or an `event.property`, of the project's catalog; the
question lists all that it may ask for), `filtered` (a version, a system or a property's value was
asked for; `by_start` and `wheres` say which), `compared` (the sums by bucket are wanted, from which
differences are made), `begin` and `length` (the first day of a date's day, week or month, and how
many days that has; `wide` and `wide_length`, of its week or month), `events` (of the catalog),
`subject` (the event that is asked about), `of` and `split` (two properties of it) and its
`properties`, `words`, `numbers` and, among these, `counts`; `steps` and `within` (of a funnel),
`exits` (whether errors come with how sessions end). Any other name is an error.
`rows("table")` reads a table without the events of nobody, whose sender is not known, or was off:
so nobody is an install, or in an interval, of any question. `all_rows("table")` reads them too: it
counts events, and not who had them. Of a sample (sampling.py) both read its installs alone. If it
is to `take_all` that had something, which the SQL lists as `had`, both read every install, and the
SQL asks for those that are `taken`, and multiplies by what each `stands_for`. (That stands beside
the rest of a condition, since ClickHouse reads no projection behind a subquery with such a list.)

Nothing of a catalog is ever pasted. `{{ event.table }}` becomes `{event_3_table:Identifier}`, and
its value reaches the database bound.
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

import jinja2

from aboveboard.warehouse import columns, table

from .filters import FilterError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from aboveboard.catalog.catalog import Catalog, Entry
    from aboveboard.catalog.event import Property

    from .filters import Filters
    from .sampling import Sampling

BUILT_IN = ("session_start", "exception", "dropped_events", "rejected_value")
"""Events that the client records by itself, in whatever tool it is."""

Names = dict[str, object]
Placeholders = dict[str, str]

_TYPES = {
    "place": "UInt16",
    "number": "UInt8",
    "event": "String",
    "table": "Identifier",
    "built_in": "UInt8",
    "property": "String",
    "kind": "String",
    "unit": "String",
    "column": "Identifier",
    "value": "String",
}
"""What is told of an event or a property, and as what ClickHouse takes it."""

_BEGIN: dict[str, Callable[[str], str]] = {
    "day": lambda date: date,
    "week": lambda date: f"toMonday({date})",
    "month": lambda date: f"toStartOfMonth({date})",
}
"""The first day of a day's, week's or month's, in SQL."""

_LENGTH: dict[str, Callable[[str], str]] = {
    "day": lambda _: "1",
    "week": lambda _: "7",
    "month": lambda first: f"toDayOfMonth(toLastDayOfMonth({first}))",
}
"""How many days what begins on a day has."""

_IN_SAMPLE = "user_id BETWEEN {sample_first:UInt64} AND {sample_last:UInt64}"
_HAD = "user_id IN (SELECT user_id FROM had)"
_TAKEN = f"({_IN_SAMPLE} OR {_HAD})"
_STANDS_FOR = f"if({_HAD}, 1, {{one_in:UInt16}})"

_PLACEHOLDER = re.compile(r"\{([a-z_0-9]+):([A-Za-z0-9]+)\}")

_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("aboveboard.insights", "questions"),
    line_statement_prefix="--%",
    trim_blocks=True,
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701  # SQL; what is not ours is bound
)


def fitted(
    sql: str,
    uses: Collection[str],
    catalog: Catalog,
    filters: Filters,
    *,
    compared: bool = False,
    sampling: Sampling | None = None,
) -> tuple[str, Names]:
    """Return a question's SQL for this catalog, and the values that its names are bound to.

    Args:
        sql: The question's template.
        uses: Events, or `event.property`, that the SQL may ask the catalog for.
        catalog: The project's.
        filters: What is asked for.
        compared: Whether shares and counts come with their sums by bucket.
        sampling: Of which installs; None for all.

    Raises:
        FilterError: the catalog has no event, or no property, of the name that is asked for.
        LookupError: the SQL asks for what `uses` has not. A fault of the question's.
    """
    entry = subject(catalog, filters)
    bound: Names = {}
    kinds = [declared.kind for declared in entry.properties.values()]
    numbers = [kind.is_summed for kind in kinds]
    counts = [columns.is_whole(kind) for kind in kinds]
    properties = [
        _bind(bound, f"property_{number}", names) for number, names in enumerate(_properties(entry))
    ]
    events = [
        _bind(bound, f"event_{number}", names)
        for number, names in enumerate(_events(catalog, filters))
    ]

    wheres = [
        _bind(bound, f"where_{number}", names)
        for number, names in enumerate(_wheres(catalog, filters))
    ]

    steps = [
        _bind(bound, f"step_{number}", names)
        for number, names in enumerate(_steps(catalog, filters), 1)
    ]

    def asked(need: str) -> bool:
        if need not in uses:
            raise LookupError(f"the SQL asks for {need!r}, which the question does not list")
        return has(catalog, need)

    take_all = sampling is not None and sampling.take_all
    is_range = sampling is not None and not take_all
    rendered = _template(sql).render(
        has=asked,
        filtered=filters.by_session,
        by_start=filters.by_start,
        wheres=wheres,
        of=_bind(bound, "of", _word(entry, filters.of, 0)),
        split=_bind(bound, "split", _word(entry, filters.split, 1)),
        steps=steps,
        within=filters.within,
        exits=filters.exits,
        compared=compared,
        grain=filters.grain,
        begin=_BEGIN[filters.grain],
        length=_LENGTH[filters.grain],
        wide=_BEGIN[filters.wide],
        wide_length=_LENGTH[filters.wide],
        events=events,
        subject=_bind(bound, "subject", {"event": entry.name, "table": table(entry.name)}),
        properties=properties,
        words=list(compress(properties, [not number for number in numbers])),
        numbers=list(compress(properties, numbers)),
        counts=list(compress(properties, counts)),
        take_all=take_all,
        taken=_TAKEN,
        stands_for=_STANDS_FOR if take_all else "1",
        rows=_sampled_rows if is_range else _rows,
        all_rows=_sampled_rows if is_range else _all_rows,
    )
    return rendered, {**bound, **(sampling.parameters() if sampling else {})}


@functools.cache
def _template(sql: str) -> jinja2.Template:
    return _environment.from_string(sql)


def _bind(bound: Names, prefix: str, names: Names) -> Placeholders:
    """Bind names, and return the placeholders that stand for them in SQL."""
    bound.update({f"{prefix}_{name}": value for name, value in names.items()})
    return {name: f"{{{prefix}_{name}:{_TYPES[name]}}}" for name in names}


def _rows(name: str) -> str:
    """Return a table's rows in SQL, but for those of nobody."""
    return f"(SELECT * FROM {_all_rows(name)} WHERE user_id != 0)"  # noqa: S608  # ours


def _sampled_rows(name: str) -> str:
    """Return a table's rows in SQL, of the installs of a sample."""
    return f"(SELECT * FROM {_all_rows(name)} WHERE {_IN_SAMPLE})"  # noqa: S608  # ours


def _all_rows(name: str) -> str:
    """Return a table in SQL, by its name or by the placeholder of its name."""
    return f"{{project:Identifier}}.{name}"


def with_values(sql: str, parameters: Names) -> str:
    """Return a statement with its values in it, for a person to read and to run elsewhere.

    Names and values are the catalog's and the filters': of fixed lists, or checked. They are quoted
    all the same. What runs here is always bound.
    """

    def value(match: re.Match[str]) -> str:
        if match.group(1) not in parameters:  # as it may stand in a text of one's own
            return match.group(0)
        given = parameters[match.group(1)]
        if match.group(2) == "Identifier":
            return "`" + str(given).replace("\\", "\\\\").replace("`", "\\`") + "`"
        if isinstance(given, int):
            return str(given)
        text = "'" + str(given).replace("\\", "\\\\").replace("'", "\\'") + "'"
        return f"toDate({text})" if match.group(2) == "Date" else text

    lines = (line.rstrip() for line in _PLACEHOLDER.sub(value, sql).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


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


def _word(entry: Entry, asked: str | None, place: int) -> Names:
    """Return the property of an event that is asked for, or the one at a place among its words.

    Raises:
        FilterError: the event has no property of that name with values to choose from.
    """
    there = [name for name, each in entry.properties.items() if not each.kind.is_summed]
    if asked is not None and asked not in there:
        raise FilterError(
            f"{shown(asked)} is no property of {entry.name} with values to choose from: use "
            + (", ".join(there) or "another event, this one has none")
        )
    if not there:
        return {"property": "", "column": "time"}
    name = asked or there[min(place, len(there) - 1)]
    kind = entry.properties[name].kind
    return {"property": name, "column": columns.of_property(name, kind)[0].name}


def _steps(catalog: Catalog, filters: Filters) -> Iterator[Names]:
    """Yield a funnel's steps: a session's start and the first own event, if none are named.

    Raises:
        FilterError: the catalog has no event of a name.
    """
    named = filters.steps or ("session_start", subject(catalog, replace(filters, event=None)).name)
    for number, name in enumerate(named, 1):
        if name not in catalog.entries:
            raise FilterError(
                f"steps={shown(','.join(named))}: {shown(name)} is no event of this catalog: "
                "/catalog lists what is"
            )
        yield {"number": number, "event": name, "table": table(name)}


def _wheres(catalog: Catalog, filters: Filters) -> Iterator[Names]:
    for each in filters.where:
        declared = filterable(catalog).get((each.event, each.property))
        if declared is None:
            raise FilterError(
                f"where={shown(str(each))} is no property with values to choose from in this "
                "catalog: /catalog lists what is"
            )
        yield {
            "table": table(each.event),
            "column": columns.of_property(each.property, declared.kind)[0].name,
            "value": each.value or "",
        }


def filterable(catalog: Catalog) -> dict[tuple[str, str], Property]:
    """Return the properties that have values to choose from, by event and name.

    A crash's type is one of them; a number is not.
    """
    return {
        (entry.name, name): declared
        for entry in catalog.entries.values()
        for name, declared in entry.properties.items()
        if not declared.kind.is_summed
    }


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
            "unit": kind.unit,
            "column": columns.of_property(name, kind)[0].name,
        }
