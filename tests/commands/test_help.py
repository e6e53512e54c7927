"""Help is there before anything is installed that a command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from aboveboard.commands import COMMANDS
from tests.conftest import in_turn

ALONE = """
import sys
from importlib.abc import MetaPathFinder

class StandardLibraryOnly(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top != "aboveboard" and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, StandardLibraryOnly())
from aboveboard.commands import main
sys.exit(main(sys.argv[1:]))
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ALONE, *words],
        env={"PATH": "", "HOME": "/nowhere"},  # no aider, either
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", in_turn(COMMANDS, ["serve", "status", "aider", "query"]))
def test_every_command_has_help_with_nothing_else_installed(command: str) -> None:
    told = run(command, "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"usage: aboveboard {command}")


def test_no_command_is_answered_with_those_that_there_are() -> None:
    told = run()
    assert (told.returncode, told.stdout) == (2, "")
    assert all(f"\n    {command} " in told.stderr for command in COMMANDS)


@pytest.mark.parametrize("words", [["serve"], ["projects"], ["import", "log", "--project", "tool"]])
def test_a_command_that_cannot_work_yet_says_on_one_line_what_to_install(words: list[str]) -> None:
    told = run(*words)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(f"aboveboard {words[0]}: ")
    assert told.stderr.endswith("brings all that a collector needs\n")
    assert told.stderr.count("\n") == 1
