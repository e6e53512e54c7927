"""Where there is very much data, what is used is estimated from some installs, and said to be."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard import insights
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.insights import FilterError, Filters, Insight, Table, sampling
from aboveboard.insights.comparison import compare
from aboveboard.insights.filters import Sides
from aboveboard.insights.sampling import ONE_IN_MOST, Sampling
from aboveboard.warehouse import Warehouse, embedded, schema
from tests.conftest import in_turn
from tests.insights.conftest import TODAY, Project
from tests.insights.population import Happening, fill, population

PERIOD = {"since": "2026-09-20", "until": "2026-10-19"}
EVERY, HALF = Project("every", shipped_catalog("aider")), Project("half", shipped_catalog("aider"))
PLACE = 12_345
"""Of a secret that nobody has: in the first half of all keys."""

TWIN = UUID(int=1 << schema.KEYS_BITS - 1)
"""What an install of the first half and its twin in the second differ in."""

SAMPLED = [each for each in insights.offered(EVERY.catalog) if each.sampled]
FILTERS: tuple[dict[str, str], ...] = ({}, {"os": "Linux"}, {"version": "0.86.0"})
QUESTIONS = in_turn(
    [(each.name, index) for each in SAMPLED for index in range(len(FILTERS))],
    [("events", 1), ("models", 0), ("event_properties", 0), ("funnel", 2)],
)
PLACES = st.integers(0, (1 << schema.KEYS_BITS) - 1)
POWERS = st.sampled_from([1 << power for power in range(ONE_IN_MOST.bit_length())])


def halved(each: Happening) -> Happening:
    """Return an event of an install, and a session, whose keys lie in the first half."""
    user_id, session = (UUID(int=told.int & ~TWIN.int) for told in (each.user_id, each.session))
    return replace(each, user_id=user_id, session=session)


def twin(each: Happening) -> Happening:
    user_id, session = (UUID(int=told.int | TWIN.int) for told in (each.user_id, each.session))
    return replace(each, user_id=user_id, session=session)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Installs of which each has a twin that did the same, and beside them those without."""
    directory: Path = tmp_path_factory.mktemp("warehouse")
    with closing(Warehouse(embedded(directory))) as opened:
        happened = [halved(each) for each in population(installs=40)]
        fill(opened, "half", HALF.catalog, happened)
        fill(opened, "every", EVERY.catalog, [*happened, *map(twin, happened)])
        yield opened


def asked(query: dict[str, str], one_in: int = 1) -> Filters:
    found = Filters.from_query(PERIOD | query, TODAY)
    return replace(found, sampling=Sampling(one_in, PLACE) if one_in > 1 else None)


def of(name: str) -> Insight:
    found = insights.get(name)
    assert found is not None
    return found


def without(table: Table, names: Collection[str]) -> list[dict[str, object]]:
    return [
        {name: value for name, value in row.items() if name not in names} for row in table.records()
    ]


def counts(table: Table) -> list[dict[str, object]]:
    """Return an answer without what tells how sure it is, by how many installs are behind it."""
    unsure = ("_low", "_high", "_too_few", "_robust", "_largest", "of_installs", "before_installs")
    return [
        {name: value for name, value in row.items() if not name.endswith(unsure)}
        for row in table.records()
    ]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda told: f"{told[0]}-{told[1]}")
def test_half_of_the_installs_stand_for_all_whose_twins_they_are(
    warehouse: Warehouse, question: tuple[str, int]
) -> None:
    name, index = question
    insight = replace(of(name), sampled_least={}).of_the_most_frequent()
    query = {"steps": "session_start,command,exit"} if name == "funnel" else {}
    query |= FILTERS[index]
    estimated = insight.run(warehouse, EVERY, asked(query, one_in=2))
    alone = insight.run(warehouse, HALF, asked(query))
    every = insight.run(warehouse, EVERY, asked(query))
    assert estimated.one_in == 2
    assert every.one_in == 1
    assert counts(estimated) == counts(every)
    # How sure it is, is told by the installs that were asked, not by those that they stand for.
    multiplied = insight.sampled
    assert without(estimated, multiplied) == without(alone, multiplied)


@pytest.mark.parametrize("insight", SAMPLED, ids=lambda each: each.name)
def test_how_many_installs_are_behind_a_share_is_never_multiplied(insight: Insight) -> None:
    assert not {column.of for column in insight.columns.values()} & {*insight.sampled}


