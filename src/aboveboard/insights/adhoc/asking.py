"""Asking: an ad hoc question from its text to its rows.

    text -> formatQuery -> words  \
                        -> tree   /-> rules -> WITH the project's tables SELECT * FROM (question)

It runs on a connection of its own that can only read, has the bounds of `LIMITS`, and answers one
question at a time, so that the pages have the others.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING
from uuid import UUID

from aboveboard.insights.statement import fitted
from aboveboard.insights.table import Table, plain
from aboveboard.warehouse import Limits, WarehouseError, database
from aboveboard.warehouse.errors import QueryLimitError

from . import rules, schema, syntax

if TYPE_CHECKING:
    from aboveboard.insights.filters import Filters
    from aboveboard.insights.insight import Project
    from aboveboard.insights.table import Value
    from aboveboard.warehouse import Warehouse

TEXT_MAX = 8_000
"""Letters of a question: more than a link of a browser carries is no question for a page."""

LIMITS = Limits(seconds=10, memory=512 << 20, spill=256 << 20, rows=10_000)

WAIT = 15.0
"""Seconds that a question waits for the one before it."""

_FORMAT = "SELECT formatQuerySingleLine({question:String})"


class BusyError(Exception):
    """Other questions are being answered; the text says what to do."""


@dataclass(frozen=True)
class Question:
    """A question that may be asked, as ClickHouse writes it."""

    text: str
    tables: tuple[schema.SeenTable, ...]


_turn = threading.Lock()


def seen(warehouse: Warehouse, project: Project) -> tuple[schema.SeenTable, ...]:
    """Return the tables that a project's questions see."""
    return schema.tables(project.catalog, warehouse.present(project.name))


def read(warehouse: Warehouse, project: Project, text: str) -> Question:
    """Return the question that a text is.

    Raises:
        RefusedError: it is none that may be asked; the text is a line that says why.
        WarehouseError: the warehouse does not answer.
    """
    text = text.strip().rstrip(";").strip()
    if not text:
        raise rules.RefusedError("there is no question: write a SELECT")
    if len(text) > TEXT_MAX:
        raise rules.RefusedError(f"a question has at most {TEXT_MAX:,} letters")
    if "\x00" in text:
        raise rules.RefusedError("a question is text")
    tables = seen(warehouse, project)
    try:
        ((formatted,),) = _told(warehouse, _FORMAT, question=text)
        words = syntax.tokens(str(formatted))
        if words[:1] != [syntax.Token("name", "SELECT")] and words[:1] not in (
            [syntax.Token("name", "WITH")],
            [syntax.Token("sign", "(")],
        ):
            raise rules.RefusedError("only a SELECT can be asked")
        root = syntax.tree(_explained(warehouse, str(formatted)))
        rules.check(root, words, [table.name for table in tables])
    except syntax.SyntaxRefusedError as error:
        raise rules.RefusedError(str(error)) from None
    return Question(str(formatted), tables)


def parsed(warehouse: Warehouse, text: str) -> None:
    """Raise for what ClickHouse cannot read, whatever tables there are.

    Raises:
        RefusedError: it is no SQL; the text is a line that says where.
    """
    _told(warehouse, _FORMAT, question=text.strip().rstrip(";"))


def columns(warehouse: Warehouse, project: Project, text: str) -> tuple[str, ...]:
    """Return the names of the columns that a question answers, without reading a row.

    Raises:
        RefusedError: it is none that may be asked, or ClickHouse cannot answer it as it stands.
        WarehouseError: the warehouse does not answer.
    """
    sql, _ = statement(project, read(warehouse, project, text), None)
    try:
        return tuple(_named(warehouse.read_only(f"{sql} LIMIT 0", LIMITS).columns))
    except QueryLimitError as error:
        raise rules.RefusedError(str(error)) from None
    except WarehouseError as error:
        raise rules.RefusedError(_said(str(error))) from None


