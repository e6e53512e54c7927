"""What every adapter promises, whatever library the program is built with.

docs/adopting.md lists the promises. What is special to one library is in that library's own tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from aboveboard import Analytics, CatalogError
from aboveboard.client.decision.statefile import StateFile
from aboveboard.integrations import control
from aboveboard.integrations.commands import command_event
from aboveboard.integrations.outcomes import outcome_event
from tests.integrations.adapters import ADAPTERS, COMMANDS, PLUGIN, Outcome, Program, Settings, run
from tests.integrations.conftest import told

STATE = Path(".config", "greeter", "analytics.json")
NEVER_SAID = "Analytics have been permanently disabled.\n"


class Tool:
    """The little program with an analytics, in a home of its own."""

    def __init__(self, make: Callable[[], Program], home: Path) -> None:
        self.make = make
        self.state = home / STATE
        self.log = home / "log.jsonl"
        self.program = make()
        self.analytics = Analytics(
            app="greeter",
            version="1.0",
            catalog=[command_event(self.program.names()), outcome_event(self.program.names())],
            endpoint="http://127.0.0.1:9",
            key="key",
            environ={"HOME": str(home)},
            _start=lambda *_args, **_how: None,
        )

    def attach(self, settings: Settings | None = None, project: Settings | None = None) -> Tool:
        self.program.attach(self.analytics, settings, project)
        return self

    def agree(self) -> Tool:
        """Have somebody agreed to all of it."""
        StateFile(str(self.state)).agree(
            self.analytics.catalog.terms(), self.analytics._target.recipient
        )
        return self

    def run(self, *words: str, **variables: str) -> Outcome:
        return run(self.program, words, **variables)

    def run_logged(self, *words: str) -> Outcome:
        return self.run("--analytics-log", str(self.log), *words)

    def commands(self) -> list[str]:
        return [properties["command"] for name, properties in told(self.log) if name == "command"]

    def is_disabled(self) -> bool:
        return self.state.exists() and bool(
            json.loads(self.state.read_text())["permanently_disable"]
        )

    def is_opened(self) -> bool:
        return self.log.exists() or self.analytics.enabled


@pytest.fixture(params=ADAPTERS)
def tool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tool]:
    made = Tool(ADAPTERS[request.param], tmp_path)
    yield made
    made.analytics.close()


class Broken(Mapping[str, object]):
    """Settings whose every value fails to be read, as a torn file's may."""

    def __getitem__(self, name: str) -> object:
        raise ValueError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(("analytics", "analytics-disable"))

    def __len__(self) -> int:
        return 2


