"""The commands that the pages show: each is one that the command line understands."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard import commands
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("bench/*.md")])
UUID = "561f232a-46d9-44f3-aee2-825890ad4f8e"
BEFORE = r"(?:sudo (?:-u \w+ )?|[\d*/]+(?: [\d*/]+){4} +)?"
"""What may stand before a command: another user's name, or when cron is to run it."""

END = re.compile(r"\s(?:\||>>?|2>|<|&&|&|;)(?:\s|$)|\$\(")
"""Where a command ends on a line of a shell's."""


def fenced(page: Path) -> Iterator[tuple[str, str]]:
    """Yield each fenced block of a page: how it is marked, and its text."""
    mark: str | None = None
    lines: list[str] = []
    for line in page.read_text("utf-8").splitlines():
        if line.lstrip().startswith("```"):
            if mark is not None:
                yield mark, "\n".join(lines)
            mark, lines = (line.strip("` ") if mark is None else None), []
        elif mark is not None:
            lines.append(line)


def shown() -> Iterator[tuple[str, str]]:
    """Yield each command of ours in a block of a page, with where it stands."""
    for page in PAGES:
        for mark, block in fenced(page):
            start = (
                r"\$ " if mark == "console" else r"(?:sudo (?:-u \w+ )?|[\d*/]+(?: [\d*/]+){4} +)?"
            )
            for line in re.sub(r"\\\n\s*", " ", block).splitlines():
                words = re.match(rf"{start}(aboveboard .+)", line)
                if words and mark in ("console", "sh", "bash", ""):
                    yield page.relative_to(ROOT).as_posix(), END.split(words[1])[0]


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"aboveboard {command}", exit_on_error=False)
    commands._load(command).add_arguments(parser)
    return parser


@pytest.mark.parametrize(("page", "line"), sorted(set(shown())))
def test_is_understood(page: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line, comments=True)[1:]
    if words == ["--version"]:
        return
    assert words, line
    assert words[0] in commands.COMMANDS, f"{page}: {line}"
    # What a reader is to fill in, where not any word will do.
    told = [UUID if word in ("UUID", "5f0c…") else word for word in words[1:]]
    try:
        parser_of(words[0]).parse_args(told)
    except (SystemExit, argparse.ArgumentError) as error:
        if "--help" not in told:
            pytest.fail(f"{page}: {line}: {error} {capsys.readouterr().err}")


def test_they_are_many() -> None:
    assert len(set(shown())) > 60


class TestTheReference:
    def test_is_what_the_parsers_say(self) -> None:
        tool = ROOT / "tools" / "commands_page.py"
        said = subprocess.run(
            [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
        )
        assert (said.returncode, said.stderr) == (0, "")

    @pytest.mark.parametrize("command", commands.COMMANDS)
    def test_every_option_says_what_it_is_for(self, command: str) -> None:
        """Help that is left out leaves an option out of the reference, too."""
        for parser in parsers(parser_of(command)):
            for action in parser._actions:
                if not isinstance(action, argparse._SubParsersAction):
                    name = "/".join(action.option_strings) or action.dest
                    assert action.help, f"{parser.prog} {name} has no help"
                else:
                    told = {each.dest for each in action._choices_actions if each.help}
                    assert told == set(action.choices), parser.prog


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from parsers(below)
