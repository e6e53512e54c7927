"""The words that a tool had for its events before it had aboveboard, and back.

A catalog's `legacy` part tells them (docs/catalog.md): of aider's, forty events `command_add`,
`command_ask`, … are one event `command` here, and a few properties have other names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .reading import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aboveboard.catalog.catalog import Catalog

Properties = dict[str, object]


class Aliases:
    """Translates events between a catalog's words and the older ones."""

    def __init__(self, catalog: Catalog) -> None:
        told = _mapping(catalog.legacy)
        self._older: dict[str, list[tuple[Properties, str]]] = {}
        self._newer: dict[str, tuple[str, Properties]] = {}
        for older, alias in _mapping(told.get("aliases")).items():
            name = str(_mapping(alias).get("event"))
            fixed = dict(_mapping(_mapping(alias).get("properties")))
            self._newer[older] = (name, fixed)
            self._older.setdefault(name, []).append((fixed, older))
        self._renamed: dict[str, dict[str, str]] = {
            event: {older: str(newer) for older, newer in _mapping(names).items()}
            for event, names in _mapping(told.get("properties")).items()
        }
        session = _mapping(told.get("session"))
        self.start = session.get("start")
        self.end = session.get("end")

    def newer(self, event: str, properties: Properties) -> tuple[str, Properties]:
        """Return an event of the older form in the catalog's words."""
        name, fixed = self._newer.get(event, (event, {}))
        renamed = self._renamed.get(name)
        if renamed:
            properties = {renamed.get(key, key): value for key, value in properties.items()}
        return name, {**fixed, **properties}

    def older(self, event: str, properties: Properties) -> tuple[str, Properties] | None:
        """Return an event of the catalog in the older words; None where those had no word."""
        name = event
        aliases = self._older.get(event)
        if aliases:
            for fixed, alias in aliases:
                if all(properties.get(key) == value for key, value in fixed.items()):
                    name = alias
                    left = {key: value for key, value in properties.items() if key not in fixed}
                    break
            else:
                return None
            properties = left
        back = {newer: older for older, newer in self._renamed.get(event, {}).items()}
        return name, {back.get(key, key): _older_value(value) for key, value in properties.items()}


def _older_value(value: object) -> object:
    if value is None:
        return NOTHING
    # An exception was a text there, which began with its type at best.
    return value.get("type", NOTHING) if isinstance(value, dict) else value


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