class TestTheFlags:
    def test_all_four_are_in_the_help(self, tool: Tool) -> None:
        shown = tool.attach().run("--help").stdout
        for flag in ("--analytics", "--no-analytics", "--analytics-disable", "--analytics-log"):
            assert any(line.split()[:1] == [flag] for line in shown.splitlines()), flag
        assert "off forever" in shown

    @pytest.mark.parametrize(
        ("words", "settings", "project", "on"),
        [
            ([], None, None, True),
            (["--analytics"], None, None, True),
            (["--no-analytics"], None, None, False),
            (["--analytics-disable"], None, None, False),
            ([], {"analytics": True}, None, True),
            ([], {"analytics": "off"}, None, False),
            ([], {"no-analytics": True}, None, False),
            (["--no-analytics"], {"analytics": True}, None, False),
            (["--analytics"], {"analytics": False}, None, False),
            ([], None, {"analytics": True}, True),
            ([], None, {"analytics": False}, False),
            ([], None, {"analytics_disable": True}, False),
            (["--analytics"], {"analytics": True}, {"no_analytics": True}, False),
            ([], None, {"analytics-log": "a-projects.jsonl"}, False),
        ],
    )
    def test_any_no_turns_the_session_off(
        self,
        tool: Tool,
        words: list[str],
        settings: Settings | None,
        project: Settings | None,
        on: bool,
    ) -> None:
        tool.agree().attach(settings, project).run(*words, "status")
        assert tool.analytics.enabled is on
        assert tool.is_disabled() is ("--analytics-disable" in words)
        assert not Path("a-projects.jsonl").exists()

    @pytest.mark.parametrize("how", ["flag", "settings"])
    def test_a_yes_is_heard(self, tool: Tool, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[dict[str, object]] = []
        monkeypatch.setattr(tool.analytics, "open", opened.append)
        tool.attach({"analytics": True} if how == "settings" else None)
        tool.run(*(["--analytics"] if how == "flag" else []), "status")
        assert opened[0]["analytics"] is True
        assert opened[0]["analytics_asked"] is (how == "flag")

    @pytest.mark.parametrize("how", ["flag", "settings"])
    def test_a_log_is_written_where_it_is_wanted(self, tool: Tool, how: str) -> None:
        if how == "flag":
            tool.attach().run_logged("status")
        else:
            tool.attach({"analytics-log": str(tool.log)}).run("status")
        assert tool.commands() == ["status"]

    def test_a_no_for_good_in_the_persons_settings_is_kept_and_the_tool_runs(
        self, tool: Tool
    ) -> None:
        ended = tool.attach({"analytics-disable": True}).run("status", "a")
        assert (ended.code, ended.stderr) == (0, NEVER_SAID)
        assert ended.stdout.startswith("fine")
        assert tool.is_disabled()

    @pytest.mark.parametrize(
        "words",
        [
            ["--analytics=no", "status"],
            ["--no-analytics=yes", "status"],
            ["--analytics-disable=yes", "status"],
            ["--analytics-log"],
        ],
    )
    def test_a_flag_with_a_value_or_without_its_own_is_a_mistake(
        self, tool: Tool, words: list[str]
    ) -> None:
        assert tool.agree().attach().run(*words).code == 2
        assert not tool.is_opened()

    def test_the_logs_name_may_follow_an_equals_sign(self, tool: Tool) -> None:
        tool.attach().run(f"--analytics-log={tool.log}", "status")
        assert tool.commands() == ["status"]


class TestANoForGood:
    @pytest.mark.parametrize(
        "words",
        [
            ["--analytics-disable"],
            ["--analytics-disable", "status"],
            ["--analytics-disable", "db", "migrate"],
            ["--analytics-disable", "--help"],
            ["--help", "--analytics-disable"],
            ["--analytics-disable", "--version"],
            ["--version", "--analytics-disable"],
            ["--analytics-disable", "--nonsense"],
            ["--nonsense", "--analytics-disable"],
            ["--analytics-disable", "no-such-command"],
            ["--analytics-disable", "status", "--help"],
            ["--analytics", "--analytics-disable", "status"],
            ["--name", "x", "--analytics-disable", "status"],
        ],
        ids=" ".join,
    )
    def test_is_kept_and_said_once_and_changes_nothing_else(
        self, tool: Tool, words: list[str]
    ) -> None:
        plain = run(tool.make(), [word for word in words if "analytics" not in word])
        ended = tool.attach().run(*words)
        assert tool.is_disabled()
        assert ended.stderr.count(NEVER_SAID) == 1
        assert (ended.code, ended.error) == (plain.code, plain.error)
        if "--help" not in words:
            assert ended.stdout == plain.stdout
        assert not tool.analytics.enabled

    @pytest.mark.parametrize(
        "words",
        [
            ["--name=--analytics-disable", "status"],
            ["status", "--secret=--analytics-disable"],
            ["status", "--secret", "--analytics-disable"],
            ["status", "--", "--analytics-disable"],
        ],
        ids=" ".join,
    )
    def test_is_none_where_it_is_a_value(self, tool: Tool, words: list[str]) -> None:
        tool.attach().run(*words)
        assert not tool.state.exists()


class TestANoBehindACommand:
    """Of click and typer; argparse tells its commands nothing of the program's options."""

    @pytest.mark.parametrize(
        "words",
        [
            ["status", "a", "--analytics-disable", "b"],
            ["status", "--secret", "x", "--analytics-disable"],
            ["status", "--analytics-disable", "--help"],
            ["status", "--help", "--analytics-disable"],
            ["status", "--nonsense", "--analytics-disable"],
            ["db", "--analytics-disable", "migrate"],
            ["db", "migrate", "--analytics-disable"],
            ["db", "fail", "--analytics-disable"],
        ],
        ids=" ".join,
    )
    def test_for_good_is_kept_and_changes_nothing_else(self, tool: Tool, words: list[str]) -> None:
        ended = tool.agree().attach().run(*words)
        plain = run(tool.make(), [word for word in words if "analytics" not in word])
        assert tool.is_disabled()
        assert ended.stderr.count(NEVER_SAID) == 1
        assert (ended.code, ended.stdout, ended.error) == (plain.code, plain.stdout, plain.error)
        assert not tool.analytics.enabled

    @pytest.mark.parametrize(
        "words", [["status", "--no-analytics"], ["db", "--no-analytics", "migrate"]], ids=" ".join
    )
    def test_for_a_session_turns_it_off(self, tool: Tool, words: list[str]) -> None:
        ended = tool.agree().attach().run(*words)
        assert not tool.is_opened()
        assert not tool.is_disabled()
        assert ended == run(tool.make(), [word for word in words if "analytics" not in word])

    def test_is_in_no_commands_help(self, tool: Tool) -> None:
        assert tool.attach().run("status", "--help") == run(tool.make(), ["status", "--help"])


class TestTheHost:
    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["status", "a", "b"],
            ["status", "--secret", "canary"],
            ["db", "migrate"],
            ["db", "fail"],
            ["stop"],
            [PLUGIN],
            ["report"],
            ["report", "--analytics"],
            ["report", "x"],
            ["report", "--analytics", "no"],
            ["--version"],
            ["--name", "x", "status"],
            ["status", "--nonsense"],
            ["no-such-command"],
            ["db"],
        ],
        ids=" ".join,
    )
    @pytest.mark.parametrize("settings", [None, Broken()], ids=["", "settings that fail"])
    def test_ends_and_says_what_it_would_without_an_adapter(
        self, tool: Tool, words: list[str], settings: Settings | None
    ) -> None:
        plain = run(tool.make(), words)
        ended = tool.agree().attach(settings, settings).run(*words)
        assert (ended.code, ended.stdout, ended.error) == (plain.code, plain.stdout, plain.error)
        assert ended.stderr.splitlines()[-1:] == plain.stderr.splitlines()[-1:]
        if settings is not None:
            assert not tool.analytics.enabled

    @pytest.mark.parametrize("broken", ["open", "record"])
    def test_never_meets_an_error_of_ours(
        self, tool: Tool, broken: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_args: object) -> None:
            raise ValueError("ours")

        monkeypatch.setattr(tool.analytics, broken, fail)
        assert tool.attach().run("status") == run(tool.make(), ["status"])

    @pytest.mark.parametrize("words", [["--analytics"], ["yes"], ["no"], ["--analytics", "off"]])
    def test_keeps_its_own_arguments_that_are_called_analytics(
        self, tool: Tool, words: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[dict[str, object]] = []
        monkeypatch.setattr(tool.analytics, "open", opened.append)
        tool.attach().run("report", *words)
        assert opened[0]["analytics"] is None

    def test_has_a_no_heard_before_a_command_with_such_an_argument(self, tool: Tool) -> None:
        tool.agree().attach().run("--no-analytics", "report", "--analytics", "yes")
        assert not tool.analytics.enabled


class TestTheSession:
    @pytest.mark.parametrize(
        "words",
        [["--help"], ["status", "--help"], ["--version"], ["--nonsense"], ["status", "--nonsense"],
         ["no-such-command"], ["db"], ["db", "no-such-command"]],
        ids=" ".join,
    )  # fmt: skip
    def test_is_not_opened_for_help_a_version_or_a_mistake(
        self, tool: Tool, words: list[str]
    ) -> None:
        tool.agree().attach().run_logged(*words)
        assert not tool.is_opened()

    def test_is_not_opened_for_a_completion_and_nothing_on_the_line_is_said_yet(
        self, tool: Tool
    ) -> None:
        variables = tool.program.completion
        # argcomplete has the line parsed; click and typer are told the line by a variable.
        words = ["--analytics-disable", "--help"] if "_ARGCOMPLETE" in variables else []
        ended = tool.agree().attach().run(*words, **variables)
        assert "status" in ended.stdout  # it is what was completed
        assert not tool.is_disabled()
        assert not tool.is_opened()

    def test_is_opened_once_however_often_the_program_runs(self, tool: Tool) -> None:
        tool.agree().attach()
        for _ in range(3):
            tool.run_logged("db", "migrate")
        lines = [json.loads(line) for line in tool.log.read_text().splitlines()]
        pairs = ["command", "command_outcome"] * 3
        assert [line["event"] for line in lines] == ["session_start", *pairs]
        assert len({line["session"] for line in lines}) == 1


class TestTheCommand:
    def test_names_are_the_declared_ones(self, tool: Tool) -> None:
        assert {*tool.program.names()} - {"(none)"} == COMMANDS

    @pytest.mark.parametrize(
        ("words", "name"),
        [
            ([], "(none)"),
            (["status"], "status"),
            (["status", "--secret", "canary", "canary", "db"], "status"),
            (["db", "migrate"], "db migrate"),
            (["db", "fail"], "db fail"),
            (["stop"], "stop"),
            ([PLUGIN], "other"),
        ],
    )
    def test_is_recorded_by_its_declared_name_and_nothing_else_is(
        self, tool: Tool, words: list[str], name: str
    ) -> None:
        tool.attach().run_logged(*words)
        assert tool.commands() == [name]
        assert "canary" not in tool.log.read_text()
        assert "acme" not in tool.log.read_text()

    def test_under_another_name_is_the_command_that_it_stands_for(self, tool: Tool) -> None:
        tool.attach().run_logged(tool.program.alias())
        assert tool.commands() == ["status"]


class TestTheOutcome:
    @pytest.mark.parametrize(
        ("words", "name", "outcome", "code"),
        [
            ([], "(none)", "ok", "0"),
            (["status"], "status", "ok", "0"),
            (["db", "migrate"], "db migrate", "failed", "3-127"),
            (["db", "fail"], "db fail", "failed", "1"),
            (["stop"], "stop", "interrupted", "128-255"),
            ([PLUGIN], "other", "ok", "0"),
        ],
    )
    def test_is_recorded_with_the_exit_codes_class_and_a_duration_in_steps(
        self, tool: Tool, words: list[str], name: str, outcome: str, code: str
    ) -> None:
        tool.attach().run_logged(*words)
        ((event, told_),) = [each for each in told(tool.log) if each[0] == "command_outcome"]
        duration = told_.pop("duration")
        assert told_ == {"command": name, "outcome": outcome, "exit_code": code}
        kind = tool.analytics.catalog.entries[event].properties["duration"].kind
        assert duration == kind.accept(duration)
        assert 0 <= duration < 60
        assert "canary" not in tool.log.read_text()


class TestTheReadyMadeCommand:
    """`greeter analytics …`, in every library: all that a person may ask or decide."""

    @pytest.fixture
    def tool(self, tool: Tool) -> Tool:
        tool.program.add_command(tool.analytics)
        return tool.agree().attach()

    def waits(self, tool: Tool) -> bytes:
        """Have the tool record something, and return what waits to be sent then."""
        tool.run("status")
        assert tool.analytics.enabled
        tool.analytics.close()
        return b"".join(tool.analytics.waiting())

    def test_is_in_the_help_and_among_no_commands_that_are_recorded(self, tool: Tool) -> None:
        assert "See and decide what this program collects" in tool.run("--help").stdout
        shown = tool.run("analytics", "--help").stdout
        for action in control.ACTIONS:
            assert any(line.strip(" │").startswith(action) for line in shown.splitlines())
        assert not [name for name in tool.program.names() if "analytics" in name]

    @pytest.mark.parametrize("action", control.ACTIONS)
    def test_opens_no_session_and_records_nothing(self, tool: Tool, action: str) -> None:
        tool.run_logged("analytics", action)
        assert not tool.is_opened()
        assert tool.analytics.waiting() == []

    @pytest.mark.parametrize("words", [["analytics", "nonsense"], ["analytics", "status", "x"]])
    def test_what_it_does_not_know_is_a_mistake(self, tool: Tool, words: list[str]) -> None:
        assert tool.run(*words).code == 2

    def test_status_says_what_was_decided_who_receives_what_and_what_waits(
        self, tool: Tool
    ) -> None:
        self.waits(tool)
        shown = tool.run("analytics", "status").stdout
        assert shown.startswith("greeter: you agreed: events are recorded and sent\n")
        assert "http://127.0.0.1:9\n" in shown
        assert "3 events in 1 file\n" in shown
        assert str(tool.state) in shown

    def test_log_shows_what_waits_byte_for_byte(self, tool: Tool) -> None:
        waits = self.waits(tool)
        assert waits.count(b"\n") == 3
        assert tool.run("analytics", "log").stdout.encode() == waits

    def test_log_says_so_where_nothing_waits(self, tool: Tool) -> None:
        ended = tool.run("analytics", "log")
        assert (ended.code, ended.stdout) == (0, "")
        assert ended.stderr == "Nothing of greeter waits to be sent.\n"

    def test_show_shows_all_that_may_be_collected_and_who_receives_it(self, tool: Tool) -> None:
        shown = " ".join(tool.run("analytics", "show").stdout.split())
        assert "Everything that greeter would collect" in shown
        assert "Sent to http://127.0.0.1:9." in shown
        for entry in tool.analytics.catalog.entries.values():
            assert f"{entry.name}: {entry.doc}" in shown

    def test_off_is_for_good_and_removes_what_waits(self, tool: Tool) -> None:
        self.waits(tool)
        ended = tool.run("analytics", "off")
        assert (ended.code, ended.stdout.startswith(NEVER_SAID.strip()[:-1])) == (0, True)
        assert tool.is_disabled()
        assert tool.analytics.waiting() == []
        assert "permanently disabled" in tool.run("analytics", "status").stdout

    def test_forget_leaves_a_request_and_takes_a_new_id(self, tool: Tool) -> None:
        self.waits(tool)
        before = json.loads(tool.state.read_text())["uuid"]
        assert tool.run("analytics", "forget").code == 0
        assert json.loads(tool.state.read_text())["uuid"] != before
        assert "1 request to erase" in tool.run("analytics", "status").stdout

    def test_on_without_a_terminal_changes_nothing(self, tool: Tool) -> None:
        tool.run("analytics", "off")
        before = tool.state.read_text()
        ended = tool.run("analytics", "on")
        assert (ended.code, ended.stdout) == (1, "")
        assert "at a terminal only" in ended.stderr
        assert json.loads(tool.state.read_text())["permanently_disable"] is True
        assert json.loads(before)["uuid"] in (None, json.loads(tool.state.read_text())["uuid"])

    def test_a_name_that_is_taken_is_refused_where_it_is_declared(self, tool: Tool) -> None:
        with pytest.raises(CatalogError, match="free"):
            tool.program.add_command(tool.analytics)
