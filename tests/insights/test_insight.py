"""Every insight over a real warehouse gives what a few lines of Python count from the events."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from importlib import resources
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from aboveboard import insights
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import Event, command, exception
from aboveboard.insights import Filters, Table
from aboveboard.insights.insight import read
from tests.conftest import ROOT, in_turn
from tests.insights.conftest import Data, Project
from tests.insights.grouping import v1
from tests.insights.plain import (
    PERIOD,
    SINCE,
    begins,
    choose,
    group,
    happens,
    kind_of,
    sessions_begun,
    use_of,
    whole,
)
from tests.insights.population import AIDERS, FEW, Happening, fill
from tests.insights.shares import hold, tally

FILTERS = in_turn([{}, {"version": "0.86.0"}, {"version": "0.85.2", "os": "Darwin"}], [{}])
"""Filters of events of one's own are tried in each run, in test_events.py."""


@pytest.fixture(scope="module")
def columns(data: Data) -> Callable[[str], tuple[str, ...]]:
    """Give the columns of an insight's answer, asked for once."""
    return functools.cache(lambda name: data.ask(name, {**PERIOD, "event": "message_send"}).columns)


@pytest.fixture(scope="module")
def empty(data: Data) -> Project:
    """A project without events."""
    project = Project("empty", data.project.catalog)
    data.warehouse.ensure(project.name, project.catalog)
    return project


