"""What docs/adopting.md says of parsers without an adapter, run with each of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing
from tests.integrations.conftest import told

pytestmark = pytest.mark.thorough

ENVIRONMENT = ROOT / ".cache" / "hosts"
PAGE = ROOT / "docs" / "adopting.md"

BEGIN = '''"""Usage: greeter greet [--times=N]"""

import argparse
import sys

from aboveboard import Analytics, Event, count
from aboveboard.integrations.argparse import add_flags, open_session
from aboveboard.integrations.commands import command_event, record


class Greeting(Event):
    """Somebody was greeted."""

    times: int = count("How often")


analytics = Analytics(
    app="greeter",
    version="1.0",
    catalog=[command_event(["greet"]), Greeting],
    endpoint="http://127.0.0.1:9",
    key="key",
)
flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
add_flags(flags, analytics)
said, words = flags.parse_known_args()


def greet(times: int = 1) -> None:
    open_session(analytics, said)
    record(analytics, "greet")
    analytics.record(Greeting(times=times))
    print("Hello!" * times)


'''
PROGRAMS = {
    "docopt": """
from docopt import docopt
given = {0}
greet(int(given["--times"] or 1))
""",
    "fire": """
import fire
class Greeter:
    def greet(self, times=1):
        greet(times)
{0}
""",
    "cyclopts": """
from cyclopts import App
app = App()
app.command(greet)
{0}
""",
    "cleo": """
from cleo.application import Application
from cleo.commands.command import Command
from cleo.helpers import option
class Greet(Command):
    name = "greet"
    options = [option("times", None, "How often", flag=False, default="1")]
    def handle(self):
        greet(int(self.option("times")))
        return 0
application = Application()
application.add(Greet())
{0}
""",
}
ROW = re.compile(r"^\| (\w+) \| (`.*) \|$", re.MULTILINE)


def shown() -> dict[str, str]:
    """Return what the page says of each parser, as lines of Python."""
    table = PAGE.read_text().partition("| parser | takes what is left as |")[2].partition("\n\n")[0]
    return {
        name: "\n".join(re.findall(r"`([^`]*[()=][^`]*)`", cell))
        for name, cell in ROW.findall(table)
    }


def test_every_parser_that_the_page_names_is_tried() -> None:
    assert set(shown()) == set(PROGRAMS)


@pytest.mark.parametrize("parser", PROGRAMS)
def test_what_is_left_of_the_words_is_the_parser_s(
    parser: str, home: dict[str, str], tmp_path: Path
) -> None:
    if not (ENVIRONMENT / "ready").exists():
        missing("the parsers (python tools/environment.py hosts installs them)")
    program = tmp_path / "greeter.py"
    program.write_text(BEGIN + PROGRAMS[parser].format(shown()[parser]))
    log = tmp_path / "log.jsonl"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ENVIRONMENT / "bin" / "python", program, *words],
            env=home | {"PYTHONPATH": str(ROOT / "src")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    ended = run("--analytics-log", str(log), "greet", "--times=2")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Hello!Hello!\n", "")
    assert told(log) == [("command", {"command": "greet"}), ("greeting", {"times": 2})]
    log.unlink()
    assert "reet" in "".join(str(run("--analytics-log", str(log), "--help")).splitlines())
    assert run("--analytics-log", str(log), "greet", "--nonsense").returncode
    # fire runs a command before it looks at what stands behind it.
    assert log.exists() is (parser == "fire"), "neither help nor a mistake opens a session"
