"""The places of a source that record: each with its file, its line and the events."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from .declared import Declared
from .values import Values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aboveboard.catalog.catalog import Catalog

    from .tree import Module, Source

INTEGRATIONS = {
    "open_session": ("session_start",),
    "attach": ("session_start", "command", "command_outcome"),
    "session": ("session_start", "command_outcome"),
    "record_calls": ("model_call",),
}
"""What aboveboard's own adapters record, by the function that a tool calls."""

INTEGRATION = re.compile(r"aboveboard\.integrations\.\w+\.(\w+)")
SAID = re.compile(r"#\s*aboveboard:\s*records\s+(?P<events>[^#]+)")
"""The comment by which a maker says what a line records that the syntax tree does not tell."""


class Place(NamedTuple):
    """A line that records an event."""

    event: str
    file: str
    line: int


class Trouble(NamedTuple):
    """A line of which it cannot be said that it records only what the catalog knows."""

    file: str
    line: int
    said: str


class Found(NamedTuple):
    """What a source records, and of which lines that is not known."""

    places: list[Place]
    troubles: list[Trouble]


def find(source: Source, catalog: Catalog, call: str = "") -> Found:
    """Return every place that records, and every one that cannot be told or is not known.

    Args:
        source: The tool's source.
        catalog: What may be recorded.
        call: The name of a method that takes an event's name as its first argument, for a tool
            that recorded before it had event classes; "" for none.
    """
    seeker = _Seeker(source, catalog, call)
    for module in source.modules.values():
        seeker.look(module)
    places = sorted(set(seeker.places))
    return Found(places, sorted(set(seeker.troubles)))


class _Seeker:
    def __init__(self, source: Source, catalog: Catalog, call: str) -> None:
        self._source = source
        self._catalog = catalog
        self._call = call
        self._declared = Declared(source)
        self._values = Values(source, self._declared)
        self.places: list[Place] = []
        self.troubles: list[Trouble] = []

    def look(self, module: Module) -> None:
        called = set()
        for call in module.nodes(ast.Call):
            called.add(id(call.func))
            self._look_at_call(module, call)
        for node in (*module.nodes(ast.Attribute), *module.nodes(ast.Name)):
            if (
                id(node) not in called
                and isinstance(node.ctx, ast.Load)
                and self._records(module, node)
            ):
                said = (
                    f"`{_short(node)}` is handed on: call it with an event, or say what it records"
                )
                self._trouble(module, node, said)

    def _records(self, module: Module, node: ast.Attribute | ast.Name) -> bool:
        if isinstance(node, ast.Attribute) and node.attr == "record":
            return self._declared.is_analytics(module, node.value)
        return self._values.is_relay(module, node)

    def _look_at_call(self, module: Module, node: ast.Call) -> None:
        event = self._declared.event(module, node.func)
        if event is not None:
            self._made(module, node, event)
            return
        adapter = INTEGRATION.fullmatch(self._source.meaning(module, node.func))
        if adapter:
            for name in INTEGRATIONS.get(adapter[1], ()):
                if name in self._catalog.entries:
                    self._place(module, node, name)
        elif isinstance(node.func, ast.Attribute):
            self._look_at_method(module, node, node.func)
        if self._values.relays(module, node.func):
            self._look_at_value(module, node, self._values.handed_on(module, node))

    def _look_at_method(self, module: Module, node: ast.Call, function: ast.Attribute) -> None:
        known = self._declared.is_analytics(module, function.value)
        if function.attr == self._call:
            self._look_at_name(module, node)
        elif function.attr == "record" and (known or self._values.may_record(module, function)):
            self._look_at_value(module, node, node.args[0] if node.args else None)
        elif known and function.attr == "open":
            self._place(module, node, "session_start")
        elif known and function.attr == "exception" and "exception" in self._catalog.entries:
            self._place(module, node, "exception")

    def _look_at_value(self, module: Module, node: ast.Call, value: ast.AST | None) -> None:
        if value is None:
            return
        events = self._values.events(module, value)
        if events is None:
            said = f"which event `{_short(value)}` is cannot be told: make the event here, annotate"
            self._trouble(module, node, f"{said} it with its class, or say what the line records")
            return
        for event in events:
            self._place(module, node, event)

    def _made(self, module: Module, node: ast.Call, event: str) -> None:
        entry = self._place(module, node, event)
        if entry is None:
            return
        for keyword in node.keywords:
            if keyword.arg and keyword.arg not in entry.properties:
                said = f"the catalog's event {event!r} has no property {keyword.arg!r}"
                self.troubles.append(Trouble(module.shown, node.lineno, said))

    def _look_at_name(self, module: Module, node: ast.Call) -> None:
        if not node.args:
            return  # another method of that name
        events = list(self._named(node.args[0]))
        if not events:
            said = f"which event `{_short(node.args[0])}` names cannot be told: write it out"
            self._trouble(module, node, said)
        for event in events:
            self._place(module, node, event)

    def _named(self, name: ast.AST) -> Iterator[str]:
        aliases = (self._catalog.legacy or {}).get("aliases") or {}
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            alias = aliases.get(name.value) if isinstance(aliases, dict) else None
            yield str(alias["event"]) if isinstance(alias, dict) else name.value
        elif isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.Constant):
            # f"command_{…}": one of those that the tool says it called so.
            start = str(name.values[0].value)
            alike = [aliases[each] for each in aliases if each.startswith(start)]  # type: ignore[attr-defined, index]  # an object
            yield from dict.fromkeys(str(alias["event"]) for alias in alike)
        elif isinstance(name, ast.IfExp):
            yield from self._named(name.body)
            yield from self._named(name.orelse)

    def _place(self, module: Module, node: ast.expr, event: str) -> Entry | None:
        entry = self._catalog.entries.get(event)
        if not event:
            self._trouble(module, node, "the event's class takes its name from elsewhere")
        elif entry is None:
            said = f"the catalog has no event {event!r}: add it, or record nothing here"
            self.troubles.append(Trouble(module.shown, node.lineno, said))
        else:
            self.places.append(Place(event, module.shown, node.lineno))
        return entry

    def _trouble(self, module: Module, node: ast.expr, said: str) -> None:
        last = node.end_lineno or node.lineno
        for line in module.lines[node.lineno - 1 : last]:
            comment = SAID.search(line)
            if comment:
                for event in comment["events"].split(","):
                    self._place(module, node, event.strip())
                return
        self.troubles.append(Trouble(module.shown, node.lineno, said))


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


if TYPE_CHECKING:
    from aboveboard.catalog.catalog import Entry
