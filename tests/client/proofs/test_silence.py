"""No socket, no look-up of a name and no child before consent, for every row of the table.

Watched twice: from inside by an audit hook, which sees what Python does, and from outside by
strace, which sees what any code does. In every case events of an earlier time wait to be sent, so
that there would be something to send. The rows that are on show that the watching sees.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.client.decision.identity import new_id
from aboveboard.client.decision.statefile import StateFile
from tests.client import tool as example
from tests.client.children import children_of
from tests.client.conftest import Tool
from tests.client.proofs import watched
from tests.conftest import in_turn, missing

Until = Callable[[Callable[[], bool]], None]


@dataclass
class Row:
    """A row of the table, as one run of the tool; without `answers`, there is no terminal."""

    number: int
    stands: str
    words: Sequence[str] = ()
    answers: Sequence[str] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    on: bool = False

    def __str__(self) -> str:
        typed = [] if self.answers is None else ["terminal", *self.answers]
        words = [*self.words, *self.environ, *typed]
        return f"row {self.number}: {self.stands} {' '.join(words)}"


ALL = {"TOOL_PERCENT": "100"}
ROWS = [
    Row(1, "agreed", ["--analytics"], (), {"DO_NOT_TRACK": "1"}),
    Row(1, "nothing", ["--analytics"], (), {"DO_NOT_TRACK": "true", **ALL}),
    Row(2, "disabled", ["--analytics"], (), ALL),
    Row(2, "disabled", ["--analytics-disable"]),
    Row(3, "damaged", ["--analytics"], (), ALL),
    Row(4, "agreed", ["--no-analytics"], ()),
    Row(4, "agreed", [], (), {"TOOL_ANALYTICS": "0"}),
    Row(4, "agreed", ["--analytics-disable"], ()),
    Row(4, "nothing", ["--analytics-disable"], (), ALL),
    Row(5, "agreed", on=True),
    Row(6, "agreed to less", on=True),
    Row(6, "agreed to less", ["--analytics"], ["n"], on=True),
    Row(7, "nothing", ["--analytics"], None, ALL),
    Row(7, "nothing", ["--analytics"], (), {"CI": "true", **ALL}),
    Row(8, "nothing", ["--analytics"], ["?", "n"]),
    Row(8, "nothing", ["--analytics"], ["^"]),
    Row(8, "nothing", ["--analytics"], ["what", "is", "this"]),
    Row(8, "nothing", ["--analytics"], ["?", "y"], on=True),
    Row(9, "nothing", [], ["n"], ALL),
    Row(9, "nothing", [], ["^"], ALL),
    Row(9, "nothing", [], [""], ALL, on=True),
    Row(10, "nothing", [], ()),
    Row(10, "nothing", ["--analytics-log", "log.jsonl"], ()),
]
each_row = pytest.mark.parametrize("row", ROWS, ids=str)


class Household(Tool):
    """The tool on an install with a past."""

    def be(self, stands: str) -> None:
        """Be an install on which something was decided, and on which events wait."""
        terms = Catalog.of("tool", example.EVENTS).terms()
        file = StateFile(str(self.state))
        if stands == "agreed":
            file.agree(terms, self.recipient)
        elif stands == "agreed to less":
            file.agree({name: terms[name] for name in ("session_start", "command")}, self.recipient)
        elif stands == "disabled":
            file.disable()
        elif stands == "damaged":
            self.state.parent.mkdir(parents=True)
            self.state.write_text('{"asked_opt_in": tru')
        if stands != "disabled":
            self.segments.mkdir(parents=True)
            (self.segments / f"{new_id()}.jsonl").write_text('{"event": "command"}\n')

    def live(self, row: Row) -> str:
        """Run the row; return what was on the screen."""
        words = ["send", *row.words]
        if "log.jsonl" in words:
            words[-1] = str(self.home / "log.jsonl")
        if row.answers is None:
            return self.run(*words, **row.environ).stdout
        return self.on_terminal(*words, answers=row.answers, **row.environ)[1]


class WatchedInside(Household):
    """The tool under an audit hook, which writes to the file `seen`."""

    def __init__(self, environ: dict[str, str], endpoint: str, seen: Path) -> None:
        super().__init__(environ, endpoint)
        self.environ |= {"WATCHED_FILE": str(seen), "WATCHED_STATE": str(self.state)}

    def command(self, *words: str) -> list[str]:
        interpreter, *rest = super().command(*words)
        return [interpreter, watched.__file__, *rest]


class WatchedOutside(Household):
    """The tool under strace, which writes to the file `calls`."""

    def __init__(self, environ: dict[str, str], endpoint: str, calls: Path) -> None:
        super().__init__(environ, endpoint)
        self.calls = calls

    def command(self, *words: str) -> list[str]:
        watch = ["strace", "-f", "-qq", "-e", "trace=network,process", "-o", str(self.calls)]
        return [*watch, *super().command(*words)]


class TestInside:
    """What Python itself tells an audit hook."""

    @each_row
    def test_nothing_is_opened_or_started_before_a_yes(
        self, row: Row, home: dict[str, str], recorder: Any, until: Until, tmp_path: Path
    ) -> None:
        seen = tmp_path / "seen"
        tool = WatchedInside(home, recorder.url, seen)
        tool.be(row.stands)
        screen = tool.live(row)
        assert ("on\nrecorded" in screen) == row.on, screen
        expected = ["os.posix_spawn after"] if row.on else []
        assert seen.read_text().splitlines() == expected
        until(lambda: not children_of(tool))


class TestOutside:
    """What the system is asked for, whoever asks."""

    @pytest.mark.parametrize("row", in_turn(ROWS, ROWS[::5]), ids=str)
    def test_no_system_call_goes_out_or_starts_anything(
        self, row: Row, home: dict[str, str], recorder: Any, tmp_path: Path
    ) -> None:
        if shutil.which("strace") is None:
            missing("strace")
        tool = WatchedOutside(home, recorder.url, tmp_path / "calls")
        tool.be(row.stands)
        screen = tool.live(row)
        assert ("on\nrecorded" in screen) == row.on, screen
        host, others = _by_process(tool.calls.read_text())
        started = [call for call in host if call.startswith(STARTS)]
        assert [call for call in host if call.startswith(NETWORK)] == []
        assert started[0].startswith("execve("), "the tool itself"
        if not row.on:
            assert started[1:] == []
            assert others == {}
            assert recorder.requests == []
        else:
            # What an earlier run left is sent by a child of nobody's: a shell starts it.
            assert len(started) == 2, started
            *shell, child = others.values()
            assert len(shell) <= 1
            assert not any(call.startswith(NETWORK) for calls in shell for call in calls)
            assert any(call.startswith("connect(") for call in child), "the watching sees"
            assert recorder.requests != []


STARTS = ("execve", "execveat", "fork", "vfork", "clone")
NETWORK = ("socket", "connect", "bind", "listen", "send", "recv", "accept", "getaddrinfo")


def _by_process(trace: str) -> tuple[list[str], dict[str, list[str]]]:
    """Return the calls of the first process, and of each other by its id."""
    calls: dict[str, list[str]] = {}
    for line in trace.splitlines():
        pid, call = re.split(r" +", line, maxsplit=1)
        if not call.startswith(("<...", "+++", "---", "exit", "wait4", "waitid", "arch_prctl")):
            calls.setdefault(pid, []).append(call)
    first, *others = calls
    return calls[first], {pid: calls[pid] for pid in others}
