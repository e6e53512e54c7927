"""The questions' files, each held against the other."""

from __future__ import annotations

import re

import jinja2
import pytest

from aboveboard import insights
from aboveboard.insights import Filters
from aboveboard.insights.insight import QUESTIONS
from aboveboard.insights.statement import fitted
from tests.insights.library import CATALOG

FILTERS = Filters.from_query({"since": "2026-03-01", "until": "2026-03-02"})
names = pytest.mark.parametrize("name", [each.name for each in insights.all()])


def template(name: str) -> str:
    """Return a question's SQL with what it includes."""
    text = QUESTIONS.joinpath(f"{name}.sql").read_text("utf-8")
    return re.sub(
        r'--% include "([a-z_]+)\.sql"', lambda included: template(included.group(1)), text
    )


@names
def test_a_question_lists_what_its_sql_asks_a_catalog_for_and_nothing_else(name: str) -> None:
    insight = insights.get(name)
    assert insight is not None
    asked = set(re.findall(r'has\("([^"]+)"\)', template(name)))
    assert asked <= insight.may_ask
    assert set(insight.uses) <= asked
    assert not set(insight.uses) & {*insight.needs, *insight.needs_any}


@names
def test_a_table_is_read_with_nobody_or_without_never_by_itself(name: str) -> None:
    assert "{project" not in template(name)


def test_what_a_question_does_not_list_is_an_error_and_drops_no_line() -> None:
    sql = '--% if has("books_imported")\nSELECT 1\n--% endif'
    assert fitted(sql, {"books_imported"}, CATALOG, FILTERS)[0].strip() == "SELECT 1"
    with pytest.raises(LookupError, match="books_imported"):
        fitted(sql, {"books_importd"}, CATALOG, FILTERS)


def test_a_name_that_no_template_knows_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="fltered"):
        fitted("--% if fltered\nSELECT 1\n--% endif", (), CATALOG, FILTERS)


def test_no_filter_of_a_template_can_paste_a_name_of_the_catalog() -> None:
    sql = "--% for event in events\n{{ event.table }} {{ event.event | upper }}\n--% endfor"
    rendered, bound = fitted(sql, (), CATALOG, FILTERS)
    assert "books_imported" in bound.values()
    assert "books" not in rendered.lower()