def test_the_first_half_and_no_more_is_in_the_answer(warehouse: Warehouse) -> None:
    """So it is not by chance that the twins agree: those of the second half are not read."""
    (row,) = (
        row
        for row in of("events").run(warehouse, HALF, asked({}, one_in=2)).records()
        if row["event"] == "message_send"
    )
    (whole,) = (
        row
        for row in of("events").run(warehouse, HALF, asked({})).records()
        if row["event"] == "message_send"
    )
    assert row["times"] == 2 * int(str(whole["times"]))
    late = Filters.from_query(PERIOD, TODAY)
    other = Sampling(2, PLACE | TWIN.int)
    answer = of("events").run(warehouse, HALF, replace(late, sampling=other))
    assert {each["times"] for each in answer.records()} <= {0, None}


@pytest.mark.parametrize("query", FILTERS)
def test_what_is_too_rare_in_a_sample_is_asked_of_all_that_had_it(
    warehouse: Warehouse, query: dict[str, str]
) -> None:
    """No hundred installs are here, so nothing is. Those that had it not have a twin each."""
    groups = of("errors").run(warehouse, EVERY, asked(query)).records()
    rarest = min((row for row in groups if row["group"]), key=lambda row: int(str(row["installs"])))
    shares = ("session_share_low", "session_share_high")
    unsure = {"of_installs", *shares}
    for group in (None, str(rarest["group"])):
        exact, half = (
            of("error_by").run(warehouse, EVERY, replace(asked(query, one_in), group=group))
            for one_in in (1, 2)
        )
        assert half.one_in == 2
        assert without(half, unsure) == without(exact, unsure)
        for whole, estimated in zip(exact.records(), half.records(), strict=True):
            assert int(str(estimated["of_installs"])) <= int(str(whole["of_installs"]))
            if whole["session_share_low"] is None:
                continue
            # That what it is a share of is a guess makes the interval longer, and never much.
            width, every = (
                float(str(row[shares[1]])) - float(str(row[shares[0]]))
                for row in (estimated, whole)
            )
            assert every * 0.99 <= width <= every * 1.5


def test_a_failure_that_the_sample_had_not_is_counted(warehouse: Warehouse) -> None:
    """So that all of those that had it are asked is no accident of the sample's place."""

    def failed(filters: Filters) -> set[tuple[object, ...]]:
        table = of("error_by").run(warehouse, HALF, filters)
        return {
            (row["by"], row["value"], row["sessions"], row["installs"])
            for row in table.records()
            if row["sessions"]
        }

    nowhere = replace(asked({}), sampling=Sampling(2, PLACE | TWIN.int))
    assert failed(nowhere) == failed(asked({})) != set()
    assert not failed(replace(nowhere, group="v1:0000000000000000"))


def test_of_a_failure_that_many_of_a_sample_had_the_sample_is_asked(warehouse: Warehouse) -> None:
    enough = replace(of("error_by"), sampled_least={"installs": 1})
    filters, table = enough.answered(warehouse, EVERY, asked({}, 2))
    assert table.one_in == 2
    assert filters.sampling == Sampling(2, PLACE)
    assert enough.compared(warehouse, EVERY, asked({}, 2)) == enough.compared(
        warehouse, EVERY, asked({})
    )


@pytest.mark.parametrize("name", ["errors", "commands", "totals", "retention"])
def test_what_is_rare_or_looked_at_as_a_whole_is_never_estimated(
    warehouse: Warehouse, name: str
) -> None:
    exact, asked_of_some = (of(name).run(warehouse, EVERY, asked({}, one_in)) for one_in in (1, 64))
    assert asked_of_some == exact


def test_both_sides_of_a_comparison_are_asked_of_the_same_installs(warehouse: Warehouse) -> None:
    sides = asked({}, one_in=2).sides()
    assert sides is not None
    assert sides.now.sampling == sides.then.sampling == Sampling(2, PLACE)
    estimated = compare(of("events"), warehouse, EVERY, sides)
    alone = compare(
        of("events"),
        warehouse,
        HALF,
        Sides(*(replace(each, sampling=None) for each in (sides.now, sides.then))),
    )
    key = ("message_send",)
    its, those = (each.of(key, "session_share") for each in (estimated, alone))
    assert its == those
    assert its is not None
    assert its.by is not None


def test_a_file_says_that_it_is_an_estimate(warehouse: Warehouse) -> None:
    estimated, every = (
        of("model_days").run(warehouse, EVERY, asked({}, one_in)) for one_in in (2, 1)
    )
    assert estimated.as_json().endswith(',"one_in":2}')
    assert "one_in" not in every.as_json()
    head, *lines = estimated.as_csv().splitlines()
    assert head.endswith(",one_in")
    assert all(line.endswith(",2") for line in lines)
    assert "one_in" not in every.as_csv()


