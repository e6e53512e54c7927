"""Erasing on every node of a cluster, as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .erasing import Erasing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .erasing import Which


class Everywhere(Erasing):
    """What `Erasing` does, on each node.

    Args:
        nodes: Each node's.

    Raises:
        WarehouseError: by each method, as `Erasing` has it; also if one node is away.
    """

    def __init__(self, nodes: Sequence[Erasing]) -> None:
        self._nodes = nodes

    def count(self, which: Which) -> dict[str, int]:
        found: dict[str, int] = {}
        for node in self._nodes:
            for table, rows in node.count(which).items():
                found[table] = found.get(table, 0) + rows
        return found

    def sessions(self, which: Which) -> set[str]:
        return set().union(*(node.sessions(which) for node in self._nodes))

    def strangers(self, which: Which) -> set[str]:
        return set().union(*(node.strangers(which) for node in self._nodes))

    def own_sessions(self, install: str) -> tuple[int, ...]:
        return tuple(sorted({key for node in self._nodes for key in node.own_sessions(install)}))

    def prepare(self) -> None:
        for node in self._nodes:
            node.prepare()

    def begin(self, which: Which, tables: Collection[str]) -> None:
        for node in self._nodes:
            node.begin(which, tables)

    def is_done(self) -> bool:
        return all(node.is_done() for node in self._nodes)

    def old_parts(self, tables: Collection[str]) -> set[tuple[str, str]]:
        """Return the parts, each by its table and by its node's number and its name."""
        return {
            (table, f"{number}:{part}")
            for number, node in enumerate(self._nodes)
            for table, part in node.old_parts(tables)
        }

    def hurry(self, tables: Collection[str]) -> None:
        for node in self._nodes:
            node.hurry(tables)

    def wake(self, tables: Collection[str]) -> None:
        for node in self._nodes:
            node.wake(tables)

    def end(self, tables: Collection[str]) -> None:
        for node in self._nodes:
            node.end(tables)

    def tables(self, having: str = "user_id") -> list[str]:
        return self._nodes[0].tables(having)
