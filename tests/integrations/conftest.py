"""The example programs, run as their users would, and programs that are built in a test."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from aboveboard import Analytics, Event
from tests.client.conftest import Tool
from tests.client.conftest import until as until
from tests.client.places import NOBODY

EXAMPLES = Path(__file__).parents[2] / "examples"


class Example(Tool):
    """Runs a program of `examples/`."""

    def __init__(self, file: str, environ: dict[str, str]) -> None:
        super().__init__(environ, endpoint=NOBODY)
        self.environ["GREETER_COLLECTOR"] = NOBODY
        self.file = EXAMPLES / file
        self.state = self.home / ".config" / "greeter" / "analytics.json"
        self.spool = self.home / ".local" / "state" / "greeter"
        self.log = self.home / "log.jsonl"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.file), *words]

    def logged(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the names and properties in the log, without the first line of the session."""
        return told(self.log)


def told(log: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the names and properties of a log's events, without the sessions' first lines."""
    lines = log.read_text().splitlines() if log.exists() else []
    events = [json.loads(line) for line in lines]
    return [
        (event["event"], event["properties"])
        for event in events
        if event["event"] != "session_start"
    ]


@pytest.fixture
def example(home: dict[str, str]) -> Callable[[str], Example]:
    return lambda file: Example(file, home)


@pytest.fixture
def made(tmp_path: Path) -> Callable[[Sequence[type[Event]]], Analytics]:
    """Make an analytics that knows no home but the test's, and that nobody has agreed to."""

    def make(catalog: Sequence[type[Event]]) -> Analytics:
        return Analytics(
            app="greeter",
            version="1.0",
            catalog=catalog,
            packages=["greeter"],  # enough for a catalog without an event of its own
            endpoint="http://127.0.0.1:9",
            key="key",
            environ={"HOME": str(tmp_path)},
        )

    return make
