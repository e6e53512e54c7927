"""The question, asked of a person at a real terminal."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import signal
import subprocess
import sys
from typing import Any

import pytest

from aboveboard import Analytics, CatalogError, Event, choice, command, exception, flag
from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision import environment
from aboveboard.client.decision.consent import NOT_ASKED
from aboveboard.client.decision.state import State
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.terminal import asking
from aboveboard.client.terminal.question import Question
from tests.client import tool as example
from tests.client.conftest import Tool
from tests.conftest import in_turn

PROMISE = (
    "Tool respects your privacy and never collects your files, their names, any text\n"
    "of yours or any personal info.\n"
    "For more info: https://tool.example/analytics\n"
)
QUESTION = "Allow collection of anonymous analytics to help improve tool? (Y)es/(N)o [Yes]: "


class TestOnATerminal:
    """Real processes on a pty."""

    @pytest.mark.parametrize("answer", ["y", "", "Yes"])
    def test_a_yes_is_kept_and_the_session_is_on(self, tool: Tool, answer: str) -> None:
        code, screen = tool.on_terminal("send", "--analytics", answers=[answer])
        assert code == 0
        assert PROMISE in screen
        assert screen.count(QUESTION) == 1
        assert "\non\n" in screen
        assert tool.decided()["asked_opt_in"] is True
        _, screen = tool.on_terminal("send")
        assert screen == "on\nrecorded\n", "never asked again"

    @pytest.mark.parametrize("answer", ["n", "NO"])
    def test_a_no_disables_forever(self, tool: Tool, answer: str) -> None:
        code, screen = tool.on_terminal("send", "--analytics", answers=[answer])
        assert code == 0
        assert "\nAnalytics have been permanently disabled.\noff\n" in screen
        assert tool.decided()["permanently_disable"] is True
        _, screen = tool.on_terminal("send", "--analytics")
        assert QUESTION not in screen
        assert screen.startswith("Analytics were permanently disabled here")
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100")
        assert screen == "off\nrecorded\n", "and nothing is said to who did not ask"
        assert tool.waiting() == []

    def test_a_question_mark_shows_everything_first(self, tool: Tool) -> None:
        _, screen = tool.on_terminal("send", "--analytics", answers=["?", "n"])
        before_the_no = screen.split(QUESTION)[1]
        lines = before_the_no.splitlines()
        assert all(len(line) < 80 for line in lines if not line.startswith("  {"))
        told = " ".join(before_the_no.split())
        for event in example.EVENTS:
            assert f"{event.event_name}: {event.event_doc()}" in told
            for declared in event.event_properties:
                assert declared.doc in told
        assert '  {"event": "session_start", "properties": {"app_version": "1.2.3"' in before_the_no
        assert screen.count("respects your privacy") == 1

    def test_the_end_of_input_is_no_answer(self, tool: Tool) -> None:
        _, screen = tool.on_terminal("send", "--analytics", answers="^")
        assert "off\n" in screen
        assert tool.decided()["asked_opt_in"] is False
        _, screen = tool.on_terminal("send", "--analytics", answers="y")
        assert "\non\n" in screen

    def test_nonsense_three_times_is_no_answer(self, tool: Tool) -> None:
        _, screen = tool.on_terminal("send", "--analytics", answers=["maybe", "later", "perhaps"])
        assert screen.count("Please answer") == 2
        assert "\nNothing was decided.\noff\n" in screen
        assert tool.decided()["asked_opt_in"] is False

    def test_without_a_flag_only_the_sample_is_asked(self, tool: Tool) -> None:
        _, screen = tool.on_terminal("send", TOOL_PERCENT="0")
        assert screen == "off\nrecorded\n"
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100", answers="y")
        assert QUESTION in screen

    @pytest.mark.parametrize(
        ("words", "environ"),
        [
            (["--no-analytics"], {}),
            ([], {"TOOL_ANALYTICS": "0"}),
            (["--analytics"], {"TOOL_ANALYTICS": "0"}),
            (["--analytics"], {"DO_NOT_TRACK": "1"}),
            (["--analytics"], {"CI": "true"}),
            (["--analytics-disable"], {}),
        ],
    )
    def test_nobody_is_asked_who_said_no_or_is_a_machine(
        self, tool: Tool, words: list[str], environ: dict[str, str]
    ) -> None:
        _, screen = tool.on_terminal("send", *words, TOOL_PERCENT="100", **environ)
        assert "?" not in screen
        assert "off\n" in screen

    def test_a_question_that_nobody_asked_for_gives_up(self, tool: Tool) -> None:
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100", TOOL_PATIENCE="0.5", answers="~")
        assert screen.endswith("\nNobody answered: nothing was decided.\noff\nrecorded\n")
        assert tool.decided()["asked_opt_in"] is False
        assert not tool.decided().get("permanently_disable")

    @pytest.mark.parametrize(
        "name", in_turn(environment.AGENT_VARIABLES, environment.AGENT_VARIABLES[:2])
    )
    def test_an_agent_is_asked_nothing_whatever_flags_it_types(self, tool: Tool, name: str) -> None:
        _, screen = tool.on_terminal("send", "--analytics", TOOL_PERCENT="100", **{name: "1"})
        assert screen == "off\nrecorded\n"

    @pytest.mark.parametrize(
        "said",
        in_turn(
            [
                *((name, "1") for name in environment.UNATTENDED_VARIABLES),
                ("TERM", "dumb"),
                ("DEBIAN_FRONTEND", "noninteractive"),
            ],
            [("TERM", "dumb"), (environment.UNATTENDED_VARIABLES[0], "1")],
        ),
        ids="=".join,
    )
    def test_where_perhaps_nobody_is_there_only_who_asks_is_asked(
        self, tool: Tool, said: tuple[str, str]
    ) -> None:
        name, value = said
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100", **{name: value})
        assert screen == "off\nrecorded\n"
        _, screen = tool.on_terminal("send", "--analytics", answers="y", **{name: value})
        assert "\non\n" in screen

    def test_where_nothing_can_be_kept_nobody_is_asked(self, tool: Tool) -> None:
        tool.home.rmdir()
        tool.home.touch()
        _, screen = tool.on_terminal("send", "--analytics", TOOL_PERCENT="100")
        assert screen == "off\nrecorded\n"

    def test_where_python_drops_docstrings_nobody_is_asked_and_a_yes_still_holds(
        self, tool: Tool
    ) -> None:
        _, screen = tool.on_terminal("send", "--analytics", PYTHONOPTIMIZE="2")
        assert screen == "off\nrecorded\n"
        assert tool.decided()["asked_opt_in"] is False
        tool.agree()
        _, screen = tool.on_terminal("send", PYTHONOPTIMIZE="2")
        assert screen == "on\nrecorded\n"

    def test_what_was_recorded_before_the_yes_is_never_sent(self, tool: Tool) -> None:
        tool.run("send")
        tool.on_terminal("send")
        tool.on_terminal("send", "--analytics", "--no-analytics")  # a usage error
        assert tool.waiting() == []
        assert not tool.spool.exists()


class TestOnAnyScreen:
    """Terminals that cannot show every character."""

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
    def test_what_it_lacks_is_replaced_and_the_question_stands(self, encoding: str) -> None:
        class Greeting(Event):
            """Somebody was greeted “warmly”, with a 👋."""

        catalog = Catalog.of("tool", [Greeting])
        question = Question(name="tool", url="", catalog=catalog, sample="{}")
        screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
        answers = iter(["?\n", "n\n"])
        assert question.ask(lambda: next(answers), lambda text: print(text, file=screen)) is False
        screen.seek(0)
        assert "greeting: Somebody was greeted" in screen.read()

    def test_the_catalogs_own_words_need_no_more_than_ascii(self) -> None:
        catalog = Catalog.of("tool", example.EVENTS, packages=["tool"])
        details = Question(name="tool", url="", catalog=catalog, sample="{}").details()
        assert details.isascii()

    def test_where_there_is_no_sample_none_is_promised(self) -> None:
        catalog = Catalog.of("tool", example.EVENTS)
        details = Question(name="tool", url="", catalog=catalog, sample="").details()
        assert "exactly" not in details


class TestNews:
    """A catalog that has grown since the yes."""

    def question(self, new: Any) -> Question:
        return Question(
            name="tool", url="", catalog=Catalog.of("tool", example.EVENTS), sample="{}", new=new
        )

    def test_only_what_is_new_is_shown(self) -> None:
        details = self.question({"command": {"quiet": "flag"}}).details()
        assert "quiet" in details
        assert "The command (" not in details
        assert "message_send" not in details

    def test_an_old_yes_without_the_new_part_is_asked_again_and_a_no_keeps_it(
        self, tool: Tool
    ) -> None:
        less = Catalog.of("tool", example.EVENTS).terms()
        del less["message_send"]["cost"]
        StateFile(str(tool.state)).agree(less, tool.recipient)
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100", answers=["?", "n"])
        assert "could collect more than you agreed to" in screen
        assert "What the message cost" in screen
        assert "Tokens in the prompt" not in screen
        assert "\nNothing new is collected. What you agreed to before goes on; `tool " in screen
        assert "\non\n" in screen
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100")
        assert screen == "on\nrecorded\n", "asked once about the same news"
        assert "cost" not in tool.decided()["recipients"][tool.recipient]["agreed"]["message_send"]

    def test_a_yes_to_what_is_new_is_confirmed(self, tool: Tool) -> None:
        less = Catalog.of("tool", example.EVENTS).terms()
        del less["message_send"]["cost"]
        StateFile(str(tool.state)).agree(less, tool.recipient)
        _, screen = tool.on_terminal("send", TOOL_PERCENT="100", answers=["y"])
        assert "\nWhat is new is collected too, from now on.\non\n" in screen
        assert "cost" in tool.decided()["recipients"][tool.recipient]["agreed"]["message_send"]


def test_a_blind_enter_is_no_yes_and_the_question_stands(tool: Tool) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        tool.command("send", "--analytics"),
        env=tool.environ, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    screen = ""
    while "[Yes]: " not in screen:
        screen += os.read(master, 65536).decode()
    os.write(master, b"\n")
    while screen.count("[Yes]: ") < 2:
        screen += os.read(master, 65536).decode()
    assert not tool.decided().get("asked_opt_in")
    os.write(master, b"n\n")
    process.wait(60)
    os.close(master)
    assert tool.decided()["permanently_disable"] is True


_AT_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)  # tests that run in the background ignore it
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_an_interrupt_at_the_question_is_the_hosts_and_shows_none_of_our_frames(
    tool: Tool,
) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_TERMINAL, *tool.command("send", "--analytics")[1:]],
        env=tool.environ | {"PYTHON_COLORS": "0"}, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    screen = ""
    while "[Yes]: " not in screen:
        screen += os.read(master, 65536).decode()
    os.write(master, b"\x03")
    with contextlib.suppress(OSError):  # the other side has closed
        while told := os.read(master, 65536).decode():
            screen += told
    os.close(master)
    assert process.wait(60) == -signal.SIGINT, "as any program that Ctrl-C ends"
    assert screen.rstrip().endswith("KeyboardInterrupt")
    assert os.path.join("client", "tool.py") in screen, "where the host was"
    for ours in ("analytics.py", "question.py", "interrupt.py"):
        assert ours not in screen
    assert not tool.decided().get("asked_opt_in")


def test_what_is_collected_until_a_day_is_shown_with_it() -> None:
    class Tried(Event):
        """Something was tried."""

        again: bool = flag("Whether it was tried before", expires="2027-06-01")

    catalog = Catalog.of("tool", [Tried])
    details = Question(name="tool", url="", catalog=catalog, sample="{}", columns=120).details()
    assert "Whether it was tried before (yes or no, until 2027-06-01)" in details


class TestAMakersOwnWords:
    """What the question promises, and who receives what is collected."""

    @staticmethod
    def analytics(**words: Any) -> Analytics:
        return example.analytics(environ={"HOME": "/nowhere"}, **words)

    def test_promise_what_the_tools_users_hold_dear(self) -> None:
        made = self.analytics(promises=["your recipes", "shopping lists"], operator="the Cooks")
        question = asking.question(made._host, State(NOT_ASKED))
        told = " ".join(question.promise().split())
        assert (
            "Tool respects your privacy and never collects your recipes, shopping lists or any"
            in told
        )
        assert "is sent to the Cooks (http://127.0.0.1:9)." in told
        assert "Sent to the Cooks (http://127.0.0.1:9)." in question.details()

    def test_are_what_is_true_of_every_tool_where_none_are_said(self) -> None:
        told = " ".join(asking.question(self.analytics()._host, State(NOT_ASKED)).promise().split())
        assert "never collects your files, their names, any text of yours or any personal" in told
        assert "code" not in told

    def test_say_who_receives_news_too(self) -> None:
        question = asking.question(self.analytics()._host, State(NOT_ASKED), {"command": {}})
        assert "What is collected is sent to http://127.0.0.1:9." in question.promise()

    @pytest.mark.parametrize("promises", ["your code", ["a\nb"], [""], ["x" * 61], [7]])
    def test_that_no_question_can_show_are_refused_where_they_are_declared(
        self, promises: Any
    ) -> None:
        with pytest.raises(CatalogError, match="promises"):
            self.analytics(promises=promises)

    def test_every_word_of_every_fixed_list_is_in_the_details(self) -> None:
        class Everything(Event):
            """What there is."""

            kind: str | None = choice("alpha", "beta", doc="A kind")
            ran: str | None = command("A command", ["gamma", "db delta"])
            failed: BaseException = exception("An error", ["epsilon"], ["zeta.Error"])

        catalog = Catalog.of("tool", [Everything])
        shown = Question(name="tool", url="", catalog=catalog, sample="").details()
        for word in ("alpha", "beta", "gamma", "db delta", "epsilon", "zeta.Error"):
            assert word in shown
