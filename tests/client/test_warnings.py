"""Whatever a newer Python warns of is an error here; elsewhere it would be on a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aboveboard.client.delivery import spawn
from aboveboard.client.recipients.target import VARIABLE, Target
from tests.client.conftest import Tool

STRICT = ("-W", "error", "-X", "dev")
"""Every warning is an error, and all that Python can look for is looked for."""

CRASH = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.client import tool
analytics = tool.analytics(packages=["tests"])
analytics.open({{"analytics_log": sys.argv[1]}})
raise KeyError("of the tool's own")
"""


class Strict(Tool):
    """The tool in such a Python."""

    def command(self, *words: str) -> list[str]:
        python, *rest = super().command(*words)
        return [python, *STRICT, *rest]


@pytest.fixture
def strict(home: dict[str, str], recorder: Any) -> Strict:
    return Strict(home, recorder.url)


def test_who_is_asked_and_agrees_sees_the_question_alone(strict: Strict) -> None:
    code, screen = strict.on_terminal("send", "--analytics", answers=["?", "y"])
    assert code == 0
    assert screen.endswith("\non\nrecorded\n")
    assert "Warning" not in screen


def test_a_crash_shows_its_own_traceback_alone(strict: Strict, tmp_path: Path) -> None:
    log = tmp_path / "log"
    ended = subprocess.run(
        [sys.executable, *STRICT, "-c", CRASH, str(log)],
        env=strict.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr.endswith("""KeyError: "of the tool's own"\n""")
    assert ended.stderr.count("Traceback") == 1
    assert "Warning" not in ended.stderr
    assert '"exception"' in log.read_text()


def test_the_child_that_sends_has_nothing_to_say(strict: Strict, recorder: Any) -> None:
    strict.agree()
    assert strict.run("kill").returncode < 0
    lines = strict.waiting()
    command, given = spawn.prepared("upload", os.environ | strict.environ)
    target = Target(
        directory=str(strict.spool),
        state=str(strict.state),
        endpoint=recorder.url,
        key="tool-key",
    )
    ended = subprocess.run(
        [command[0], *STRICT, *command[1:]],
        env=given | {VARIABLE: target.as_json()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert lines
    assert recorder.lines() == lines