class TestAnswers:
    @pytest.mark.parametrize("filters", FILTERS)
    def test_the_totals_are_what_was_recorded_in_the_period(
        self, data: Data, filters: dict[str, str]
    ) -> None:
        chosen = list(choose(data.happened, filters))
        began = [event for event in chosen if event.event == "session_start"]
        answers = [event.properties for event in chosen if event.event == "message_send"]

        (totals,) = data.ask("totals", {**PERIOD, **filters}).records()

        assert began
        assert answers
        assert totals == {
            "installs": len({event.user_id for event in began}),
            "sessions": len(began),
            "messages": len(answers),
            "tokens": sum(whole(answer["total_tokens"]) for answer in answers),
            "cost": pytest.approx(sum(number(answer["cost"]) for answer in answers)),
        }

    @pytest.mark.parametrize("filters", FILTERS)
    def test_the_overview_has_every_day_of_the_period_and_sums_to_the_totals(
        self, data: Data, filters: dict[str, str]
    ) -> None:
        chosen = list(choose(data.happened, filters))
        installs = group(
            (event for event in chosen if event.event == "session_start"),
            lambda event: event.time.date().isoformat(),
        )

        days = data.ask("overview", {**PERIOD, **filters}).records()
        (totals,) = data.ask("totals", {**PERIOD, **filters}).records()

        first = date.fromisoformat(SINCE)
        assert [day["day"] for day in days] == [str(first + timedelta(days=n)) for n in range(30)]
        assert [day["installs"] for day in days] == [
            len({event.user_id for event in installs[str(day["day"])]}) for day in days
        ]
        for measure in ("sessions", "messages", "tokens", "cost"):
            assert sum(number(day[measure]) for day in days) == pytest.approx(totals[measure])

    @pytest.mark.parametrize("filters", FILTERS)
    def test_the_models_have_the_shares_that_the_events_give_them(
        self, data: Data, filters: dict[str, str]
    ) -> None:
        answers = [
            event for event in choose(data.happened, filters) if event.event == "message_send"
        ]
        everyone = {event.user_id for event in answers}
        all_tokens = sum(whole(event.properties["total_tokens"]) for event in answers)
        all_cost = sum(number(event.properties["cost"]) for event in answers)
        by_model = group(answers, lambda event: event.properties["main_model"])

        table = data.ask("models", {**PERIOD, **filters})

        assert {row["model"] for row in table.records()} == set(by_model)
        for row in table.records():
            its = by_model[row["model"]]
            users = {event.user_id for event in its}
            tokens = sum(whole(event.properties["total_tokens"]) for event in its)
            assert (row["messages"], row["installs"], row["tokens"], row["of_installs"]) == (
                len(its), len(users), tokens, len(everyone),
            )  # fmt: skip
            assert row["message_share"] == pytest.approx(len(its) / len(answers))
            assert row["install_share"] == pytest.approx(len(users) / len(everyone))
            assert row["token_share"] == pytest.approx(tokens / all_tokens)
            cost = sum(number(event.properties["cost"]) for event in its)
            assert row["cost"] == pytest.approx(cost, abs=1e-5)
            assert row["cost_share"] == pytest.approx(cost / all_cost, abs=1e-6)

    @pytest.mark.parametrize("filters", FILTERS)
    def test_commands_and_features_are_counted_by_use_and_by_install(
        self, data: Data, filters: dict[str, str]
    ) -> None:
        chosen = list(choose(data.happened, filters))
        active = {event.user_id for event in chosen if event.event == "session_start"}
        uses: Counter[tuple[str, object]] = Counter()
        users: dict[tuple[str, object], set[UUID]] = defaultdict(set)
        for event in chosen:
            name = use_of(event)
            if name is not None:
                uses[name] += 1
                users[name] |= {event.user_id} & active

        rows = data.ask("commands", {**PERIOD, **filters}).records()

        assert {(row["kind"], row["name"]): row["uses"] for row in rows} == uses
        for row in rows:
            its = users[str(row["kind"]), row["name"]]
            assert (row["installs"], row["of_installs"]) == (len(its), len(active))
            assert row["install_share"] == pytest.approx(len(its) / len(active))

    @pytest.mark.parametrize("filters", FILTERS)
    def test_errors_alone_are_those_beside_how_sessions_end(
        self, data: Data, filters: dict[str, str]
    ) -> None:
        insight = insights.get("errors")
        assert insight is not None
        asked = Filters.from_query(PERIOD | filters)
        both, alone = (
            insight.run(data.warehouse, data.project, replace(asked, exits=exits)).records()
            for exits in (True, False)
        )
        assert alone == [row for row in both if row["kind"] != "exit"]
        assert alone != both

    @pytest.mark.parametrize("filters", FILTERS)
    def test_errors_and_exits_are_shares_of_the_sessions_that_began_in_the_period(
        self, data: Data, filters: dict[str, str]
    ) -> None:
        began = sessions_begun(data.happened, filters)
        happened = group(
            (event for event in data.happened if kind_of(event) and event.session in began),
            lambda event: (
                kind_of(event),
                event.properties.get("error_type", event.properties.get("reason")),
                grouped(event),
            ),
        )

        rows = data.ask("errors", {**PERIOD, **filters}).records()

        assert [(row["kind"], row["name"], row["group"]) for row in rows] != []
        assert {(row["kind"], row["name"], row["group"]) for row in rows} == set(happened)
        assert len(rows) == len(happened)
        for row in rows:
            its = happened[row["kind"], row["name"], row["group"]]
            sessions = {event.session for event in its}
            assert (row["times"], row["sessions"]) == (len(its), len(sessions))
            assert row["session_share"] == pytest.approx(len(sessions) / len(began))
            assert row["installs"] == len({event.user_id for event in its})
            assert row["of_installs"] == len({began[session].user_id for session in began})
            last = max(
                ((event.time, innermost(event)) for event in its if row["kind"] != "exit"),
                default=(None, None),
            )
            assert row["place"] == last[1]

    @pytest.mark.parametrize("filters", FILTERS)
    def test_each_failure_is_told_by_version_system_python_and_model(
        self, data: Data, filters: dict[str, str]
    ) -> None:
        began = sessions_begun(data.happened, filters)
        of_side: dict[tuple[str, object], set[UUID]] = defaultdict(set)
        failed: dict[object, set[UUID]] = defaultdict(set)
        for event in data.happened:
            if event.session not in began:
                continue
            if event.event == "session_start":
                its = event.properties
                of_side["version", its["app_version"]].add(event.session)
                of_side["system", its["os"]].add(event.session)
                of_side["Python", "3.12"].add(event.session)
            elif event.event == "message_send":
                of_side["model", event.properties["main_model"]].add(event.session)
            elif kind_of(event) not in (None, "exit"):
                failed[grouped(event)].add(event.session)

        by_group = group_rows(data.ask("error_sides", {**PERIOD, **filters}).records())

        assert len(failed) > 2
        assert set(by_group) == set(failed)
        for name, sessions in failed.items():
            its_sides = {
                (side, value): (len(of & sessions), len(of))
                for (side, value), of in of_side.items()
            }
            (found, alone) = (
                {
                    (str(row["by"]), row["value"]): (row["sessions"], row["of_sessions"])
                    for row in rows
                }
                for rows in (
                    by_group[name],
                    data.ask("error_by", {**PERIOD, **filters, "group": str(name)}).records(),
                )
            )
            assert alone == its_sides
            assert found == {side: told for side, told in its_sides.items() if told[0]}

    def test_one_type_at_two_places_is_two_errors_and_at_two_lines_one(self, data: Data) -> None:
        world = small("places")
        began = begins(uuid4(), "2026-03-01T10:00:00")
        failed = [
            happens(
                began,
                "exception",
                "2026-03-01T10:01:00",
                error_type="KeyError",
                error_frames=["aider.main:main:9", f"aider.io:{function}:{line}"],
                error_fingerprint=function * 4,
                handled=None,
            )
            for function, line in (("read", 1), ("read", 7), ("write", 3))
        ]
        fill(data.warehouse, world.name, world.catalog, [began, *failed])

        rows = data.ask("errors", {"since": "2026-03-01", "until": "2026-03-01"}, world).records()

        assert [(row["kind"], row["name"], row["place"], row["times"]) for row in rows] == [
            ("crash", "KeyError", "aider.io:read:7", 2),
            ("crash", "KeyError", "aider.io:write:3", 1),
        ]

    def test_an_error_that_the_program_handled_is_no_crash(self, data: Data) -> None:
        kinds = {row["kind"] for row in data.ask("errors", PERIOD).records()}

        assert kinds == {"crash", "handled error", "provider failure", "exit"}

    def test_stability_tells_crashes_handled_errors_and_provider_failures_apart(
        self, data: Data
    ) -> None:
        began = sessions_begun(data.happened, {})
        of_kind: dict[str | None, set[UUID]] = defaultdict(set)
        for event in data.happened:
            of_kind[kind_of(event)].add(event.session)
        by_version = group(began.values(), lambda event: event.properties["app_version"])

        rows = data.ask("stability", PERIOD).records()

        assert [row["version"] for row in rows] == sorted(map(str, by_version), reverse=True)
        for row in rows:
            its = by_version[row["version"]]
            sessions, installs = {e.session for e in its}, {e.user_id for e in its}
            crashed, handled, refused = (
                sessions & of_kind[kind] for kind in ("crash", "handled error", "provider failure")
            )
            hit = {event.user_id for event in its if event.session in crashed}
            assert (row["sessions"], row["installs"]) == (len(sessions), len(installs))
            assert (row["crashed_sessions"], row["crashed_installs"]) == (len(crashed), len(hit))
            assert row["crash_free_share"] == pytest.approx(1 - len(crashed) / len(sessions))
            assert row["crash_free_install_share"] == pytest.approx(1 - len(hit) / len(installs))
            assert row["handled_share"] == pytest.approx(len(handled) / len(sessions))
            assert row["provider_share"] == pytest.approx(len(refused) / len(sessions))

    def test_what_providers_refuse_makes_no_version_look_less_stable(self, data: Data) -> None:
        """Of two versions, the one that mends a crash is the better one, whatever the limits."""
        world = small("limits")
        happened = []
        for number in range(20):
            for app_version in ("1.0", "1.0rc1"):
                began = begins(uuid4(), "2026-03-01T10:00:00", app_version=app_version)
                happened.append(began)
                if app_version == "1.0rc1" and number < 4:
                    happened.append(happens(began, "exception", "2026-03-01T10:01:00"))
                if app_version == "1.0" and number < 12:
                    happened.append(
                        happens(
                            began,
                            "provider_error",
                            "2026-03-01T10:01:00",
                            error_type="litellm.RateLimitError",
                        )
                    )
        fill(data.warehouse, world.name, world.catalog, happened)

        rows = data.ask(
            "stability", {"since": "2026-03-01", "until": "2026-03-01"}, world
        ).records()

        assert [
            (row["version"], row["crash_free_share"], row["handled_share"], row["provider_share"])
            for row in rows
        ] == [("1.0", 1.0, 0.0, 0.6), ("1.0rc1", 0.8, 0.0, 0.0)]


