"""The tools of others to which `examples/hosts/` adds analytics: they stay what they were.

Each is installed as anyone installs it, and run from a script such as its wheel brings: as it is,
with analytics that nobody has agreed to, and with a yes. Exit code, stdout, stderr and files are
compared byte for byte, but for what has to differ: a help names four flags more, and a traceback
has the frames of who stands between.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, missing
from tests.integrations.gallery import (
    AGREED,
    CANARY,
    COUNT,
    HOSTS,
    INTERRUPTED,
    MODES,
    NOT_ASKED,
    Trial,
    unlisted,
)

ENVIRONMENT = ROOT / ".cache" / "hosts"
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def python() -> Path:
    if not (ENVIRONMENT / "ready").exists():
        missing("the gallery's tools (python tools/environment.py hosts installs them)")
    return ENVIRONMENT / "bin" / "python"


@pytest.mark.parametrize("name", HOSTS)
def test_a_tool_stays_what_it_was_and_tells_only_what_its_catalog_says(
    name: str,
    python: Path,
    tmp_path: Path,
    recorder: Any,
    until: Callable[[Callable[[], bool]], None],
) -> None:
    host = HOSTS[name]
    assert len(set(host.runs)) == COUNT
    trial = Trial(name, python, tmp_path, recorder.url)
    with ThreadPoolExecutor(3) as pool:
        plain, *others = (list(pool.map(trial.run, [mode] * COUNT, range(COUNT))) for mode in MODES)
    listed = 0
    for mode, seen in zip(MODES[1:], others, strict=True):
        for run, before, now in zip(host.runs, plain, seen, strict=True):
            if now != before and "--analytics-disable" in now.stdout + now.stderr:
                listed += 1
                now = replace(now, stdout=unlisted(now.stdout), stderr=unlisted(now.stderr))
                before = replace(
                    before, stdout=unlisted(before.stdout), stderr=unlisted(before.stderr)
                )
            assert now == before, f"{name} {run.words} {run.end}, {mode}"
    assert listed == 2 * host.helps, "no other text names our flags"

    homes = [trial.home(NOT_ASKED, number) for number in range(COUNT)]
    assert not any((home / place).exists() for home in homes for place in trial.places)

    # What ends by a signal, or becomes another program, is sent by the tool's next run.
    sent = [
        trial.home(AGREED, number)
        for number, run in enumerate(host.runs)
        if run.end not in INTERRUPTED and not run.words.startswith("run ")
    ]
    until(lambda: not any(trial.waiting(home) for home in sent))
    bodies = b"".join(request.body for request in recorder.requests)
    assert CANARY.encode() not in bodies
    events = [json.loads(line) for line in bodies.splitlines()]
    ends = [event["properties"] for event in events if event["event"] == "command_outcome"]
    assert {end["command"] for end in ends} == host.commands
    assert {end["outcome"] for end in ends} >= {"ok", "failed"}
