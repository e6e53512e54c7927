"""How long the proofs look: a short while in every run, for as long as one likes with a variable.

`ABOVEBOARD_LONG=1` is the long run of `make test-long`; `ABOVEBOARD_HISTORIES` alone sets the
number of histories. What was counted is printed at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

LONG = bool(os.environ.get("ABOVEBOARD_LONG"))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Keep a sentence with a figure, to be printed at the end of the run."""
    return lambda sentence: record_property("figure", sentence)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call"
        for name, value in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for sentence in sorted(set(figures)):
            terminalreporter.line(str(sentence))