class TestEdges:
    """Small worlds of a few events each, where the answer can be read off."""

    def test_both_days_of_a_period_belong_to_it_to_the_second(self, data: Data) -> None:
        world = small("edges")
        ana, ben = uuid4(), uuid4()
        fill(
            data.warehouse,
            world.name,
            world.catalog,
            [
                begins(ana, "2026-03-01T23:59:59"),
                begins(ana, "2026-03-02T00:00:00"),
                begins(ben, "2026-03-03T23:59:59"),
                begins(ben, "2026-03-04T00:00:00"),
            ],
        )

        (totals,) = data.ask(
            "totals", {"since": "2026-03-02", "until": "2026-03-03"}, world
        ).records()

        assert (totals["installs"], totals["sessions"]) == (2, 2)

    def test_a_session_over_midnight_counts_where_it_began(self, data: Data) -> None:
        world = small("midnight")
        ana = uuid4()
        began = begins(ana, "2026-03-01T23:50:00")
        ended = happens(began, "exit", "2026-03-02T00:10:00", reason="/exit")
        fill(data.warehouse, world.name, world.catalog, [began, ended])

        first = data.ask("errors", {"since": "2026-03-01", "until": "2026-03-01"}, world).records()
        second = data.ask("errors", {"since": "2026-03-02", "until": "2026-03-02"}, world).records()

        assert [(row["name"], row["session_share"]) for row in first] == [("/exit", 1.0)]
        assert second == []

    def test_a_version_s_session_is_followed_for_a_week_and_no_longer(self, data: Data) -> None:
        """A chat stays open over a weekend; without a bound, every session would be looked at."""
        world = small("open")
        happened = []
        for day in ("2026-03-01", "2026-03-03", "2026-03-10"):
            began = begins(uuid4(), f"{day}T10:00:00", app_version="2.0")
            sent = happens(began, "message_send", "2026-03-10T11:00:00", main_model="o3")
            happened += [began, sent]
        fill(data.warehouse, world.name, world.catalog, happened)
        asked = {"since": "2026-03-10", "until": "2026-03-10"}

        (everyone,) = data.ask("totals", asked, world).records()
        (some,) = data.ask("totals", {**asked, "version": "2.0"}, world).records()

        assert (everyone["messages"], everyone["sessions"]) == (3, 1)
        assert (some["messages"], some["sessions"]) == (2, 1)

    def test_what_fails_in_a_session_of_the_period_counts_for_a_week(self, data: Data) -> None:
        world = small("late")
        began = [begins(uuid4(), "2026-03-01T10:00:00") for _ in range(4)]
        late = [
            happens(each, "exception", f"2026-03-{day:02}T10:00:00", error_type="KeyError")
            for each, day in zip(began, (1, 8, 9), strict=False)
        ]
        fill(data.warehouse, world.name, world.catalog, [*began, *late])
        asked = {"since": "2026-03-01", "until": "2026-03-01"}

        (error,) = data.ask("errors", asked, world).records()
        (version,) = data.ask("stability", asked, world).records()
        events = {row["event"]: row for row in data.ask("events", asked, world).records()}

        assert error["session_share"] == 0.5
        assert version["crash_free_share"] == 0.5
        assert events["exception"]["session_share"] == 0.5

    @pytest.mark.parametrize("name", ["overview", "event_days"])
    def test_days_before_the_first_data_and_to_come_are_blank_and_others_whole_once_all_is_in(
        self, data: Data, name: str
    ) -> None:
        world = small(f"edge_days_{name}")
        happened = [begins(uuid4(), f"2026-03-0{day}T10:00:00") for day in (3, 5, 6)]
        fill(data.warehouse, world.name, world.catalog, happened)
        asked = {"since": "2026-03-01", "until": "2026-03-08", "event": "session_start"}

        for late, days in ((0, 5), (2, 3)):
            rows = data.ask(
                name, asked, world, today=date(2026, 3, 6), late=timedelta(days=late)
            ).records()
            assert [row["sessions"] for row in rows] == [None, None, 1, 0, 1, 1, None, None]
            assert [row["complete"] for row in rows] == [True] * days + [False] * (8 - days)

    def test_of_one_install_no_interval_is_claimed(self, data: Data) -> None:
        world = small("alone")
        began = begins(uuid4(), "2026-03-01T10:00:00")
        sent = [
            happens(began, "message_send", "2026-03-01T10:01:00", main_model=model, total_tokens=9)
            for model in ("gpt-5", "gpt-5", None)
        ]
        fill(data.warehouse, world.name, world.catalog, [began, *sent])

        rows = data.ask("models", {"since": "2026-03-01", "until": "2026-03-01"}, world).records()

        assert [(row["model"], row["messages"]) for row in rows] == [("gpt-5", 2), (None, 1)]
        assert [row["message_share"] for row in rows] == [
            pytest.approx(2 / 3),
            pytest.approx(1 / 3),
        ]
        assert {row[name] for row in rows for name in row if name.endswith(("_low", "_high"))} == {
            None
        }

    def test_what_was_never_told_counts_as_nothing(self, data: Data) -> None:
        world = small("silent")
        began = begins(uuid4(), "2026-03-01T10:00:00")
        sent = happens(began, "message_send", "2026-03-01T10:01:00", main_model="gpt-5")
        fill(data.warehouse, world.name, world.catalog, [began, sent])

        (row,) = data.ask("models", {"since": "2026-03-01", "until": "2026-03-01"}, world).records()

        assert (row["tokens"], row["cost"], row["token_share"]) == (0, 0.0, None)

    @pytest.mark.parametrize(
        "name",
        in_turn(
            [each.name for each in AIDERS],
            ["totals", "overview", "models", "errors", "event_properties", "retention"],
        ),
    )
    def test_an_empty_project_answers_with_nothing(
        self, data: Data, columns: Callable[[str], tuple[str, ...]], empty: Project, name: str
    ) -> None:
        answer = data.ask(name, PERIOD, empty)
        # The steps of a funnel are those that were asked for, whoever took them.
        told = [column for column in answer.columns if column != "step"]
        rows = [[row[column] for column in told] for row in answer.records()]

        assert answer.columns == columns(name)
        assert answer.as_csv().startswith(",".join(answer.columns))
        # Days of which nothing is told, which are over, and of which event it is.
        assert {value for row in rows for value in row if not isinstance(value, str)} <= {
            0,
            None,
            True,
        }
        if name == "overview":
            assert {row["installs"] for row in answer.records()} == {None}