def ask(warehouse: Warehouse, project: Project, text: str, filters: Filters | None = None) -> Table:
    """Return the answer to a question.

    Args:
        warehouse: What is asked.
        project: Whose data.
        text: The question.
        filters: What happened when, and in which sessions, its tables have; everything if not
            given.

    Raises:
        FilterError: the catalog has no event or property that the filters name.
        RefusedError: it is none that may be asked, or ClickHouse cannot answer it as it stands.
        QueryLimitError: it needs more than `LIMITS`.
        BusyError: too many are asked at once.
        WarehouseError: the warehouse does not answer.
    """
    sql, bound = statement(project, read(warehouse, project, text), filters)
    if not _turn.acquire(timeout=WAIT):
        raise BusyError("another question is being answered: ask again in a moment")
    try:
        answer = warehouse.read_only(sql, LIMITS, bound)
    except QueryLimitError as error:
        shorter = str(error).replace("ask for a shorter period", "ask for less")
        raise QueryLimitError(shorter) from None
    except WarehouseError as error:
        raise rules.RefusedError(_said(str(error))) from None
    finally:
        _turn.release()
    return Table(
        tuple(_named(answer.columns)),
        tuple(tuple(_value(value) for value in row) for row in answer.rows),
    )


def statement(
    project: Project, question: Question, filters: Filters | None
) -> tuple[str, dict[str, object]]:
    """Return what is run for a question, and what is bound to it.

    Raises:
        FilterError: the catalog has no event or property that the filters name.
    """
    only, bound = "", dict[str, object]()
    if filters is not None:
        only, names = fitted(_CHOSEN, (), project.catalog, filters)
        bound = {"project": database(project.name), **filters.parameters(), **names}
    tables = schema.preamble(project.name, question.tables, only)
    return f"WITH {tables} SELECT * FROM ({question.text})", bound  # noqa: S608  # checked


_CHOSEN = """toDate(time) BETWEEN {since:Date} AND {until:Date}
--% if filtered
AND session IN (
    WITH
    --% include "asked.sql"
    every AS (SELECT 1)
    SELECT session FROM asked
)
--% endif
"""
"""Which rows filters choose, as in the questions of ours."""


def _told(warehouse: Warehouse, sql: str, **bound: object) -> list[tuple[object, ...]]:
    """Return what ClickHouse tells of a text; what it cannot read is refused."""
    try:
        return warehouse.read_only(sql, LIMITS, bound).rows
    except QueryLimitError:
        raise rules.RefusedError("this question is too deep to be read") from None
    except WarehouseError as error:
        raise rules.RefusedError(_said(str(error))) from None


def _explained(warehouse: Warehouse, formatted: str) -> list[str]:
    try:
        return warehouse.explain(f"EXPLAIN AST {formatted}", LIMITS)
    except QueryLimitError:
        raise rules.RefusedError("this question is too deep to be read") from None
    except WarehouseError as error:
        raise rules.RefusedError(_said(str(error))) from None


def _said(text: str) -> str:
    """Return ClickHouse's words without the query that they repeat."""
    for behind in (": In scope ", ". In scope ", " In scope ", " in scope "):
        text = text.partition(behind)[0]
    return text


def _named(names: list[str]) -> list[str]:
    """Return columns' names, each once."""
    found: list[str] = []
    for name in names:
        number, unique = 2, name
        while unique in found:
            unique, number = f"{name} {number}", number + 1
        found.append(unique)
    return found


def _value(value: object) -> Value:
    """Return a value as a table holds it; what has parts becomes text."""
    if isinstance(value, (list, tuple, dict, set)):
        return _text(value)
    if isinstance(value, (IPv4Address, IPv6Address, timedelta)):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (str, int, float, date, datetime, Decimal, UUID)) or value is None:
        return plain(value)
    return str(value)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple, set)):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    told = _value(value)
    return "null" if told is None else str(told)
