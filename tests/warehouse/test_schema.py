from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import count, exception, flag
from aboveboard.warehouse import WarehouseError, database, schema, table, tables


class Spaced(Event, name="model warning"):
    """Words in its name."""


class Dashed(Event, name="model-warning"):
    """The same words, otherwise divided."""


class Failure(Event):
    """An exception beside a property that wants one of its columns."""

    error: str | None = exception("How", [])
    error_type: bool | None = flag("In the way")


class Failed(Event):
    """An exception."""

    error: str | None = exception("How", [])
    times: int = count("How often")


def test_an_event_is_kept_in_a_table_of_its_own_name_and_session_start_in_sessions() -> None:
    assert [table(name) for name in ("cli session", "no-repo", "exit", "session_start")] == [
        "cli_session",
        "no_repo",
        "exit",
        "sessions",
    ]


@pytest.mark.parametrize("name", ["", "Tool", "1tool", "a" * 32, "-ab", "a b", "a`b", "ä"])
def test_a_name_that_no_database_could_have_is_no_project(name: str) -> None:
    with pytest.raises(WarehouseError, match="cannot name a project"):
        database(name)


@given(st.text("ab1_-", max_size=4), st.text("ab1_-", max_size=4))
def test_two_projects_never_share_a_database(one: str, other: str) -> None:
    assert (database(f"a{one}") == database(f"a{other}")) is (one == other)
    assert schema.quote(database(f"a{one}")) == f"`{database(f'a{one}')}`", "which needs no quotes"


def test_an_exception_has_a_column_for_each_of_its_parts() -> None:
    (failed,) = (each for each in tables(Catalog.of("tool", [Failed])) if each.name == "failed")
    assert [column.name for column in failed.columns] == [
        "user_id",
        "session",
        "seq",
        "time",
        "error_type",
        "error_frames",
        "error_causes",
        "error_fingerprint",
        "times",
        "_move",
    ]


def test_two_events_that_would_share_a_table_are_refused() -> None:
    with pytest.raises(WarehouseError, match="'model_warning': rename one"):
        tables(Catalog.of("tool", [Spaced, Dashed]))


def test_two_properties_that_would_share_a_column_are_refused() -> None:
    with pytest.raises(WarehouseError, match="'error_type': rename one"):
        tables(Catalog.of("tool", [Failure]))


@given(st.text())
def test_whatever_a_name_holds_it_is_quoted_whole_or_refused(name: str) -> None:
    try:
        quoted = schema.quote(name)
    except WarehouseError:
        return
    assert quoted == f"`{name}`"
    assert re.fullmatch(r"`[A-Za-z0-9_]+`", quoted)