class TestOffered:
    def test_aider_is_offered_every_insight_but_the_ends_of_commands(self, data: Data) -> None:
        offered = [each.name for each in insights.offered(data.project.catalog)]
        assert offered == [each.name for each in insights.all() if each.name != "outcomes"]

    def test_a_tool_with_a_command_and_a_crash_is_offered_what_that_can_answer(
        self, data: Data
    ) -> None:
        tool = Project("mytool", Catalog.of("mytool", [Command, Crash]))
        data.warehouse.ensure(tool.name, tool.catalog)
        began = begins(uuid4(), "2026-03-01T10:00:00")
        fill(
            data.warehouse,
            tool.name,
            tool.catalog,
            [began, happens(began, "command", "2026-03-01T10:01:00", command="build")],
        )

        names = [each.name for each in insights.offered(tool.catalog)]
        answers = {
            name: data.ask(name, {"since": "2026-03-01", "until": "2026-03-01"}, tool)
            for name in names
        }

        assert {"totals", "overview", "commands", "errors", "stability", "events"} < set(names)
        assert "models" not in names
        assert answers["totals"].columns == ("installs", "sessions")
        assert answers["commands"].rows[0][:4] == ("command", "build", 1, 1)

    def test_an_event_of_the_same_name_without_the_property_is_not_enough(self) -> None:
        class Exit(Event):
            """It ended."""

        offered = insights.offered(Catalog.of("mytool", [Exit]))

        names = {each.name for each in offered if each.listed}
        assert {"overview", "events"} <= names
        assert not {"errors", "models", "commands"} & names

    def test_the_question_is_the_sql_s_first_line(self) -> None:
        for insight in insights.all():
            sql = resources.files(insights).joinpath("questions", f"{insight.name}.sql").read_text()
            assert sql.startswith(f"-- {insight.question}\n")
            assert insight.question.endswith("?")

    def test_every_insight_and_every_parameter_is_documented(self) -> None:
        page = (ROOT / "docs" / "insights.md").read_text(encoding="utf-8")

        for insight in insights.all():
            assert f"| `{insight.name}` | {insight.question} |" in page
        for name in (*insights.filters.NAMES, "project"):
            assert f"| `{name}` |" in page

    @pytest.mark.thorough
    def test_every_column_that_is_described_is_in_the_answer(
        self, columns: Callable[[str], tuple[str, ...]]
    ) -> None:
        for insight in AIDERS:
            there = columns(insight.name)
            assert set(insight.columns) <= set(there)
            for column in insight.columns.values():
                assert column.of is None or column.of in there

    @pytest.mark.thorough
    @pytest.mark.parametrize("name", [each.name for each in AIDERS])
    def test_counts_of_an_older_collector_cannot_wrap_a_sum(self, data: Data, name: str) -> None:
        """Counts were once taken up to what 64 bits hold, and what was taken stays."""
        world = Project(f"huge_{name}", data.project.catalog)  # some ask of replies too
        most = 2**64 - 1
        began = begins(uuid4(), "2026-03-01T10:00:00")
        sent = [
            happens(
                began,
                "message_send",
                "2026-03-01T10:01:00",
                main_model=model,
                prompt_tokens=most,
                completion_tokens=most,
                total_tokens=most,
                cost=1.5,
            )
            for model in ("gpt-5", "gpt-5", "o3", None)
        ]
        fill(data.warehouse, world.name, world.catalog, [began, *sent])
        asked = {"since": "2026-03-01", "until": "2026-03-01", "event": "message_send"}

        rows = data.ask(name, asked, world).records()

        if name in ("totals", "overview"):
            assert [row["tokens"] for row in rows] == [4 * most]
        if name == "models":
            assert {row["model"]: row["tokens"] for row in rows} == {
                "gpt-5": 2 * most, "o3": most, None: most,
            }  # fmt: skip
            assert {row["token_share"] for row in rows} == {0.5, 0.25}
        if name == "event_properties":
            # A number is told from what no kind lets in any more by being capped.
            sums = {row["property"]: row["sum"] for row in rows if row["what"] == "number"}
            assert sums["total_tokens"] == 4e16

    def test_sql_is_bound_never_pasted(self, data: Data) -> None:
        """A filter that says SQL reaches the database as a value, past the check of its form."""
        insight = insights.get("totals")
        assert insight is not None
        hostile = Filters(
            date(2026, 10, 1), date(2026, 10, 2), version="' OR 1=1 --", os="{project:Identifier}"
        )

        table = insight.run(data.warehouse, data.project, hostile)

        assert table.rows == ((0, 0, 0, 0, 0.0),)


