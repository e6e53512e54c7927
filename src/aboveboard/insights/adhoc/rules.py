"""Rules: what a question may be. Only what is named here; whatever else there is is refused.

Two readers look, and both must agree: one at the tree (kinds of nodes, functions, tables), one at
the words (whatever stands before a bracket is a function that is allowed). A question sees tables
by the names that `schema.py` gives them, and nothing else: each is made of the project's own before
it, so that a name with a database in it has nothing to name.
"""

from __future__ import annotations

import functools
import itertools
import re
from importlib import resources
from typing import TYPE_CHECKING

from .syntax import Node, SyntaxRefusedError, Token

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SHORT = 60


class RefusedError(ValueError):
    """A question that is not asked; the text is one line that says what can be."""


NODES = frozenset(
    {
        *("SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "ExpressionList"),
        *("Subquery", "WithElement", "Identifier", "TableIdentifier", "Literal", "Function"),
        *("Asterisk", "QualifiedAsterisk", "ColumnsTransformerList", "ColumnsExceptTransformer"),
        *("TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableJoin"),
        *("ArrayJoin", "OrderByElement", "WindowDefinition", "WindowListElement"),
    }
)
"""The kinds of nodes. There is no `Set` (settings), no `QueryParameter`, no transformer that calls
a function by a name which the tree does not tell, and no statement but SELECT."""

COMBINATORS = ("If", "Array", "Distinct", "OrNull", "OrDefault", "ForEach", "Map")

SETS = ("in", "notin", "globalin", "globalnotin", "nullin", "notnullin")
"""Functions whose second argument may be a table's name."""

KEYWORDS = frozenset(
    {
        *("select", "distinct", "on", "from", "where", "prewhere", "having", "qualify", "by"),
        *("as", "over", "with", "recursive", "union", "all", "except", "intersect", "join"),
        *("using", "and", "or", "not", "then", "when", "else", "between", "like", "ilike", "is"),
        *("in", "limit", "offset", "sets", "rollup", "cube", "order", "group", "interval", "any"),
        *("window", "case", "end", "exists", "ties", "rows"),
    }
)
"""Words that may stand before a bracket without being a function."""


@functools.cache
def functions() -> frozenset[str]:
    """Return the functions that may be called, in small letters."""
    text = resources.files(__package__).joinpath("functions.txt").read_text("utf-8")
    return frozenset(
        name.lower()
        for line in text.splitlines()
        if not line.startswith("#")
        for name in line.split()
    )


def check(root: Node, words: Sequence[Token], tables: Collection[str]) -> None:
    """Raise for what is no question over these tables.

    Args:
        root: The query's tree, as `syntax.tree` has it.
        words: The same query's words.
        tables: The names of the tables that there are.

    Raises:
        RefusedError: something in it is not allowed; the text says what.
    """
    _check_statement(root)
    named = _named_queries(words)
    aliases = {node.alias for node in root.walk() if node.alias}
    known = {*tables, *named}
    for name in (*named, *aliases):
        if _is_foreign(name):
            raise RefusedError(f"{_short(name)} cannot be a name here: choose another")
    for node in root.walk():
        if node.kind not in NODES:
            raise RefusedError(_UNLIKE.get(node.kind, "this can only be a SELECT without settings"))
        if node.kind == "Function":
            _check_function(node.name)
            if node.name.lower() in SETS:
                _check_set(node, known)
        elif node.kind == "TableIdentifier":
            _check_table(node.name, known, tables)
        elif node.kind == "TableExpression":
            _check_source(node)
        elif node.kind == "Identifier":
            _check_identifier(node.name, known | aliases)
    _check_words(words)


def _check_statement(root: Node) -> None:
    """Raise for what is no SELECT, or has something behind it: a file to write to, a format."""
    kinds = [child.kind for child in root.children]
    if root.kind != "SelectWithUnionQuery" or kinds != ["ExpressionList"]:
        raise RefusedError("only a SELECT can be asked, without INTO OUTFILE, FORMAT and SETTINGS")


def _check_function(name: str) -> None:
    if not is_function(name):
        raise RefusedError(f"the function {_short(name)} cannot be used here")


def is_function(name: str) -> bool:
    """Return whether a function may be called."""
    lower = name.lower()
    if lower in functions():
        return True
    for combinator in COMBINATORS:
        if name.endswith(combinator) and len(name) > len(combinator):
            return is_function(name[: -len(combinator)])
    return False


def _check_source(node: Node) -> None:
    if not node.children or node.children[0].kind not in ("TableIdentifier", "Subquery"):
        raise RefusedError("a question reads tables and other questions only, no table functions")


def _check_table(name: str, known: Collection[str], tables: Collection[str]) -> None:
    if name not in known:
        there = ", ".join(sorted(tables))
        raise RefusedError(f"there is no table {_short(name)} here: there are {there}")


def _check_set(node: Node, known: Collection[str]) -> None:
    arguments = node.children[0].children if node.children else []
    for each in arguments[1:]:
        if each.kind == "Identifier" and each.name not in known:
            raise RefusedError(
                f"IN {_short(each.name)} would read a table that is not here; "
                "for an array, use has(array, value)"
            )


def _check_identifier(name: str, known: Collection[str]) -> None:
    first, dot, _ = name.partition(".")
    if dot and (first not in known or _is_foreign(first)):
        raise RefusedError(f"{_short(name)}: {_short(first)} is no table and no name here")


def _check_words(words: Sequence[Token]) -> None:
    """Raise if a name stands before a bracket that is neither a function nor part of the syntax."""
    for word, after in itertools.pairwise(words):
        is_name = word.kind in ("name", "quoted")
        if is_name and after == Token("sign", "("):
            if word.value.lower() in KEYWORDS or is_function(word.value):
                continue
            raise RefusedError(f"the function {_short(word.value)} cannot be used here")


def _named_queries(words: Sequence[Token]) -> set[str]:
    """Return the names of the queries that WITH names, which the tree does not tell."""
    found: set[str] = set()
    depth = 0
    opened: list[int] = []  # the depths at which a WITH goes on
    for place, word in enumerate(words):
        if word == Token("sign", "("):
            depth += 1
        elif word == Token("sign", ")"):
            opened = [each for each in opened if each != depth]
            depth -= 1
        elif word.kind == "name" and word.value.lower() == "with":
            opened.append(depth)
        elif word.kind == "name" and word.value.lower() == "select":
            opened = [each for each in opened if each != depth]
        begins = place > 0 and (
            words[place - 1].value.lower() in ("with", "recursive")
            or words[place - 1] == Token("sign", ",")
        )
        behind = [each.value.lower() for each in words[place + 1 : place + 3]]
        if depth in opened and begins and word.kind in ("name", "quoted") and behind == ["as", "("]:
            found.add(word.value)
    return found


def _is_foreign(name: str) -> bool:
    return bool(_FOREIGN.fullmatch(name))


_FOREIGN = re.compile(r"(?i:system|information_schema|default|_.*|project_.*)")
"""Names that are, or could be, a database's."""

_UNLIKE = {
    "Set": "settings cannot be changed here: leave SETTINGS away",
    "QueryParameter": "there are no parameters here: write the value itself",
    "SampleRatio": "SAMPLE cannot be used here",
    "ColumnsApplyTransformer": "APPLY cannot be used here: name the columns",
    "ColumnsReplaceTransformer": "REPLACE cannot be used here: name the columns",
    "ColumnsRegexpMatcher": "COLUMNS cannot be used here: name the columns",
    "ColumnsListMatcher": "COLUMNS cannot be used here: name the columns",
}


def _short(name: str) -> str:
    plain = ascii(name)[1:-1]
    return plain if len(plain) <= SHORT else f"{plain[:SHORT]}..."


__all__ = ["RefusedError", "SyntaxRefusedError", "check", "functions", "is_function"]
