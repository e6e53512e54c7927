"""What an expression may be, where an event is wanted: followed through names and functions.

Classes that are called are places of their own already; so a value is known where every way to it
ends in such a call, and nothing more has to be said of it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .declared import Declared
    from .tree import Module, Source

    Function = ast.FunctionDef | ast.AsyncFunctionDef

DEPTH = 8
"""How many names and functions a value is followed through."""


class Values:
    """Follows values in a source."""

    def __init__(self, source: Source, declared: Declared) -> None:
        self._source = source
        self._declared = declared
        self._functions: dict[str, list[tuple[Module, Function]]] = {}
        self._relays: dict[str, tuple[int, str]] = {}
        for module in source.modules.values():
            for node in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
                self._functions.setdefault(node.name, []).append((module, node))
        while self._find_relays():
            pass

    def events(self, module: Module, value: ast.AST) -> list[str] | None:
        """Return the events that a value may be, beside those that are made on the way to it.

        None where a way to it cannot be followed.
        """
        return self._follow(module, value, DEPTH)

    def may_record(self, module: Module, function: ast.Attribute) -> bool:
        """Return whether a method `record` of something unknown may be that of an `Analytics`.

        It may in a module that has to do with events; not where it is another library's.
        """
        owner = self._source.meaning(module, function.value)
        known = {name.partition(".")[0] for name in self._source.modules}
        if owner and owner.partition(".")[0] not in known:
            return False
        return any(
            meaning.startswith("aboveboard.") or self._source_followed(meaning)
            for meaning in module.imports.values()
        )

    def relays(self, module: Module, function: ast.AST) -> bool:
        """Return whether a function of the source records what it is called with."""
        return self._relay(module, function) is not None

    def is_relay(self, module: Module, name: ast.AST) -> bool:
        """Return whether a name is that of such a function, or of such a method of one's own."""
        if isinstance(name, ast.Attribute) and f".{name.attr}" in self._relays:
            return isinstance(name.value, ast.Name) and name.value.id in ("self", "cls")
        return self._source.meaning(module, name) in self._relays

    def handed_on(self, module: Module, call: ast.Call) -> ast.AST | None:
        """Return the argument that a function records; None where it is called without."""
        place, name = self._relay(module, call.func) or (0, "")
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        return call.args[place] if place < len(call.args) else None

    def _relay(self, module: Module, function: ast.AST) -> tuple[int, str] | None:
        if not self._relays:
            return None
        if isinstance(function, ast.Attribute):
            method = self._relays.get(f".{function.attr}")
            if method is not None and not self._is_foreign(module, function.value):
                return method
        return self._relays.get(self._source.meaning(module, function))

    def _is_foreign(self, module: Module, owner: ast.AST) -> bool:
        meaning = self._source.meaning(module, owner)
        known = {name.partition(".")[0] for name in self._source.modules}
        return bool(meaning) and meaning.partition(".")[0] not in known

    def _find_relays(self) -> bool:
        before = len(self._relays)
        for module in self._source.modules.values():
            for node in module.nodes(ast.Call):
                self._find_relay(module, node)
        return len(self._relays) > before

    def _find_relay(self, module: Module, node: ast.Call) -> None:
        function = node.func
        value: ast.AST | None = None
        if self.relays(module, function):
            value = self.handed_on(module, node)
        elif (
            isinstance(function, ast.Attribute)
            and function.attr == "record"
            and (
                self._declared.is_analytics(module, function.value)
                or self.may_record(module, function)
            )
        ):
            value = node.args[0] if node.args else None
        if not isinstance(value, ast.Name):
            return
        for around in module.functions_around(node):
            names = [arg.arg for arg in (*around.args.posonlyargs, *around.args.args)]
            if value.id in names and not list(_assigned(around, value.id)):
                is_method = isinstance(module.parents.get(id(around)), ast.ClassDef)
                if not self._annotated(module, around, value.id):
                    place = names.index(value.id) - int(is_method)
                    name = f".{around.name}" if is_method else f"{module.name}.{around.name}"
                    self._relays.setdefault(name, (place, value.id))
                return

    def _annotated(self, module: Module, function: Function, name: str) -> list[str]:
        for arg in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            if arg.arg == name:
                return self._declared.annotated(module, arg.annotation)
        return []

    def _follow(self, module: Module, value: ast.AST, depth: int) -> list[str] | None:
        if not depth:
            return None
        if isinstance(value, ast.IfExp):
            return self._all(module, [value.body, value.orelse], depth)
        if isinstance(value, (ast.NamedExpr, ast.Await)):
            return self._follow(module, value.value, depth)
        if isinstance(value, ast.Constant) and value.value is None:
            return []  # nothing is recorded
        if isinstance(value, ast.Call):
            return self._follow_call(module, value, depth)
        if isinstance(value, ast.Name):
            return self._follow_name(module, value, depth)
        return None

    def _all(self, module: Module, values: list[ast.AST], depth: int) -> list[str] | None:
        told = [self._follow(module, value, depth - 1) for value in values]
        if not told or any(events is None for events in told):
            return None
        return [event for events in told for event in events or ()]

    def _follow_call(self, module: Module, value: ast.Call, depth: int) -> list[str] | None:
        if self._declared.event(module, value.func) is not None:
            return []  # a place of its own
        last = getattr(value.func, "attr", getattr(value.func, "id", ""))
        meaning = self._source.meaning(module, value.func)
        found = [
            (there, function)
            for there, function in self._functions.get(last, ())
            if f"{there.name}.{function.name}" == meaning
            or (isinstance(value.func, ast.Attribute) and there is module)
        ]
        if not found:
            return None
        events: list[str] = []
        for there, function in found:
            told = self._declared.annotated(there, function.returns)
            if not told:
                returned: list[ast.AST] = [
                    node.value
                    for node in ast.walk(function)
                    if isinstance(node, ast.Return) and node.value is not None
                ]
                followed = self._all(there, returned, depth)
                if followed is None:
                    return None
                told = followed
            else:
                told = []  # made inside, where its class is called
            events += told
        return events

    def _follow_name(self, module: Module, value: ast.Name, depth: int) -> list[str] | None:
        for around in module.functions_around(value):
            arguments = around.args
            named = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
            values = list(_assigned(around, value.id))
            if value.id in [arg.arg for arg in named] and not values:
                told = self._annotated(module, around, value.id)
                if told:
                    return told
                is_relay = f"{module.name}.{around.name}" in self._relays or (
                    f".{around.name}" in self._relays
                )
                return [] if is_relay else None  # whoever calls it is looked at
            if values:
                return self._all(module, values, depth)
        values = list(_assigned(module.tree, value.id))
        return self._all(module, values, depth) if values else None

    def _source_followed(self, meaning: str) -> bool:
        return meaning in self._declared.events or meaning in self._declared.holders


def _assigned(scope: ast.AST, name: str) -> Iterator[ast.AST]:
    """Yield the values that a name is given in a function or a module."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                yield node.value
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            target = node.target
            if isinstance(target, ast.Name) and target.id == name and node.value is not None:
                yield node.value
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            if isinstance(node.target, ast.Name) and node.target.id == name:
                if isinstance(node.iter, (ast.Tuple, ast.List)):
                    yield from node.iter.elts
                else:
                    yield node.iter  # which is followed to nothing
        elif isinstance(node, ast.withitem):
            bound = node.optional_vars
            if isinstance(bound, ast.Name) and bound.id == name:
                yield node.context_expr
