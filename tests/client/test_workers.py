"""Workers that multiprocessing starts anew: in their program's session, or not at all."""

from __future__ import annotations

import json
import multiprocessing.process
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.client.recording import workers
from tests.client.conftest import Tool
from tests.conftest import ROOT

PROGRAM = """
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

sys.path.insert(0, {root!r})
from tests.client.tool import Command, analytics

tool = analytics()


def work(quiet):
    tool.record(Command(name="send", quiet=quiet))
    return tool.enabled


def main(method, *flags):
    tool.open({{
        "analytics": False if "--no-analytics" in flags else None,
        "analytics_log": flags[-1] if flags and "/" in flags[-1] else None,
    }})
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        print(*pool.map(work, [True, False]))
    tool.record(Command(name="wait"))
    tool.close()
    print("TOOL_ANALYTICS_SESSION" in os.environ)


if __name__ == "__main__":
    main(*sys.argv[1:])
"""


class Program(Tool):
    """The tool's analytics in a program with a pool of workers."""

    def __init__(self, environ: dict[str, str], endpoint: str) -> None:
        super().__init__(environ, endpoint)
        self.file = self.home / "program.py"
        self.file.write_text(PROGRAM.format(root=str(ROOT)))
        self.log = self.home / "log.jsonl"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.file), *words]

    def logged(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def program(home: dict[str, str], recorder: Any) -> Program:
    return Program(home, recorder.url)


@pytest.mark.parametrize(
    "method", ["spawn", pytest.param("forkserver", marks=pytest.mark.thorough)]
)
def test_record_in_their_programs_session(program: Program, recorder: Any, method: str) -> None:
    program.agree()
    ended = program.run(method, str(program.log))
    assert (ended.stdout, ended.stderr) == ("True True\nFalse\n", "")
    lines = program.logged()
    assert [line["event"] for line in lines] == ["session_start", *["command"] * 3]
    assert {line["properties"].get("quiet") for line in lines[1:]} == {True, False, None}
    assert len({line["session"] for line in lines}) == 1
    assert {line["user_id"] for line in lines} == {program.decided()["uuid"]}
    assert [line["seq"] for line in lines].count(0) == 1
    assert recorder is not None


@pytest.mark.parametrize(
    ("flags", "environ"),
    [(["--no-analytics"], {}), pytest.param([], {"NO_TELEMETRY": "1"}, marks=pytest.mark.thorough)],
)
def test_are_off_where_the_program_is(
    program: Program, flags: list[str], environ: dict[str, str]
) -> None:
    program.agree()
    ended = program.run("spawn", *flags, **environ)
    assert (ended.stdout, ended.stderr) == ("False False\nFalse\n", "")
    assert program.waiting() == []


@pytest.mark.thorough
def test_write_to_the_log_of_a_program_that_is_off(program: Program) -> None:
    program.run("spawn", "--no-analytics", str(program.log))
    lines = program.logged()
    assert [line["event"] for line in lines] == ["session_start", *["command"] * 3]
    assert {line["user_id"] for line in lines} == {None}
    assert len({line["session"] for line in lines}) == 1


def test_leave_nothing_in_the_environment_of_a_host_that_says_it_has_none(program: Program) -> None:
    program.agree()
    code = (
        "import os; from tests.client.tool import analytics; "
        "tool = analytics(workers=False); tool.open(); print(tool.enabled, *os.environ)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=program.environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith("True ")
    assert "TOOL_ANALYTICS_SESSION" not in told


class TestTheVariable:
    """It can turn nothing on: it is believed of one's own parent, beside the consent itself."""

    @given(
        st.dictionaries(
            st.sampled_from(("parent", "number", "is_on", "log", "other")),
            st.sampled_from(("", "ab" * 16, "zz", 7, True, False, None, os.getpid(), [])),
        )
        | st.text()
    )
    def test_is_believed_whole_or_not_at_all(self, told: Any) -> None:
        environ = {"TOOL_ANALYTICS_SESSION": told if isinstance(told, str) else json.dumps(told)}
        with pytest.MonkeyPatch.context() as patch:
            parent = SimpleNamespace(pid=os.getpid())
            patch.setattr(multiprocessing.process, "parent_process", lambda: parent)
            handed = workers.handed_on("tool", environ)
        if handed is not None:
            assert told["parent"] == os.getpid()
            assert (handed.number, handed.is_on) == (told["number"], told["is_on"])
            assert len(bytes.fromhex(handed.number)) == 16

    def test_is_nobodys_but_a_workers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        handed = workers.Handed(workers.new_number(), True, "")
        monkeypatch.setenv("TOOL_ANALYTICS_SESSION", "")
        workers.hand_on("tool", handed)
        assert workers.handed_on("tool", os.environ) is None, "this is no worker"
        other = SimpleNamespace(pid=os.getpid() + 1)
        monkeypatch.setattr(multiprocessing.process, "parent_process", lambda: other)
        assert workers.handed_on("tool", os.environ) is None, "its parent is another"

    def test_tells_nobody_which_session_it_was(self) -> None:
        number = workers.new_number()
        first, second = (workers.session_id(secret * 32, number) for secret in ("ab", "cd"))
        assert first != second
        assert number not in first.replace("-", "")

    def test_says_nothing_of_a_session_that_is_over(self, program: Program) -> None:
        program.agree()
        assert Path(program.state).exists()
        assert program.run("spawn").stdout.endswith("False\n")
