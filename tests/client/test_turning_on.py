"""A person's own command to be asked again: the only way back from a no, and no way around one."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard import Analytics
from aboveboard.client.decision import consent, environment
from aboveboard.client.terminal import question as asking
from tests.client import tool as example
from tests.client.conftest import Tool
from tests.conftest import examples
from tests.integrations.conftest import Example

QUESTION = "Allow collection of anonymous analytics to help improve greeter? (Y)es/(N)o [Yes]: "
BEFORE = ("nothing", "yes", "no", "no apart", "no to this one", "damaged")
_numbers = itertools.count()


def install(home: Path, before: str) -> Analytics:
    """Return an analytics whose person has decided that before."""
    made = example.analytics(environ={"HOME": str(home)}, _start=lambda *_args, **_how: None)
    file, to = made._install.state, made._target.recipient
    if before == "yes":
        file.agree(made.catalog.terms(), to)
    elif before == "no":
        file.disable()
    elif before == "no apart":
        assert file._refuse_apart()
    elif before == "no to this one":
        file.agree(made.catalog.terms(), "https://other.example")
        file.refuse(to)
    elif before == "damaged":
        Path(file.path).parent.mkdir(parents=True)
        Path(file.path).write_text("{")
    return made


@settings(max_examples=examples(150), deadline=None)
@given(
    before=st.sampled_from(BEFORE),
    answer=st.sampled_from((True, False, None)),
    terminal=st.booleans(),
    said=st.dictionaries(
        st.sampled_from(("DO_NOT_TRACK", "TOOL_ANALYTICS", "NO_TELEMETRY", "CI", "AI_AGENT")),
        st.sampled_from(("", "0", "1", "false")),
    ),
)
def test_is_on_only_where_someone_at_a_terminal_said_yes_and_nothing_says_no(
    tmp_path_factory: pytest.TempPathFactory,
    before: str,
    answer: bool | None,
    terminal: bool,
    said: dict[str, str],
) -> None:
    home = tmp_path_factory.getbasetemp() / f"home{next(_numbers)}"
    home.mkdir()
    made = install(home, before)
    made._host.given = {"HOME": str(home), **said}
    asked: list[bool | None] = []

    def ask(_self: asking.Question, _read: object, _write: object) -> bool | None:
        asked.append(answer)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "has_terminal", lambda: terminal)
        patch.setattr(asking.Question, "ask", ask)
        patch.setattr(asking, "write", lambda _text: None)
        was = made._host.toward(made._install.state.read()).standing
        on = made.turn_on()
    now = made._host.toward(made._install.state.read())
    environ = {"HOME": str(home), **said}
    nobody = environment.in_ci(environ) or environment.by_agent(environ) or not terminal
    noes = environment.refusals("tool", environ)
    assert bool(asked) is (not noes and not nobody and before != "yes")
    assert on is (not noes and (before == "yes" or (asked == [True])))
    if not asked or answer is None:
        assert now.standing == was
        assert now.refused is (before == "no to this one")
    if asked == [False]:
        assert now.standing == consent.DISABLED or (before == "no to this one" and now.refused)
    if on:
        assert now.standing == consent.CONSENTED
        assert now.agreed == made.catalog.terms()
    made.open()
    assert made.enabled is on
    made.close()


class TestOnATerminal:
    """In the example that has the ready-made command."""

    @pytest.fixture
    def greeter(self, home: dict[str, str]) -> Example:
        return Example("argparse_tool.py", home)

    def test_a_yes_takes_back_a_no_and_anything_else_leaves_it(self, greeter: Example) -> None:
        greeter.run("analytics", "off")
        code, screen = greeter.on_terminal("analytics", "on", answers=["n"])
        assert code == 1
        assert QUESTION in screen
        assert json.loads(greeter.state.read_text())["permanently_disable"] is True
        code, screen = greeter.on_terminal("analytics", "on", answers=["y"])
        assert code == 0
        assert screen.endswith("Analytics of greeter are on, from its next run on.\n")
        assert "you agreed" in greeter.run("analytics", "status").stdout


def test_news_that_were_declined_are_asked_about_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = install(tmp_path, "nothing")
    file, to, terms = made._install.state, made._target.recipient, made.catalog.terms()
    known: dict[str, Any] = {"session_start": terms["session_start"]}
    file.agree(known, to)
    file.decline(terms, known, to)
    monkeypatch.setattr(environment, "has_terminal", lambda: True)
    monkeypatch.setattr(asking.Question, "ask", lambda *_args: True)
    assert made.turn_on()
    assert made._host.toward(file.read()).agreed == terms


def test_a_tool_that_is_not_asked_so_stays_off_for_good(tool: Tool) -> None:
    tool.run("send", "--analytics-disable")
    _, screen = tool.on_terminal("send", "--analytics")
    assert screen.startswith("Analytics were permanently disabled here")
