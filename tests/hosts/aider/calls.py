"""Where aider records an event, found in its source."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.hosts.aider.conftest import StockAider


@dataclass(frozen=True)
class Place:
    """A call in aider's source that records an event. `literals` are the values written there."""

    where: str
    event: str
    properties: tuple[str, ...]
    literals: Mapping[str, object]


def places(stock_aider: StockAider) -> list[Place]:
    found = []
    for path in sorted(stock_aider.source.rglob("*.py")):
        where = str(path.relative_to(stock_aider.packages))
        if path.name != "analytics.py":
            found += list(calls(parse(path), where))
    assert len(found) > 50, "aider's source no longer records as this test expects"
    return found


def calls(tree: ast.AST, where: str) -> Iterator[Place]:
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "event"
        ):
            continue
        name = node.args[0] if node.args else None
        joined = isinstance(name, ast.JoinedStr)
        if isinstance(name, ast.JoinedStr):  # f"command_{command}"
            name = name.values[0]
        event = str(name.value) if isinstance(name, ast.Constant) else ""
        if joined and not event.endswith("_"):
            event = ""
        keywords = {str(keyword.arg): keyword.value for keyword in node.keywords}
        # Either side of a conditional is a value that it may have.
        for side in ("body", "orelse"):
            literals = {}
            for key, value in keywords.items():
                chosen = getattr(value, side) if isinstance(value, ast.IfExp) else value
                if isinstance(chosen, ast.Constant):
                    literals[key] = chosen.value
            yield Place(f"{where}:{node.lineno}", event, tuple(keywords), literals)
            if not any(isinstance(value, ast.IfExp) for value in keywords.values()):
                break


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
