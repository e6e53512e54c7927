"""Syntax: what ClickHouse's own parser makes of a text, as a tree; and the text's words.

The parser that says what a question is has to be the one that runs it: another reads some text
otherwise, and what lies between the two is a way out. So the text is formatted by `formatQuery`
(one statement, without comments, each name quoted where it has to be), and that is what
`EXPLAIN AST` tells the tree of, and what is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class SyntaxRefusedError(ValueError):
    """The text is not read as a question; the text is one line that says why."""


@dataclass
class Node:
    """A node of the tree.

    Args:
        kind: `SelectQuery`, `Function`, …
        name: What follows it: a function's or an identifier's name, a literal's value.
        alias: The name that the query gives it.
    """

    kind: str
    name: str = ""
    alias: str | None = None
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """Yield the node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


_LINE = re.compile(r"( *)(.*?)(?: \(children ([0-9]+)\))?", re.DOTALL)
_ALIAS = re.compile(r"(.*) \(alias (.*)\)", re.DOTALL)


def tree(lines: Sequence[str]) -> Node:
    """Return the tree that `EXPLAIN AST` tells, a line a node.

    A line is as deep as it has spaces, and says how many children it has. What does not fit
    together (a name or a literal may have a line's end in it) is refused.

    Raises:
        SyntaxRefusedError: it is no tree.
    """
    root: Node | None = None
    open_nodes: list[tuple[Node, int]] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise _UNREADABLE
        depth, rest, count = len(match[1]), match[2], int(match[3] or 0)
        kind, _, name = rest.partition(" ")
        alias = _ALIAS.fullmatch(f" {name}") if kind != "Literal" else None
        node = Node(kind, name)
        if alias is not None:
            node = Node(kind, alias[1].strip(), alias[2])
        if not depth:
            if root is not None:
                raise _UNREADABLE
            root = node
        else:
            if depth > len(open_nodes):
                raise _UNREADABLE
            while len(open_nodes) > depth:
                _close(*open_nodes.pop())
            open_nodes[-1][0].children.append(node)
        open_nodes.append((node, count))
    while open_nodes:
        _close(*open_nodes.pop())
    if root is None:
        raise _UNREADABLE
    return root


def _close(node: Node, count: int) -> None:
    if len(node.children) != count:
        raise _UNREADABLE


_UNREADABLE = SyntaxRefusedError("this text has a name or a literal that cannot be used here")

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<text>'(?:\\.|[^'\\])*')
    | (?P<quoted>`(?:\\.|[^`\\])*`)
    | (?P<number>(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign><=>|->|::|<=|>=|!=|<>|\|\||[-+*/%=<>(),.\[\]?:])
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[\w .%#()+/:-]{1,100}", re.UNICODE)


@dataclass(frozen=True)
class Token:
    """A word of a formatted query: its kind (`text`, `name`, `number`, `sign`) and itself."""

    kind: str
    value: str


def tokens(formatted: str) -> list[Token]:
    """Return the words of a formatted query; a quoted name is a name.

    Raises:
        SyntaxRefusedError: there is something that no question of ours needs: braces, a quoted
            name with odd letters.
    """
    found, place = [], 0
    while place < len(formatted):
        match = _TOKEN.match(formatted, place)
        if match is None:
            raise SyntaxRefusedError(f"{formatted[place]!r} cannot stand in a question here")
        place = match.end()
        kind, value = str(match.lastgroup), match.group()
        if kind == "quoted":
            kind, value = "quoted", value[1:-1]
            if not _PLAIN.fullmatch(value):
                raise SyntaxRefusedError("a name in backticks has letters, digits and spaces here")
        if kind != "space":
            found.append(Token(kind, value))
    return found
