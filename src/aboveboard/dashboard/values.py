"""Values: what a filter can be chosen from, once it is known about which property it is to be."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from aboveboard.insights import FilterError
from aboveboard.insights.filters import Where, shown
from aboveboard.insights.statement import filterable
from aboveboard.warehouse import columns, database, table

from .view import FILTER, SYSTEMS

if TYPE_CHECKING:
    from .view import View

_SQL = resources.files(__package__).joinpath("values.sql").read_text("utf-8")


@dataclass(frozen=True)
class Value:
    """One value, and the address of the same page with it as a filter."""

    text: str
    times: int | None
    link: str


@dataclass(frozen=True)
class Values:
    name: str
    doc: str
    found: list[Value]


def find(view: View) -> Values | None:
    """Return the values of the property that `filter` names; None where it names none.

    Raises:
        FilterError: there is no such property.
        WarehouseError: the question could not be answered.
    """
    name = view.own.get(FILTER)
    if name is None or view.choices is None:
        return None
    if name == "version":
        versions = [Value(each, None, view.link(version=each)) for each in view.choices.versions]
        return Values(name, "The program's version", versions)
    if name == "os":
        systems = [
            Value(SYSTEMS.get(each, each), None, view.link(os=each))
            for each in view.choices.systems
        ]
        return Values(name, "The operating system", systems)
    event, _, property_name = name.rpartition(".")
    declared = filterable(view.project.catalog).get((event, property_name))
    if declared is None:
        raise FilterError(
            f"filter={shown(name)} is no property with values to choose from: /catalog lists them"
        )
    rows = view.warehouse.query(
        _SQL,
        {
            "project": database(view.project.name),
            "table": table(event),
            "column": columns.of_property(property_name, declared.kind)[0].name,
            "since": view.filters.since,
            "until": view.filters.until,
        },
    ).rows
    found = []
    for value, times in rows:
        where = Where(event, property_name, str(value) or None)
        text = declared.kind.shown(str(value)) if value else declared.kind.null
        found.append(Value(text, int(str(times)), view.link(where=view.with_where(where))))
    return Values(name, declared.doc, found)