class TestTable:
    table = Table(
        ("model", "messages", "share", "cost"),
        (('a,b "c"', 3, 0.1, 1e-07), (None, 2**53 - 1, None, 0.0), ("é\nf", 0, 1.0, 12.5)),
    )

    def test_json_holds_columns_and_rows_and_nothing_else(self) -> None:
        document = json.loads(self.table.as_json())

        assert document == {
            "columns": list(self.table.columns),
            "rows": [list(row) for row in self.table.rows],
        }

    def test_csv_gives_back_the_same_values(self) -> None:
        header, *rows = csv.reader(io.StringIO(self.table.as_csv(), newline=""))

        assert tuple(header) == self.table.columns
        for row, values in zip(rows, self.table.rows, strict=True):
            for text, value in zip(row, values, strict=True):
                assert text == ("" if value is None else str(value))


class Command(Event):
    """A command was run."""

    command: str | None = command("Which", ["build", "check"])


class Crash(Event, name="exception"):
    """It crashed."""

    error: BaseException | None = exception("What it was", ["mytool"])


def grouped(event: Happening) -> str | None:
    """Return the group of what failed."""
    if "error_type" not in event.properties:
        return None
    told = event.properties
    return v1(told["error_type"], told.get("error_frames"), told.get("error_causes"))


