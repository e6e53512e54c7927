"""What is counted, and what one install can change of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard.catalog import models
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.publishing import counting, periods, tables
from aboveboard.publishing.tables import OTHER, TableError
from aboveboard.warehouse import Warehouse, embedded
from tests.conftest import examples
from tests.insights.population import fill, population
from tests.publishing.people import DAY, counted, lives

CATALOG = shipped_catalog("aider")
OCTOBER = periods.of_name("2026-10")
VERSIONS = ("0.86.0", "0.86.1")
THERE = tables.offered(CATALOG, VERSIONS)
NAMES = ["app_version", "os", "python_version", "message_send.edit_format"]
NAMES += ["message_send.main_model", "command.command", "exit.reason"]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    opened = Warehouse(embedded(tmp_path_factory.mktemp("warehouse")))
    yield opened
    opened.close()


@pytest.mark.parametrize("cap", [pytest.param(1, marks=pytest.mark.thorough), None])
def test_installs_are_counted_as_plain_python_counts_them(
    warehouse: Warehouse, cap: int | None
) -> None:
    happened = population(installs=25)
    project = f"many{cap or 0}"
    fill(warehouse, project, CATALOG, happened)
    for name in tables.chosen(THERE, [f"{name}={cap}" if cap else name for name in NAMES]):
        found = counting.counts(warehouse, project, OCTOBER, name)
        assert found == counted(happened, CATALOG, name, OCTOBER.since, OCTOBER.until), name.name
        assert sum(found), name.name
    active = {
        each.user_id
        for each in happened
        if each.event == "session_start" and OCTOBER.since <= each.time.date() <= OCTOBER.until
    }
    assert counting.active(warehouse, project, OCTOBER) == len(active)


def test_one_install_that_floods_counts_once_in_so_many_rows(warehouse: Warehouse) -> None:
    """It sends every model there is, off the list too, thousands of times, on every day."""
    names = [*models.public_names()[:3_000], None, "nowhere/secret"]
    quiet = [each for number in range(1, 6) for each in lives(number, "Linux", {})]
    flood = lives(
        99,
        "Windows",
        {
            "message_send": [("main_model", name) for name in names for _ in range(2)],
            "command": [
                ("command", key) for key in THERE["command.command"].keys for _ in range(40)
            ],
        },
    )
    for project, happened in (("calm", quiet), ("flooded", [*quiet, *flood])):
        fill(warehouse, project, CATALOG, happened)
    for table in tables.chosen(THERE, NAMES):
        before, after = (
            counting.counts(warehouse, project, OCTOBER, table) for project in ("calm", "flooded")
        )
        moved = [now - then for now, then in zip(after, before, strict=True)]
        assert set(moved) <= {0, 1}, table.name
        assert sum(moved) <= table.cap, table.name
    assert counting.active(warehouse, "flooded", OCTOBER) == 6


def test_no_sender_pushes_out_what_others_have(warehouse: Warehouse) -> None:
    """Known models behind other providers are names that pass, and far more than are listed."""
    table = THERE["message_send.main_model"]
    names = [f"a2a/{name}" for name in models.public_names()[:2_000]]
    flood = lives(9, "Linux", {"message_send": [("main_model", name) for name in names]})
    quiet = lives(1, "Linux", {"message_send": [("main_model", "gpt-5"), ("main_model", "odd")]})
    fill(warehouse, "pushed", CATALOG, [*flood, *quiet])
    told = dict(zip(table.keys, counting.counts(warehouse, "pushed", OCTOBER, table), strict=True))
    assert {key: count for key, count in told.items() if count} == {"gpt-5": 1, OTHER: 2}


def test_an_install_is_of_the_period_in_which_it_was_there(warehouse: Warehouse) -> None:
    edges = [
        each
        for number, day in enumerate((1, 31, 32, 0))
        for each in lives(
            number + 1, "Linux", {}, DAY.replace(day=1, hour=0) + timedelta(days=day - 1)
        )
    ]
    fill(warehouse, "edges", CATALOG, edges)
    assert counting.active(warehouse, "edges", OCTOBER) == 2
    linux = counting.counts(warehouse, "edges", OCTOBER, THERE["os"])
    assert dict(zip(THERE["os"].keys, linux, strict=True))["Linux"] == 2


class TestTables:
    """What may be published is on a list, whoever sent what."""

    def test_a_version_is_told_only_if_the_maker_names_it(self) -> None:
        assert "app_version" not in tables.offered(CATALOG)
        assert THERE["app_version"].keys == (*VERSIONS, OTHER)
        with pytest.raises(TableError, match="name them with --versions"):
            tables.chosen(tables.offered(CATALOG), ["app_version"])

    def test_only_what_has_a_list_is_offered(self) -> None:
        for table in THERE.values():
            assert len(set(table.keys)) == len(table.keys) > 0
            assert 1 <= table.cap <= tables.CAP_MOST
        kinds = {(table.source, table.column) for table in THERE.values()}
        assert ("message_send", "total_tokens") not in kinds

    def test_without_a_word_only_the_system_is_shared(self) -> None:
        assert [each.name for each in tables.chosen(tables.offered(CATALOG), None)] == ["os"]

    @pytest.mark.parametrize("name", ["os=0", "os=21", "os=x", "os=²", "nothing", "os,os", ""])
    def test_what_cannot_be_chosen_is_said_in_a_line(self, name: str) -> None:
        with pytest.raises(TableError) as refused:
            tables.chosen(THERE, name.split(","))
        assert "\n" not in str(refused.value)

    @settings(max_examples=examples(60))
    @given(
        st.lists(
            st.one_of(
                st.text(max_size=8),
                st.tuples(st.sampled_from([*THERE]), st.text("0123456789=", max_size=4)).map(
                    "=".join
                ),
            ),
            max_size=4,
        )
    )
    def test_whatever_is_asked_for_is_a_table_with_a_cap_or_is_refused(
        self, names: list[str]
    ) -> None:
        try:
            found = tables.chosen(THERE, names)
        except TableError:
            return
        assert [each.name for each in found] == [name.strip().partition("=")[0] for name in names]
        assert all(1 <= each.cap <= tables.CAP_MOST for each in found)
