"""Filters from a URL's query: what is understood, what is left out, and what is refused how."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from aboveboard.insights import FilterError, Filters
from aboveboard.insights.filters import DAYS_MAX, STEPS_LEAST, STEPS_MOST, WHERE_MOST, Where

TODAY = date(2026, 11, 22)


class TestUnderstood:
    def test_no_query_is_the_last_thirty_days_of_everything(self) -> None:
        filters = Filters.from_query({}, TODAY)

        assert filters == Filters(date(2026, 10, 24), TODAY)
        assert filters.days == 30
        assert not filters.by_session

    @pytest.mark.parametrize(
        ("query", "since", "until"),
        [
            ({"since": "2026-08-01", "until": "2026-08-31"}, date(2026, 8, 1), date(2026, 8, 31)),
            ({"since": "2026-11-22"}, TODAY, TODAY),
            ({"since": "7d"}, date(2026, 11, 16), TODAY),
            ({"since": "1d", "until": "2026-03-01"}, date(2026, 3, 1), date(2026, 3, 1)),
            ({"until": "2026-03-01"}, date(2026, 1, 31), date(2026, 3, 1)),
            ({"since": "", "until": " "}, date(2026, 10, 24), TODAY),
        ],
    )
    def test_a_period_is_given_by_dates_or_by_a_number_of_days(
        self, query: dict[str, str], since: date, until: date
    ) -> None:
        filters = Filters.from_query(query, TODAY)

        assert (filters.since, filters.until) == (since, until)

    def test_a_version_is_asked_for_as_it_is_kept(self) -> None:
        assert Filters.from_query({"version": " v0.86.2+local "}, TODAY).version == "0.86.2"

    def test_links_can_repeat_what_was_asked_for_and_no_more(self) -> None:
        filters = Filters.from_query({"since": "7d", "os": "Linux", "version": ""}, TODAY)

        assert filters.asked == (("since", "7d"), ("os", "Linux"))
        assert filters.by_session

    def test_parameters_of_the_page_are_not_its_business(self) -> None:
        query = {"project": "aider", "measure": "cost"}

        assert Filters.from_query(query, TODAY, beside=("project", "measure")).asked == ()

    def test_a_session_is_looked_for_from_a_week_before_the_period_on(self) -> None:
        filters = Filters.from_query({"since": "7d"}, TODAY)

        assert filters.parameters()["earliest"] == date(2026, 11, 9)
        assert filters.parameters()["latest"] == date(2026, 11, 29)

    def test_a_week_beyond_the_ends_of_time_is_not_looked_at(self) -> None:
        filters = Filters.from_query({"since": "2105-12-30", "until": "2105-12-31"}, TODAY)

        assert filters.parameters()["latest"] == date(2105, 12, 31)
        assert Filters(date(1970, 1, 2), TODAY).parameters()["earliest"] == date(1970, 1, 1)

    def test_the_period_before_ends_the_day_before_and_is_as_long(self) -> None:
        before = Filters.from_query({"since": "7d", "os": "Linux"}, TODAY).before()

        assert before == Filters(date(2026, 11, 9), date(2026, 11, 15), os="Linux")

    @pytest.mark.parametrize(
        ("since", "until", "whole"),
        [
            ("2026-11-16", "2026-11-22", ("2026-11-16", "2026-11-21")),
            ("2026-11-16", "2026-12-24", ("2026-11-16", "2026-11-21")),
            ("2026-11-16", "2026-11-20", ("2026-11-16", "2026-11-20")),
            ("2026-11-22", "2026-11-22", None),
            ("2026-11-23", "2026-11-24", None),
        ],
    )
    def test_whole_days_are_those_that_are_over(
        self, since: str, until: str, whole: tuple[str, str] | None
    ) -> None:
        found = Filters.from_query({"since": since, "until": until}, TODAY).whole()

        assert (found and (str(found.since), str(found.until))) == whole

    @pytest.mark.parametrize(
        ("hours", "last"), [(0, "2026-11-21"), (24, "2026-11-20"), (72, "2026-11-18"), (168, None)]
    )
    def test_and_whose_sessions_are_in(self, hours: int, last: str | None) -> None:
        late = timedelta(hours=hours)
        found = Filters.from_query({"since": "2026-11-16"}, TODAY, late=late).whole()

        assert (str(found.until) if found else None) == last

    def test_before_the_beginning_of_time_there_is_nothing(self) -> None:
        assert Filters(date(1970, 1, 3), date(1970, 1, 9)).before() is None
        assert Filters(date(1970, 1, 7), date(1970, 1, 13)).before() is None

    def test_the_first_period_of_all_is_before_the_second(self) -> None:
        second = Filters(date(1970, 1, 8), date(1970, 1, 14))
        assert second.before() == Filters(date(1970, 1, 1), date(1970, 1, 7))

    def test_each_parameter_is_read_under_its_own_name(self) -> None:
        query = {
            "since": "2026-08-01", "until": "2026-08-31", "version": "0.86.2", "os": "Linux",
            "event": "message_send", "group": "v1:0123456789abcdef", "by": "week",
            "compare": "off", "of": "main_model", "split": "edit_format",
            "steps": "session_start,,exit", "within": "period",
        }  # fmt: skip
        filters = Filters.from_query(query, TODAY)

        assert filters == Filters(
            date(2026, 8, 1), date(2026, 8, 31), "0.86.2", "Linux", "message_send",
            "v1:0123456789abcdef", tuple(query.items()), (), "week", "off", "main_model",
            "edit_format", ("session_start", "exit"), "period",
        )  # fmt: skip
        assert filters.parameters() == {
            "since": date(2026, 8, 1), "until": date(2026, 8, 31), "today": TODAY,
            "settling": TODAY,
            "earliest": filters.earliest, "latest": filters.latest, "version": "0.86.2",
            "os": "Linux", "group": "v1:0123456789abcdef",
        }  # fmt: skip

    def test_what_is_not_asked_for_is_an_empty_text_to_the_sql(self) -> None:
        said = Filters.from_query({}, TODAY).parameters()
        assert (said["version"], said["os"], said["group"]) == ("", "", "")

    def test_steps_may_be_given_one_by_one(self) -> None:
        query = MultiDict([("steps", "launched"), ("steps", "message_send"), ("steps", "exit")])
        assert Filters.from_query(query, TODAY).steps == ("launched", "message_send", "exit")

    @pytest.mark.parametrize("number", [STEPS_LEAST, STEPS_MOST])
    def test_the_least_and_the_most_steps_are_possible(self, number: int) -> None:
        names = [f"event_{each}" for each in range(number)]
        assert Filters.from_query({"steps": ",".join(names)}, TODAY).steps == tuple(names)

    def test_the_longest_period_and_the_most_conditions_are_possible(self) -> None:
        assert Filters.from_query({"since": f"{DAYS_MAX}d"}, TODAY).days == DAYS_MAX
        query = MultiDict(("where", f"exit.reason:{each}") for each in range(WHERE_MOST))
        assert len(Filters.from_query(query, TODAY).where) == WHERE_MOST
        query.add("where", "exit.reason:more")
        with pytest.raises(FilterError, match=f"where is given {WHERE_MOST + 1} times"):
            Filters.from_query(query, TODAY)

    def test_an_event_s_name_may_have_dots(self) -> None:
        assert Where.of("command.run.name:x") == Where("command.run", "name", "x")
        assert str(Where("exit", "reason", None)) == "exit.reason:"


class TestRefused:
    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ({"group": "nosuch"}, "group=nosuch is no group of errors: use one as errors.json has"),
            ({"by": "year"}, "by=year is no grain: use one of day, week"),
            ({"within": "year"}, "within=year is not known: use one of session, period"),
            ({"steps": "exit"}, "steps=exit are 1 events: use from 2 to "),
            ({"where": "nosuch"}, "where=nosuch is no filter"),
        ],
    )
    def test_the_value_is_named_with_what_would_do(self, query: dict[str, str], says: str) -> None:
        with pytest.raises(FilterError, match=re.escape(says)):
            Filters.from_query(query, TODAY)

    @pytest.mark.parametrize("name", ["sinc", "Since", "since ", "versions", "", "a" * 99, "é\n"])
    def test_a_parameter_that_is_not_known_is_named_with_those_that_are(self, name: str) -> None:
        with pytest.raises(FilterError) as refused:
            Filters.from_query({name: "7d"}, TODAY, beside=("project",))

        said = str(refused.value)
        known = "since, until, version, os, event, group, where, by, compare, of, split, "
        known += "steps, within, sampling, project"
        assert said.endswith(f"is no parameter here: use {known}")
        assert "\n" not in said
        assert len(said) < 200

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ({"since": "yesterday"}, "since=yesterday is no date: use YYYY-MM-DD, or a number"),
            ({"until": "2026-02-30"}, "until=2026-02-30 is no date: use YYYY-MM-DD"),
            ({"until": "20260201"}, "until=20260201 is no date"),
            ({"since": "2026-11-02", "until": "2026-11-01"}, "is after until=2026-11-01"),
            ({"since": "0d"}, "since=0d: use from 1d to 3660d"),
            ({"since": "9999d"}, "since=9999d: use from 1d to 3660d"),
            ({"since": "1990-01-01"}, "at most 3660 days"),
            ({"until": "9999-12-31"}, "out of reach"),
            ({"version": "newest"}, "version=newest is no version: use one such as 0.86.2"),
            ({"os": "linux"}, "os=linux is not known: use one of Linux, Darwin, Windows, other"),
        ],
    )
    def test_the_error_says_what_would_do(self, query: dict[str, str], says: str) -> None:
        with pytest.raises(FilterError) as error:
            Filters.from_query(query, TODAY)

        assert says in str(error.value)

    def test_a_parameter_given_twice_is_no_guess(self) -> None:
        query = MultiDict([("os", "Linux"), ("os", "Darwin")])

        with pytest.raises(FilterError, match="os is given twice"):
            Filters.from_query(query, TODAY)

    @given(st.dictionaries(st.sampled_from(["since", "until", "version", "os"]), st.text()))
    def test_any_text_is_understood_or_refused_in_one_short_line(
        self, query: dict[str, str]
    ) -> None:
        try:
            filters = Filters.from_query(query, TODAY)
        except FilterError as error:
            line = str(error)
            assert line.isprintable()
            assert len(line) < 200
        else:
            assert filters.since <= filters.until


class TestSides:
    """What a comparison compares."""

    def test_a_period_is_compared_with_as_many_whole_days_before_it(self) -> None:
        sides = Filters.from_query({"since": "7d", "os": "Linux"}, TODAY).sides()

        assert sides is not None
        assert (TODAY - sides.now.until).days == 1
        assert sides.now.days == sides.then.days == 6
        assert (sides.now.since - sides.then.until).days == 1
        assert sides.then.os == "Linux"

    def test_a_version_is_compared_with_another_of_the_same_days(self) -> None:
        asked = {"since": "2026-01-01", "until": "2026-01-02", "compare": "1.0..1.1"}
        sides = Filters.from_query(asked, date(2026, 3, 1)).sides()

        assert sides is not None
        assert (sides.now.version, sides.then.version) == ("1.1", "1.0")
        assert sides.now.since == sides.then.since

    @pytest.mark.parametrize("query", [{"since": "1d"}, {"compare": "off"}])
    def test_nothing_is_compared_with_a_day_that_is_not_over_or_where_it_is_off(
        self, query: dict[str, str]
    ) -> None:
        assert Filters.from_query(query, TODAY).sides() is None

    @pytest.mark.parametrize("value", ["yesterday", "1.0..", "1.0..x y", "1..2..3", "../etc"])
    def test_what_cannot_be_compared_is_refused(self, value: str) -> None:
        with pytest.raises(FilterError, match="use previous, off or two versions"):
            Filters.from_query({"compare": value}, TODAY)


class TestWhere:
    """Filters by a property's value."""

    def test_each_is_an_event_s_property_and_its_value(self) -> None:
        found = Filters.from_query({"where": "cli session.main_model:ollama/a:b"}, TODAY)

        assert found.where == (Where("cli session", "main_model", "ollama/a:b"),)
        assert str(found.where[0]) == "cli session.main_model:ollama/a:b"
        assert Where.of("reply.edits:").value is None
        assert found.by_session
        assert not found.by_start

    @pytest.mark.parametrize("text", ["x", "a.b", "a:b", ".b:c", "a.:c", "\n.:"])
    def test_what_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(FilterError, match=r"use one such as message_send\.main_model:gpt-5"):
            Where.of(text)
