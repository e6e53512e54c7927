"""Which names of a source are event classes, and which are an `Analytics`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from aboveboard.catalog.event import snake_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tree import Module, Source

EVENT = frozenset(("aboveboard.Event", "aboveboard.catalog.event.Event"))
ANALYTICS = frozenset(("aboveboard.Analytics", "aboveboard.client.analytics.Analytics"))
OWN = {
    "aboveboard.catalog.catalog.SessionStart": "session_start",
    "aboveboard.catalog.catalog.Failure": "exception",
    "aboveboard.catalog.catalog.DroppedEvents": "dropped_events",
}
"""Event classes of aboveboard's own."""

READY_MADE = {
    "aboveboard.integrations.commands.command_event": "command",
    "aboveboard.integrations.outcomes.outcome_event": "command_outcome",
}
"""Functions that make an event class, and the event's name."""

PARTIAL = frozenset(("functools.partial",))


class Declared:
    """What a source declares.

    Attributes:
        events: The name of the event that each class stands for; "" where the source does not say.
        holders: The names, with dots, that hold an `Analytics`.
        attributes: The last names of attributes that do (`self.analytics` and the like).
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.events: dict[str, str] = dict(OWN)
        self.holders: set[str] = set()
        self.attributes: set[str] = set()
        while self._find_events():  # a class may stand before or after the one that it is from
            pass
        self._makers = set(ANALYTICS)
        for module in source.modules.values():
            for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
                self._find_maker(module, function)
        for module in source.modules.values():
            for node in module.nodes(ast.Assign, ast.AnnAssign, ast.arg):
                self._find_analytics(module, node)

    def event(self, module: Module, node: ast.AST) -> str | None:
        """Return the event whose class an expression names; None where it names none."""
        return self.events.get(self._source.meaning(module, node))

    def annotated(self, module: Module, annotation: ast.AST | None) -> list[str]:
        """Return the events whose classes an annotation allows; none where it allows others."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except SyntaxError:
                return []
        if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
            sides = [annotation.left, annotation.right]
            told = [self.annotated(module, side) for side in sides if not _is_none(side)]
            return [name for names in told for name in names] if all(told) else []
        event = self.event(module, annotation) if annotation is not None else None
        return [event] if event else []

    def is_analytics(self, module: Module, node: ast.AST) -> bool:
        """Return whether an expression is known to be an `Analytics`."""
        if self._source.meaning(module, node) in self.holders:
            return True
        return isinstance(node, ast.Attribute) and node.attr in self.attributes

    def _find_events(self) -> bool:
        before = len(self.events)
        for module in self._source.modules.values():
            for node in module.nodes(ast.ClassDef, ast.Assign):
                for name, event in self._events_of(module, node):
                    self.events.setdefault(name, event)
        return len(self.events) > before

    def _events_of(self, module: Module, node: ast.AST) -> Iterator[tuple[str, str]]:
        if isinstance(node, ast.ClassDef):
            bases = [self._source.meaning(module, base) for base in node.bases]
            if any(base in EVENT or base in self.events for base in bases):
                yield f"{module.name}.{node.name}", _event_name(node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            event = self._alias(module, node.value)
            if event is not None and isinstance(node.targets[0], ast.Name):
                yield f"{module.name}.{node.targets[0].id}", event

    def _alias(self, module: Module, value: ast.AST) -> str | None:
        if isinstance(value, ast.Call):
            made = self._source.meaning(module, value.func)
            if made in READY_MADE:
                return READY_MADE[made]
            if made in PARTIAL and value.args:
                return self.event(module, value.args[0])
            return None
        return self.event(module, value)

    def _find_maker(self, module: Module, node: ast.AST) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and self._says(
            module, node.returns
        ):
            self.attributes.add(node.name)  # a property, most often
            self._makers.add(f"{module.name}.{node.name}")

    def _find_analytics(self, module: Module, node: ast.AST) -> None:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and (
            self._makes(module, node.value) or self._says(module, getattr(node, "annotation", None))
        ):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self._hold(module, target)
        elif isinstance(node, ast.arg) and self._says(module, node.annotation):
            self.holders.add(f"{module.name}.{node.arg}")

    def _hold(self, module: Module, target: ast.AST) -> None:
        if isinstance(target, ast.Name):
            self.holders.add(f"{module.name}.{target.id}")
        elif isinstance(target, ast.Attribute):
            self.attributes.add(target.attr)

    def _makes(self, module: Module, value: ast.AST | None) -> bool:
        return isinstance(value, ast.Call) and (
            self._source.meaning(module, value.func) in self._makers
        )

    def _says(self, module: Module, annotation: ast.AST | None) -> bool:
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except SyntaxError:
                return False
        return annotation is not None and any(
            self._source.meaning(module, node) in ANALYTICS for node in ast.walk(annotation)
        )


def _event_name(node: ast.ClassDef) -> str:
    for keyword in node.keywords:
        if keyword.arg == "name":
            constant = keyword.value
            return str(constant.value) if isinstance(constant, ast.Constant) else ""
    return snake_case(node.name)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
