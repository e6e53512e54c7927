"""The programs of `examples/`: real processes in an empty home, as a person would try them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import in_turn
from tests.integrations.conftest import Example

Examples = Callable[[str], Example]
# test_contract.py holds each promise of all three.
TOOLS = in_turn(["argparse_tool.py", "click_tool.py", "typer_tool.py"], ["click_tool.py"])
DISABLED = "Analytics have been permanently disabled.\n"
QUESTION = "Allow collection of anonymous analytics to help improve greeter? (Y)es/(N)o [Yes]: "
GREET = ("greet", "Ada of 12 Secret Street", "--times", "2")
GREETED = [("command", {"command": "greet"}), ("greeting", {"times": 2})]


class TestATool:
    """The same tool, three times."""

    @pytest.mark.parametrize("file", ["argparse_tool.py", "click_tool.py", "typer_tool.py"])
    def test_it_records_what_was_run_and_none_of_the_words_given_to_it(
        self, example: Examples, file: str
    ) -> None:
        tool = example(file)
        ended = tool.run("--analytics-log", str(tool.log), *GREET)
        assert ended.stdout == "Hello, Ada of 12 Secret Street!\n" * 2
        assert (ended.returncode, ended.stderr) == (0, "")
        assert tool.logged() == GREETED
        assert "Secret" not in tool.log.read_text()
        assert tool.files() == ["log.jsonl"], "off, since nobody was there to be asked"

    @pytest.mark.parametrize("file", TOOLS)
    def test_a_command_below_another_is_named_with_it(self, example: Examples, file: str) -> None:
        tool = example(file)
        assert tool.run("--analytics-log", str(tool.log), "names", "list").stdout == "Ada\nGrace\n"
        assert tool.logged() == [("command", {"command": "names list"})]

    @pytest.mark.parametrize("file", TOOLS)
    def test_the_question_comes_once_and_before_the_command(
        self, example: Examples, file: str
    ) -> None:
        tool = example(file)
        code, screen = tool.on_terminal("--analytics", *GREET, answers=["?", "y"])
        assert code == 0
        assert "command: A command of this program was run." in screen
        assert screen.index(QUESTION) < screen.index("Hello, Ada")
        assert screen.count("For more info: https://greeter.example/analytics") == 1
        _, screen = tool.on_terminal("--analytics", *GREET)
        assert "(Y)es" not in screen

    @pytest.mark.parametrize("file", TOOLS)
    def test_what_is_sent_is_the_log(
        self, example: Examples, file: str, recorder: Any, until: Callable[..., None]
    ) -> None:
        tool = example(file)
        tool.environ["GREETER_COLLECTOR"] = recorder.url
        tool.on_terminal("--analytics", "--analytics-log", str(tool.log), *GREET, answers="y")
        until(lambda: len(recorder.lines()) >= 3)
        assert b"".join(recorder.lines()) == tool.log.read_bytes()

    @pytest.mark.parametrize("file", TOOLS)
    @pytest.mark.parametrize(
        "words", [["--help"], ["names", "list", "--help"], ["gret"], ["greet", "--nonsense"], []]
    )
    def test_help_and_mistakes_ask_nothing_and_leave_nothing(
        self, example: Examples, file: str, words: list[str]
    ) -> None:
        tool = example(file)
        _, screen = tool.on_terminal("--analytics", "--analytics-log", str(tool.log), *words)
        assert "sage: " in screen
        assert "(Y)es" not in screen
        assert tool.files() == []

    @pytest.mark.parametrize(
        ("file", "variable"),
        [
            ("click_tool.py", "_CLICK_TOOL_PY_COMPLETE"),
            ("typer_tool.py", "_TYPER_TOOL.PY_COMPLETE"),
        ],
    )
    def test_completion_asks_nothing_and_leaves_nothing(
        self, example: Examples, file: str, variable: str
    ) -> None:
        tool = example(file)
        typed = f"tool --analytics --analytics-disable --analytics-log {tool.log} names "
        how = {"click_tool.py": "bash_complete", "typer_tool.py": "complete_bash"}
        completing = {variable: how[file], "COMP_WORDS": typed, "COMP_CWORD": "6"}
        _, screen = tool.on_terminal(**completing)
        assert screen.strip() in ("list", "plain,list")
        assert tool.files() == []

    def test_a_version_asks_nothing_and_leaves_nothing(self, example: Examples) -> None:
        tool = example("click_tool.py")
        _, screen = tool.on_terminal("--analytics", "--version")
        assert screen == "click_tool.py, version 1.0\n"
        assert tool.files() == []

    @pytest.mark.parametrize("file", TOOLS)
    def test_disabling_is_for_good_and_the_command_runs(self, example: Examples, file: str) -> None:
        tool = example(file)
        ended = tool.run("--analytics-disable", "greet")
        assert ended.stdout == "Hello, you!\n"
        assert ended.stderr == DISABLED
        assert tool.decided()["permanently_disable"] is True
        _, screen = tool.on_terminal("--analytics", "greet")
        assert screen.startswith("Analytics were permanently disabled here")

    @pytest.mark.thorough
    @pytest.mark.parametrize("file", TOOLS)
    @pytest.mark.parametrize(
        "words",
        [
            ["--help"],
            ["names"],
            ["names", "--help"],
            ["names", "list", "--help"],
            ["gret"],
            ["--nonsense"],
            ["greet", "--nonsense"],
            ["greet", "--times", "x"],
        ],
        ids=" ".join,
    )
    def test_disabling_counts_whatever_becomes_of_the_command(
        self, example: Examples, file: str, words: list[str]
    ) -> None:
        tool = example(file)
        ended = tool.run("--analytics-disable", "--analytics-log", str(tool.log), *words)
        assert "sage: " in ended.stdout + ended.stderr
        assert ended.stderr.count(DISABLED) == 1
        assert tool.decided()["permanently_disable"] is True
        assert not tool.log.exists()

    @pytest.mark.parametrize("file", TOOLS)
    def test_disabling_alone_is_all_that_is_done(self, example: Examples, file: str) -> None:
        tool = example(file)
        ended = tool.run("--analytics-disable")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", DISABLED)
        assert tool.decided()["permanently_disable"] is True

    @pytest.mark.parametrize("file", TOOLS)
    @pytest.mark.parametrize("word", ["--help", "--nonsense"])
    def test_disabling_counts_wherever_it_stands_before_the_command(
        self, example: Examples, file: str, word: str
    ) -> None:
        tool = example(file)
        assert tool.run(word, "--analytics-disable").stderr.count(DISABLED) == 1
        assert tool.decided()["permanently_disable"] is True

    @pytest.mark.parametrize(
        "words", [["--version", "--analytics-disable"], ["--analytics-disable", "--version"]]
    )
    def test_disabling_counts_beside_a_version(self, example: Examples, words: list[str]) -> None:
        tool = example("click_tool.py")
        ended = tool.run(*words)
        assert (ended.stdout, ended.stderr) == ("click_tool.py, version 1.0\n", DISABLED)
        assert tool.decided()["permanently_disable"] is True

    @pytest.mark.parametrize("file", TOOLS)
    def test_what_was_agreed_to_ends_with_a_no_beside_help(
        self, example: Examples, file: str
    ) -> None:
        tool = example(file)
        tool.on_terminal("--analytics", *GREET, answers="y")
        tool.run("--analytics-disable", "--help")
        assert tool.waiting() == []
        tool.run(*GREET)
        assert tool.waiting() == []

    @pytest.mark.parametrize("file", TOOLS)
    def test_a_log_beside_a_no_is_still_written(self, example: Examples, file: str) -> None:
        tool = example(file)
        tool.run("--analytics-disable", "--analytics-log", str(tool.log), *GREET)
        assert tool.logged() == GREETED
        assert tool.waiting() == []

    @pytest.mark.parametrize("file", TOOLS)
    def test_a_no_that_cannot_be_kept_is_told_once_and_holds_for_now(
        self, example: Examples, file: str
    ) -> None:
        tool = example(file)
        tool.home.rmdir()
        tool.home.write_text("a file where a directory would have to be")
        ended = tool.run("--analytics-disable", *GREET)
        assert ended.returncode == 0
        assert ended.stderr.count("\n") == 1
        assert ended.stderr.startswith("Analytics are off for this session only")

    @pytest.mark.parametrize("file", TOOLS)
    def test_a_no_to_another_tool_is_not_one_to_this(self, example: Examples, file: str) -> None:
        """What follows `--` is a name here, and would be a program's own words in a launcher."""
        tool = example(file)
        ended = tool.run("greet", "--", "--analytics-disable")
        assert ended.stdout == "Hello, --analytics-disable!\n"
        assert tool.files() == []

    @pytest.mark.parametrize("file", ["click_tool.py", "typer_tool.py"])
    def test_a_no_beside_a_yes_is_a_no(self, example: Examples, file: str) -> None:
        tool = example(file)
        _, screen = tool.on_terminal("--no-analytics", "--analytics", "greet")
        assert screen == "Hello, you!\n"
        assert tool.files() == []