class TestTheChoice:
    def test_few_sessions_are_all_counted(self, warehouse: Warehouse) -> None:
        assert sampling.choose(warehouse, EVERY, asked({}), PLACE) is None

    @pytest.mark.parametrize("query", FILTERS)
    def test_of_many_about_as_many_are_asked_as_a_question_counts(
        self, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
    ) -> None:
        monkeypatch.setattr(sampling, "LOOKED_AT", 2)
        monkeypatch.setattr(sampling, "INSTALLS_LEAST", 0)
        ((there,),) = warehouse.query(
            "SELECT count() FROM project_every._sessions WHERE toDate(time) BETWEEN "
            "{since:Date} AND {until:Date} AND ({os:String} = '' OR os = {os:String}) "
            "AND ({version:String} = '' OR app_version = {version:String})",
            asked(query).parameters(),
        ).rows
        sessions = int(str(there))
        monkeypatch.setattr(sampling, "SESSIONS_MOST", sessions)
        assert sampling.choose(warehouse, EVERY, asked(query), PLACE) is None
        for most, one_in in ((sessions - 1, 2), (-(-sessions // 4), 4), (sessions // 4 - 1, 8)):
            monkeypatch.setattr(sampling, "SESSIONS_MOST", most)
            found = sampling.choose(warehouse, EVERY, asked(query), PLACE)
            assert found == Sampling(one_in, PLACE, sessions)

    def test_a_sample_has_so_many_installs_at_least(
        self, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sampling, "LOOKED_AT", 2)
        monkeypatch.setattr(sampling, "SESSIONS_MOST", 0)
        ((there,),) = warehouse.query(
            "SELECT uniqExact(user_id) FROM project_every._sessions "
            "WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}",
            asked({}).parameters(),
        ).rows
        installs = int(str(there))
        for least, one_in in ((installs // 4, 4), (installs // 4 + 1, 2), (installs, 1)):
            monkeypatch.setattr(sampling, "INSTALLS_LEAST", least)
            found = sampling.choose(warehouse, EVERY, asked({}), PLACE)
            assert (found.one_in if found else 1) == one_in

    def test_one_busy_install_is_no_reason_to_ask_of_some(
        self, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ((number,),) = warehouse.query("SELECT count() FROM project_half._sessions").rows
        monkeypatch.setattr(sampling, "LOOKED_AT", 2)
        monkeypatch.setattr(sampling, "INSTALLS_LEAST", 0)
        monkeypatch.setattr(sampling, "SESSIONS_MOST", number)
        assert sampling.choose(warehouse, HALF, asked({"since": "2020-01-01"}), PLACE) is None

    def test_no_fewer_than_the_least_are_asked(
        self, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sampling, "LOOKED_AT", 2)
        monkeypatch.setattr(sampling, "INSTALLS_LEAST", 0)
        monkeypatch.setattr(sampling, "SESSIONS_MOST", 0)
        monkeypatch.setattr(sampling, "ONE_IN_MOST", 16)
        found = sampling.choose(warehouse, EVERY, asked({}), PLACE)
        assert found is not None
        assert found.one_in == 16


@given(PLACES, POWERS)
def test_a_smaller_sample_lies_in_a_larger_one_and_all_keys_are_in_one(
    place: int, one_in: int
) -> None:
    first, last = Sampling(one_in, place).keys()
    assert schema.KEYS_FROM <= first <= schema.KEYS_FROM + place <= last
    assert last < schema.KEYS_FROM + (1 << schema.KEYS_BITS)
    assert (last - first + 1) * one_in == 1 << schema.KEYS_BITS
    inner_first, inner_last = Sampling(2 * one_in, place).keys()
    assert first <= inner_first < inner_last <= last


@given(st.binary(min_size=1, max_size=64))
def test_a_place_is_any_and_tells_nothing_of_the_secret(secret: bytes) -> None:
    place = sampling.place_of(secret)
    assert 0 <= place < 1 << schema.KEYS_BITS
    assert place == sampling.place_of(secret)
    assert place != sampling.place_of(
        secret + b"1" if len(secret) < 64 else secret[:-1] + bytes([secret[-1] ^ 1])
    )


@given(st.uuids(version=4))
def test_the_id_of_an_install_lies_where_samples_are_drawn(user_id: UUID) -> None:
    first, last = Sampling(1, 0).keys()
    assert first <= schema.key(str(user_id)) <= last


def test_only_what_is_offered_can_be_asked_for() -> None:
    assert Filters.from_query({"sampling": "auto"}).may_be_sampled
    assert not Filters.from_query({"sampling": "off"}).may_be_sampled
    with pytest.raises(FilterError, match="sampling=10% is not known: use auto or off"):
        Filters.from_query({"sampling": "10%"})
