"""Every event of any catalog, its days and its properties, as a few lines of Python count them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable
from datetime import date, timedelta
from uuid import uuid4

import pytest

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import Event, flag
from aboveboard.insights import FilterError, Filters
from aboveboard.insights.statement import fitted
from tests.insights.conftest import Data, Project
from tests.insights.library import CATALOG, readers
from tests.insights.plain import (
    PERIOD,
    SINCE,
    UNTIL,
    begins,
    choose,
    group,
    happens,
    sessions_begun,
    whole,
)
from tests.insights.population import Happening, fill
from tests.insights.shares import hold, ones, tally

FILTERS: list[dict[str, str]] = [{}, {"version": "1.1.0", "os": "Linux"}]
WORDS = ("format", "source", "cover", "exporter")
OFTEN = 12
"""How many values of a property are told one by one."""


@pytest.fixture(scope="module")
def library(data: Data) -> Data:
    project = Project("library", CATALOG)
    happened = readers()
    fill(data.warehouse, project.name, project.catalog, happened)
    return Data(data.warehouse, project, happened)


class TestEvents:
    @pytest.mark.parametrize("filters", FILTERS)
    def test_each_event_is_counted_by_times_sessions_and_installs(
        self, library: Data, filters: dict[str, str]
    ) -> None:
        began = sessions_begun(library.happened, filters)
        active = tally(event.user_id for event in began.values())
        times = Counter(event.event for event in choose(library.happened, filters))
        of_begun = group(
            (event for event in library.happened if event.session in began),
            lambda event: event.event,
        )

        rows = library.ask("events", {**PERIOD, **filters}).records()

        assert {row["event"]: row["times"] for row in rows} == {**times, "lent": 0}
        assert len(times) == 6
        assert [row["times"] for row in rows] == [*sorted(times.values(), reverse=True), 0]
        by_event = []
        for row in rows:
            its = of_begun[row["event"]]
            runs = {event.session: event.user_id for event in its}
            by_install = tally(runs.values())
            assert (row["sessions"], row["installs"]) == (len(runs), len(by_install))
            assert row["of_installs"] == len(active)
            by_event.append(by_install)
            assert row["session_mean"] == (pytest.approx(len(its) / len(runs)) if runs else None)
        hold(rows, "session_share", [(some, active) for some in by_event])
        hold(rows, "install_share", [(ones(some), ones(active)) for some in by_event])

    def test_one_event_s_row_is_the_same_alone(self, library: Data) -> None:
        rows = library.ask("events", PERIOD).rows

        (alone,) = library.ask("events", {**PERIOD, "event": "shelf-search done"}).rows

        assert alone in rows

    def test_what_the_client_records_by_itself_is_listed_once_it_happens(self, data: Data) -> None:
        world = Project("healthy", CATALOG)
        began = begins(uuid4(), "2026-03-01T10:00:00")
        day = {"since": "2026-03-01", "until": "2026-03-01"}
        fill(data.warehouse, world.name, world.catalog, [began])
        own = [name for name in CATALOG.entries if name not in insights.statement.BUILT_IN]
        assert names(data, day, world) == ["session_start", *own]

        lost = happens(began, "dropped_events", "2026-03-01T10:01:00", segments=3)
        fill(data.warehouse, world.name, world.catalog, [lost])

        assert names(data, day, world) == ["session_start", "dropped_events", *own]
        built_in = {
            row["event"] for row in data.ask("events", day, world).records() if row["built_in"]
        }
        assert built_in == {"session_start", "dropped_events"}

    def test_a_session_that_began_before_the_period_adds_times_and_no_share(
        self, data: Data
    ) -> None:
        world = Project("overnight", CATALOG)
        began = begins(uuid4(), "2026-03-01T23:50:00")
        late = happens(began, "opened", "2026-03-02T00:10:00")
        fill(data.warehouse, world.name, world.catalog, [began, late])

        days = [{"since": f"2026-03-0{day}", "until": f"2026-03-0{day}"} for day in (1, 2)]
        first, second = (
            {row["event"]: row for row in data.ask("events", day, world).records()} for day in days
        )

        assert (first["opened"]["times"], first["opened"]["session_share"]) == (0, 1.0)
        assert (second["opened"]["times"], second["opened"]["session_share"]) == (1, None)
        assert set(second) == {"opened"}


class TestDays:
    @pytest.mark.parametrize("filters", FILTERS)
    def test_every_day_has_the_event_s_times_sessions_and_installs(
        self, library: Data, filters: dict[str, str]
    ) -> None:
        of_day = group(
            (e for e in choose(library.happened, filters) if e.event == "books_imported"),
            lambda event: event.time.date().isoformat(),
        )

        rows = library.ask("event_days", {**PERIOD, **filters, "event": "books_imported"}).rows

        first = date.fromisoformat(SINCE)
        days = [str(first + timedelta(days=number)) for number in range(30)]
        assert days[-1] == UNTIL
        began = min(e.time for e in library.happened).date().isoformat()
        assert days[0] < began < days[5]
        assert rows == tuple(
            (
                "books_imported",
                day,
                *(
                    (None, None, None)
                    if day < began
                    else (
                        len(of_day[day]),
                        len({event.session for event in of_day[day]}),
                        len({event.user_id for event in of_day[day]}),
                    )
                ),
                True,
            )
            for day in days
        )


class TestProperties:
    @pytest.mark.parametrize("filters", FILTERS)
    def test_each_value_has_its_share_the_rarest_together_and_nulls_by_themselves(
        self, library: Data, filters: dict[str, str]
    ) -> None:
        its = [e for e in choose(library.happened, filters) if e.event == "books_imported"]
        of = tally(event.user_id for event in its)

        rows = library.ask(
            "event_properties", {**PERIOD, **filters, "event": "books_imported"}
        ).records()

        for name in WORDS:
            often = Counter(word(e, name) for e in its if word(e, name) is not None)
            order = sorted(often, key=lambda value: (-often[value], str(value)))
            expected = group(its, told(name, order[:OFTEN]))
            found = [row for row in rows if row["property"] == name]
            assert {(row["what"], row["value"]) for row in found} == set(expected)
            assert [row["value"] for row in found if row["what"] == "value"] == order[:OFTEN]
            for row in found:
                some = tally(event.user_id for event in expected[row["what"], row["value"]])
                assert (row["times"], row["installs"]) == (sum(some.values()), len(some))
                assert row["of_installs"] == len(of)
        of_values = []
        for row in rows:
            name = str(row["property"])
            if name in WORDS:
                often = Counter(word(e, name) for e in its if word(e, name) is not None)
                order = sorted(often, key=lambda value: (-often[value], str(value)))
                chosen = group(its, told(name, order[:OFTEN]))[row["what"], row["value"]]
            else:
                has = row["what"] == "number"
                chosen = [e for e in its if (e.properties[name] is not None) is has]
            of_values.append(tally(event.user_id for event in chosen))
        hold(rows, "share", [(some, of) for some in of_values])
        assert {row["what"] for row in rows if row["property"] == "format"} == {
            "value", "rest", "none",
        }  # fmt: skip
        assert {row["value"] for row in rows if row["property"] == "cover"} == {
            "true", "false", None,
        }  # fmt: skip
        assert [row["what"] for row in rows if row["property"] == "source"] == ["none"]

    def test_numbers_are_added_up_and_told_by_their_middle_and_their_upper_end(
        self, library: Data
    ) -> None:
        its = [e for e in choose(library.happened, {}) if e.event == "books_imported"]

        rows = {
            str(row["property"]): row
            for row in library.ask(
                "event_properties", {**PERIOD, "event": "books_imported"}
            ).records()
            if row["what"] == "number"
        }

        assert {name: (row["kind"], row["unit"]) for name, row in rows.items()} == {
            "books": ("count", ""),
            "duration": ("amount", "seconds"),
            "bytes": ("amount", "bytes"),
        }
        for name, row in rows.items():
            numbers = sorted(
                float(str(e.properties[name])) for e in its if e.properties[name] is not None
            )
            assert row["times"] == len(numbers)
            assert row["sum"] == pytest.approx(sum(numbers), rel=1e-9)
            for quantile, level in (("median", 50), ("p90", 90)):
                exact = numbers[math.ceil(len(numbers) * level / 100) - 1]
                assert exact * 0.999 <= float(str(row[quantile])) <= exact
                if name == "books" and exact <= 2048:
                    assert row[quantile] == exact
        assert rows["books"]["share"] == pytest.approx(whole(rows["books"]["times"]) / len(its))

    @pytest.mark.parametrize(
        ("event", "property_", "values"),
        [
            ("shelf-search done", "by", {"title", "author", "other"}),
            ("scan_failed", "error", {"OSError", "other", None}),
            ("message_send", "main_model", {"gpt-5", "claude-sonnet-4-5", None}),
            ("session_start", "os", {"Linux", "Darwin"}),
            ("opened", None, set()),
            ("lent", None, set()),
        ],
    )
    def test_every_kind_of_property_is_told_and_no_event_is_too_small(
        self, library: Data, event: str, property_: str | None, values: set[str | None]
    ) -> None:
        rows = library.ask("event_properties", {**PERIOD, "event": event}).records()

        assert {row["value"] for row in rows if row["property"] == property_} == values
        assert sum(whole(row["times"]) for row in rows if row["property"] == property_) == (
            sum(e.event == event for e in choose(library.happened, {})) if values else 0
        )


class TestAsked:
    def test_the_first_event_of_a_tool_s_own_is_meant_where_none_is_named(
        self, library: Data
    ) -> None:
        table = library.ask("event_days", PERIOD)

        assert {row["event"] for row in table.records()} == {"books_imported"}

    def test_a_tool_without_events_of_its_own_has_its_sessions(self, data: Data) -> None:
        bare = Project("bare", Catalog.of("bare", []))
        began = begins(uuid4(), "2026-03-01T10:00:00")
        fill(data.warehouse, bare.name, bare.catalog, [began])

        rows = data.ask("events", {"since": "2026-03-01", "until": "2026-03-01"}, bare).records()

        assert [(row["event"], row["times"]) for row in rows] == [("session_start", 1)]

    @pytest.mark.parametrize("name", ["books", "BOOKS_IMPORTED", "sessions", "`; DROP TABLE x --"])
    def test_an_event_that_is_not_in_the_catalog_is_refused(self, library: Data, name: str) -> None:
        with pytest.raises(FilterError, match="is not in this catalog"):
            library.ask("events", {**PERIOD, "event": name})

    @pytest.mark.parametrize("name", ["events", "event_days", "event_properties"])
    def test_names_of_a_catalog_are_bound_never_pasted(self, name: str) -> None:
        insight = insights.get(name)
        assert insight is not None
        filters = Filters.from_query({**PERIOD, "event": "books_imported"})

        sql, bound = fitted(insight.sql, insight.may_ask, CATALOG, filters)

        assert "books_imported" in bound.values()
        for word_ in ("books_imported", "exporter", "format-00", "seconds"):
            assert word_ not in sql

    def test_a_reserved_word_can_name_an_event_and_a_property(self, data: Data) -> None:
        class Select(Event, name="select"):
            """It chose."""

            order: bool | None = flag("Whether in order")

        hostile = Project("words", Catalog.of("words", [Select]))
        began = begins(uuid4(), "2026-03-01T10:00:00")
        chose = happens(began, "select", "2026-03-01T10:00:01", order=True)
        fill(data.warehouse, hostile.name, hostile.catalog, [began, chose])

        (row,) = data.ask(
            "event_properties", {"since": "2026-03-01", "until": "2026-03-01"}, hostile
        ).records()

        assert (row["property"], row["value"], row["times"]) == ("order", "true", 1)


class TestModels:
    def test_a_tool_that_tells_only_the_model_has_shares_of_messages_and_installs(
        self, library: Data
    ) -> None:
        sent = [e for e in choose(library.happened, {}) if e.event == "message_send"]
        of = tally(event.user_id for event in sent)

        table = library.ask("models", PERIOD)

        assert [name for name in table.columns if "token" in name or name == "cost"] == []
        assert len(table.rows) == 3
        by_model = [
            tally(e.user_id for e in sent if e.properties["main_model"] == row["model"])
            for row in table.records()
        ]
        assert [row["messages"] for row in table.records()] == [sum(e.values()) for e in by_model]
        hold(table.records(), "message_share", [(some, of) for some in by_model])
        hold(table.records(), "install_share", [(ones(some), ones(of)) for some in by_model])


def names(data: Data, query: dict[str, str], project: Project) -> list[object]:
    return [row["event"] for row in data.ask("events", query, project).records()]


def word(event: Happening, name: str) -> str | None:
    """Return a property's value as the table has it."""
    value = event.properties[name]
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def told(name: str, often: list[str | None]) -> Callable[[Happening], Hashable]:
    def key(event: Happening) -> Hashable:
        value = word(event, name)
        if value is None:
            return "none", None
        return ("value", value) if value in often else ("rest", None)

    return key