class TestAToolWithSettings:
    """`settings_tool.py`, and its file in the home."""

    @pytest.fixture
    def tool(self, example: Examples) -> Example:
        return example("settings_tool.py")

    def settle(self, tool: Example, **settings: object) -> None:
        lines = [f"{name.replace('_', '-')} = {it}" for name, it in settings.items()]
        (tool.home / ".greeter.ini").write_text("\n".join(["[greeter]", *lines]))

    def test_a_log_can_be_a_setting(self, tool: Example) -> None:
        self.settle(tool, analytics_log=str(tool.log), times=3)
        assert tool.run().stdout == "Hello!\n" * 3
        assert tool.logged() == [("greeting", {"times": 3})]

    def test_a_yes_in_the_file_asks_and_a_no_in_the_file_does_not(self, tool: Example) -> None:
        self.settle(tool, analytics=True)
        _, screen = tool.on_terminal(answers="^")
        assert QUESTION in screen
        self.settle(tool, analytics=False)
        _, screen = tool.on_terminal("--analytics")
        assert screen == "Hello!\n"

    def test_disabling_may_stand_in_the_file_and_is_told_once(self, tool: Example) -> None:
        self.settle(tool, analytics_disable=True)
        assert tool.run().stderr == DISABLED
        for words in ([], ["--analytics"]):
            ended = tool.run(*words)
            assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Hello!\n", "")
        assert tool.decided()["permanently_disable"] is True