def innermost(event: Happening) -> str:
    frames = event.properties["error_frames"]
    assert isinstance(frames, list)
    return str(frames[-1])


def group_rows(rows: Iterable[Mapping[str, Any]]) -> dict[object, list[Mapping[str, Any]]]:
    groups: dict[object, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["group"]].append(row)
    return groups


def small(name: str) -> Project:
    return Project(name, FEW)


def number(value: object) -> float:
    assert value is None or isinstance(value, (int, float))
    return value or 0.0


class TestWhatAQuestionsJsonMaySay:
    SHOWN: ClassVar[dict[str, Any]] = {
        "title": "Days",
        "order": 1,
        "needs": ["session_start"],
        "columns": {"day": {"label": "Day", "kind": "day"}},
        "glance": {"name": "day", "value": "share", "title": "A share", "where": {}},
    }

    def read(self, shown: dict[str, object]) -> insights.Insight:
        return read("days", json.dumps(shown).encode(), b"-- Which days?\nSELECT 1\n")

    def test_is_all_that_an_insight_needs(self) -> None:
        found = self.read(self.SHOWN)
        assert (found.name, found.title, found.question) == ("days", "Days", "Which days?")
        assert (found.listed, found.needs_any, found.chart) == (True, (), None)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"lited": False}, "unknown field `lited`"),
            (
                {"columns": {"day": {"label": "Day", "kind": "day", "nul": ""}}},
                "unknown field `nul`",
            ),
            ({"columns": {"day": {"label": "Day", "kind": "date"}}}, "Invalid enum value 'date'"),
            ({"columns": {"day": {"kind": "day"}}}, "missing required field `label`"),
            ({"glance": {**SHOWN["glance"], "whre": {}}}, "unknown field `whre`"),
            ({"order": "first"}, "Expected `int`, got `str`"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_is_nothing_misspelt(self, change: dict[str, object], said: str) -> None:
        with pytest.raises(ValueError, match=f"days.json: .*{re.escape(said)}"):
            self.read({**self.SHOWN, **change})


class TestModels:
    """What a model's page tells."""

    def test_each_model_s_edit_formats_have_the_share_of_replies_that_could_be_applied(
        self, data: Data
    ) -> None:
        replies = group(
            (event for event in choose(data.happened, {}) if event.event == "reply"),
            lambda event: (event.properties["main_model"], event.properties["edit_format"]),
        )
        costs = group(
            (event for event in choose(data.happened, {}) if event.event == "message_send"),
            lambda event: (event.properties["main_model"], event.properties["edit_format"]),
        )

        rows = data.ask("model_formats", PERIOD).records()

        assert {(row["model"], row["edit_format"]) for row in rows} == set(replies)
        for row in rows:
            its = replies[row["model"], row["edit_format"]]
            tried = [e for e in its if e.properties["edits"] in ("applied", "failed")]
            applied = [e for e in tried if e.properties["edits"] == "applied"]
            assert (row["replies"], row["tried"]) == (len(its), len(tried))
            assert row["installs"] == len({event.user_id for event in its})
            if tried:
                assert row["applied_share"] == pytest.approx(len(applied) / len(tried))
            paid = [
                number(event.properties["cost"])
                for event in costs[row["model"], row["edit_format"]]
                if event.properties["cost"] is not None
            ]
            assert row["message_cost"] == (
                pytest.approx(sum(paid) / len(paid), abs=1e-6) if paid else None
            )

    def test_every_week_has_the_messages_of_each_model(self, data: Data) -> None:
        answers = [e for e in choose(data.happened, {}) if e.event == "message_send"]
        weeks = group(answers, lambda e: (monday(e), e.properties["main_model"]))

        rows = data.ask("model_days", PERIOD).records()

        assert {(row["day"], row["model"]): row["messages"] for row in rows} == {
            key: len(its) for key, its in weeks.items()
        }
        for row in rows:
            assert row["of_messages"] == sum(monday(e) == row["day"] for e in answers)

    def test_every_day_has_the_sessions_of_each_version(self, data: Data) -> None:
        began = [e for e in choose(data.happened, {}) if e.event == "session_start"]
        days = group(began, lambda e: (str(e.time.date()), e.properties["app_version"]))

        rows = data.ask("adoption", PERIOD).records()

        assert {(row["day"], row["version"]): row["sessions"] for row in rows} == {
            key: len(its) for key, its in days.items()
        }


class TestCrossing:
    """Any property of an event by any other."""

    def test_a_property_s_values_are_shares_of_the_times_of_the_other_s(self, data: Data) -> None:
        asked = {**PERIOD, "event": "reply", "of": "edits", "split": "edit_format"}
        replies = [e for e in choose(data.happened, {}) if e.event == "reply"]
        parts = group(replies, lambda e: e.properties["edit_format"])
        cells = group(replies, lambda e: (e.properties["edit_format"], e.properties["edits"]))

        rows = data.ask("event_by", asked).records()

        assert {(row["part"], row["value"]) for row in rows} == set(cells)
        counts = []
        for row in rows:
            its, of = cells[row["part"], row["value"]], parts[row["part"]]
            assert (row["times"], row["part_times"]) == (len(its), len(of))
            counts.append((tally(e.user_id for e in its), tally(e.user_id for e in of)))
        hold(rows, "share", counts)

    def test_what_is_beyond_the_most_frequent_is_told_together(self, data: Data) -> None:
        asked = {**PERIOD, "event": "message_send", "of": "main_model", "split": "edit_format"}

        rows = data.ask("event_by", asked).records()

        assert len({row["value"] for row in rows if row["value_is"] == "value"}) <= 8
        assert "rest" in {row["value_is"] for row in rows}
        for part in {row["part"] for row in rows}:
            its = [row for row in rows if row["part"] == part]
            assert sum(whole(row["times"]) for row in its) == its[0]["part_times"]

    @pytest.mark.parametrize("asked", [{"of": "cost"}, {"split": "nothing"}, {"of": "edits; --"}])
    def test_a_property_without_values_to_choose_from_is_refused(
        self, data: Data, asked: dict[str, str]
    ) -> None:
        with pytest.raises(insights.FilterError, match="is no property of reply with values"):
            data.ask("event_by", {**PERIOD, "event": "reply", **asked})


class TestGrain:
    """By week and by month."""

    @pytest.mark.parametrize("grain", ["week", "month"])
    @pytest.mark.parametrize("name", ["overview", "event_days"])
    def test_a_week_or_a_month_has_each_install_once(
        self, data: Data, grain: str, name: str
    ) -> None:
        begin = {"week": monday, "month": lambda e: str(e.time.date().replace(day=1))}[grain]
        began = [e for e in choose(data.happened, {}) if e.event == "session_start"]
        bins = group(began, begin)

        rows = data.ask(name, {**PERIOD, "by": grain, "event": "session_start"}).records()

        assert {row["day"]: (row["sessions"], row["installs"]) for row in rows} == {
            day: (len({e.session for e in its}), len({e.user_id for e in its}))
            for day, its in bins.items()
        }
        # 20 September is a Sunday, 19 October a Monday: both weeks are cut off, and both months.
        complete = [row["complete"] for row in rows]
        assert complete == (
            [False, True, True, True, True, False] if grain == "week" else [False] * 2
        )


def monday(event: Happening) -> str:
    day = event.time.date()
    return str(day - timedelta(days=day.weekday()))
