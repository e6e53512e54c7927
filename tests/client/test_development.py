"""What a maker is told: where something is declared, in the development mode, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard import Analytics, CatalogError, Event, count
from aboveboard.client.recipients.target import trouble
from tests.client import tool as example
from tests.client.conftest import Tool


class Unlisted(Event):
    """In no catalog."""

    times: int = count("How often")


def made(**options: Any) -> Analytics:
    return Analytics(
        **{
            "app": "tool",
            "version": "1",
            "catalog": example.EVENTS,
            "endpoint": "https://analytics.example",
            "key": "key",
            "environ": {"HOME": "/nowhere"},
        }
        | options
    )


class TestWhereItIsDeclared:
    @pytest.mark.parametrize(
        ("option", "value", "word"),
        [
            ("endpoint", "ftp://x.example", "ftp://x.example"), ("endpoint", "", "no address"),
            ("endpoint", "analytics.example", "no address"), ("endpoint", "https://", "no address"),
            ("endpoint", "https://x:port", "no address"), ("endpoint", "http://x y", "no address"),
            ("endpoint", None, "no address"), ("endpoint", "posthog+ftp://x", "no address"),
            ("key", "", "key"), ("key", " ", "key"), ("key", "a\nb", "key"), ("key", None, "key"),
            ("sample_percent", 900, "0 to 100"), ("sample_percent", -1, "0 to 100"),
            ("sample_percent", float("nan"), "0 to 100"), ("sample_percent", "10", "0 to 100"),
            ("catalog", [], "empty"),
        ],
    )  # fmt: skip
    def test_what_cannot_work_is_refused(self, option: str, value: object, word: str) -> None:
        with pytest.raises(CatalogError, match=word):
            made(**{option: value})

    @pytest.mark.parametrize(
        "endpoint",
        ["https://a.example/path", "http://127.0.0.1:9", "http://[::1]:8300", "https://[::1]",
         "posthog+https://eu.i.posthog.com", "HTTPS://user:word@A.example:443/?q", " https://a "],
    )  # fmt: skip
    def test_an_address_is_none_of_that(self, endpoint: str) -> None:
        assert made(endpoint=endpoint)._host.trouble == ""

    def test_crashes_alone_are_a_catalog(self) -> None:
        assert "exception" in made(catalog=[], packages=["tool"]).catalog.entries

    @given(st.text() | st.none(), st.text() | st.none())
    def test_whatever_a_person_named_raises_nothing(
        self, endpoint: str | None, key: str | None
    ) -> None:
        tool = made(endpoint=endpoint, key=key, named_by_person=True)
        assert bool(tool._host.trouble) is bool(trouble(endpoint, key))

    def test_what_a_person_named_and_cannot_work_is_said_to_who_wants_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        home = {"HOME": str(tmp_path)}
        for flags, told in (({}, ""), ({"analytics": True}, "Analytics are off: 'ftp://x' is no")):
            tool = made(endpoint="ftp://x", named_by_person=True, environ=home)
            tool.open(flags)
            assert not tool.enabled
            assert capsys.readouterr().err[: len(told) or None] == told
        assert list(tmp_path.iterdir()) == []


MISTAKES = [
    (lambda: Unlisted(times=1), "Unlisted (unlisted) is not in the catalog of tool: add it"),
    (lambda: {"event": "command"}, "not a dict"),
    (lambda: example.Command, r"Command(…), not Command"),
]


class TestARecordThatIsLost:
    @pytest.mark.parametrize(("event", "told"), MISTAKES)
    def test_is_silent_in_production(self, tmp_path: Path, event: Any, told: str) -> None:
        tool = made(environ={"HOME": str(tmp_path)})
        tool.record(event())
        tool.open({"analytics_log": str(tmp_path / "log")})
        tool.record(event())
        assert told
        assert (tmp_path / "log").read_text().count("\n") == 1
        tool.close()

    @pytest.mark.parametrize(("event", "told"), MISTAKES)
    def test_is_raised_in_development(self, tmp_path: Path, event: Any, told: str) -> None:
        tool = made(environ={"HOME": str(tmp_path), "TOOL_ANALYTICS_DEBUG": "1"})
        tool.open()
        with pytest.raises(CatalogError) as raised:
            tool.record(event())
        assert told in str(raised.value)
        tool.close()

    def test_is_one_that_comes_before_the_session(self, tmp_path: Path) -> None:
        tool = made(environ={"HOME": str(tmp_path), "TOOL_ANALYTICS_DEBUG": "1"})
        with pytest.raises(CatalogError, match="before the session of tool was opened"):
            tool.record(example.Command(name="send"))

    def test_is_an_exception_that_no_packages_are_named_for(self, tmp_path: Path) -> None:
        tool = made(environ={"HOME": str(tmp_path), "TOOL_ANALYTICS_DEBUG": "1"})
        tool.open()
        with pytest.raises(CatalogError, match="name packages"):
            tool.exception(ValueError())
        tool.close()


class TestPrintingInsteadOfSending:
    @pytest.mark.parametrize("words", [[], ["--analytics"], ["--no-analytics"]])
    def test_each_line_is_on_stderr_and_nothing_is_kept_or_asked(
        self, tool: Tool, words: list[str]
    ) -> None:
        tool.agree()
        before = tool.files()
        ended = tool.run("send", *words, TOOL_ANALYTICS_DEBUG="1")
        assert ended.returncode == 0
        assert ended.stdout == "off\nrecorded\n"
        lines = ended.stderr.splitlines()
        assert [line.partition(",")[0] for line in lines] == [
            '{"event": "session_start"',
            '{"event": "command"',
            '{"event": "message_send"',
        ]
        assert tool.files() == before

    def test_a_log_is_written_beside_and_has_the_same_lines(self, tool: Tool) -> None:
        log = tool.home / "log.jsonl"
        ended = tool.run("send", "--analytics-log", str(log), TOOL_ANALYTICS_DEBUG="1")
        assert log.read_text() == ended.stderr

    def test_a_projects_variable_turns_nothing_on(self, tmp_path: Path) -> None:
        tool = made(environ={"HOME": str(tmp_path), "TOOL_ANALYTICS_DEBUG": "0"})
        tool.record(Unlisted(times=1))
        tool.open()
        assert tool._lifetime.session is None
