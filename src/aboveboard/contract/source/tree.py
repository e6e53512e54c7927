"""The modules of a source, and what the names in them mean.

Nothing is imported or run: files are parsed, and names are followed through imports.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from aboveboard.contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SKIPPED = frozenset(("__pycache__", "node_modules", "site-packages", "build", "dist"))
"""Folders that hold no source of a tool's own; neither does one whose name begins with a dot."""

FOLLOWED = 20
"""How many imports a name is followed through."""


class Module:
    """A parsed file.

    Attributes:
        name: As it is imported.
        shown: The file as people read it: below the folder that was given.
        tree: What was parsed.
        lines: Its lines.
        imports: What each imported name means, with dots.
        parents: Each node's parent, by its identity.
    """

    def __init__(self, name: str, shown: str, text: str, *, is_package: bool) -> None:
        self.name = name
        self.shown = shown
        self.tree = ast.parse(text)
        self.lines = text.splitlines()
        package = name if is_package else name.rpartition(".")[0]
        nodes = list(ast.walk(self.tree))
        self.imports = dict(_imports(nodes, package))
        self.parents = {id(child): node for node in nodes for child in ast.iter_child_nodes(node)}
        self._nodes: dict[type[ast.AST], list[ast.AST]] = {}
        for node in nodes:
            self._nodes.setdefault(type(node), []).append(node)

    def nodes(self, *types: type[ast.AST]) -> Iterator[Any]:
        """Yield the nodes of some types."""
        for each in types:
            yield from self._nodes.get(each, ())

    def functions_around(self, node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Yield the functions that a node is in, the innermost first."""
        above = self.parents.get(id(node))
        while above is not None:
            if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield above
            above = self.parents.get(id(above))


class Source:
    """All modules below some folders or files."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.modules: dict[str, Module] = {}
        for root in roots:
            self._read(root)
        if not self.modules:
            places = " ".join(map(str, roots))
            raise ContractError(f"there is no Python source in {places}: name the tool's folder")

    def meaning(self, module: Module, node: ast.AST) -> str:
        """Return what a name or a dotted name stands for, with dots; "" for anything else."""
        if isinstance(node, ast.Name):
            name = module.imports.get(node.id, f"{module.name}.{node.id}")
        elif isinstance(node, ast.Attribute):
            owner = self.meaning(module, node.value)
            name = f"{owner}.{node.attr}" if owner else ""
        else:
            return ""
        return self._followed(name)

    def _followed(self, name: str) -> str:
        for _ in range(FOLLOWED):
            owner, _, last = name.rpartition(".")
            module = self.modules.get(owner)
            if module is None or last not in module.imports:
                break
            name = module.imports[last]
        return name

    def _read(self, root: Path) -> None:
        if not root.exists():
            raise ContractError(f"there is no {root}: name the folder of the tool's source")
        base = root.resolve().parent if root.is_file() else root.resolve()
        shown_below = base
        while (base / "__init__.py").exists():
            base = base.parent
        if base != shown_below:  # a package: shown with its own name, as in its repository
            shown_below = base
        files = [root.resolve()] if root.is_file() else sorted(root.resolve().rglob("*.py"))
        for path in files:
            below = path.relative_to(base)
            if any(part in SKIPPED or part.startswith(".") for part in below.parts[:-1]):
                continue
            parts = below.with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            shown = path.relative_to(shown_below).as_posix()
            try:
                text = path.read_text(encoding="utf-8")
                self.modules[name] = Module(name, shown, text, is_package=is_package)
            except (SyntaxError, ValueError, RecursionError) as error:
                raise ContractError(f"{path} cannot be read as Python: {error}") from None
            except OSError as error:
                raise ContractError(f"{path} cannot be read: {error.strerror}") from None


def _imports(nodes: list[ast.AST], package: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    alias.asname or alias.name.partition(".")[0],
                    (alias.name if alias.asname else alias.name.partition(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield alias.asname or alias.name, f"{source}.{alias.name}"
