"""A tool that PyInstaller has built into one file: it delivers, and says where it crashed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import spawn
from tests.client.conftest import Tool
from tests.conftest import ROOT, missing

ENVIRONMENT = ROOT / ".cache" / "pyinstaller"
HOOKS = ROOT / "src/aboveboard/integrations/pyinstaller"
PROGRAM = {
    "shelf/__init__.py": "",
    "shelf/books.py": """
def take(name):
    raise LookupError(name)
""",
    "shelf/main.py": """
import os
import sys

from aboveboard import Analytics, Event, model
from shelf import books

print("started", flush=True)


class Asked(Event):
    \"\"\"A model was asked.\"\"\"

    main_model: str | None = model("Which")


analytics = Analytics(
    app="tool",
    version="1.0",
    catalog=[Asked],
    packages=["shelf"],
    endpoint=os.environ["TOOL_ENDPOINT"],
    key="key",
)


def main():
    analytics.open({"analytics_log": sys.argv[1]})
    analytics.record(Asked(main_model="gpt-4o"))
    books.take("sk-canary")
""",
    "run.py": """
from shelf.main import analytics, main

if __name__ == "__main__":
    main()
""",
}


class Frozen(Tool):
    """The built tool."""

    program: Path

    def command(self, *words: str) -> list[str]:
        return [str(self.program), *words]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ENVIRONMENT / "ready").exists():
        missing("PyInstaller (python tools/environment.py pyinstaller installs it)")
    folder = tmp_path_factory.mktemp("shelf")
    for name, text in PROGRAM.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    subprocess.run(
        [
            *(ENVIRONMENT / "bin/python", "-m", "PyInstaller", "--onefile", "--log-level=ERROR"),
            *("--additional-hooks-dir", HOOKS, "--paths", ROOT / "src", "--name", "shelf"),
            folder / "run.py",
        ],
        cwd=folder,
        check=True,
    )
    return folder / "dist" / "shelf"


@pytest.mark.thorough
def test_it_delivers_after_a_short_run_and_tells_where_it_failed(
    built: Path, home: dict[str, str], recorder: Any, until: Callable[[Callable[[], bool]], None]
) -> None:
    tool = Frozen(home, recorder.url)
    tool.program = built
    log = tool.home / "log.jsonl"
    tool.run(str(log))
    (asked, failure) = [json.loads(line) for line in log.read_text().splitlines()][1:]
    assert asked["properties"] == {"main_model": "gpt-4o"}, "the list of models is packed"
    error = failure["properties"]["error"]
    assert error["type"] == "LookupError"
    places = [place.rpartition(":")[0] for place in error["frames"]]
    assert places == ["shelf.main:main", "shelf.books:take"]
    terms = json.loads(
        subprocess.run(
            [sys.executable, "-c", TERMS, str(built.parents[1])],
            env=tool.environ | {"PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
    )
    StateFile(str(tool.state)).agree(terms, tool.recipient)
    log.unlink()
    ended = tool.run(str(log))
    assert ended.stdout == "started\n"
    assert "sk-canary" in ended.stderr
    until(lambda: bool(recorder.lines()))
    assert recorder.lines() == log.read_bytes().splitlines(True)
    until(lambda: not tool.waiting())


TERMS = """
import json
import sys
sys.path.insert(0, sys.argv[1])
from shelf.main import analytics
print(json.dumps(analytics.catalog.terms()))
"""


def test_pyinstaller_is_told_where_the_hooks_are() -> None:
    _, _, told = (ROOT / "pyproject.toml").read_text().partition("entry-points.pyinstaller40]\n")
    module, _, name = told.splitlines()[0].removeprefix("hook-dirs = ").strip('"').partition(":")
    (folder,) = getattr(import_module(module), name)()
    assert Path(folder, "hook-aboveboard.py").exists()
    rthooks = json.loads(Path(folder, "rthooks.dat").read_text())
    assert Path(folder, "rthooks", *rthooks["aboveboard"]).exists()


class TestTheSender:
    """Of a frozen program: itself, if it was built with the hook."""

    def test_is_the_program_only_where_the_hook_has_run(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "frozen", True, raising=False)
        assert not spawn.can_spawn()
        monkeypatch.setattr(sys, "_aboveboard_sends", True, raising=False)
        assert spawn.can_spawn()

    @pytest.mark.parametrize("before", [None, "/opt/lib"])
    def test_is_given_the_environment_that_the_program_was_started_with(
        self, before: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        given: dict[str, str] = {}

        def start(
            command: list[str], environ: dict[str, str], *_rest: object, **_how: bool
        ) -> bool:
            assert command == [sys.executable]
            given.update(environ)
            return True

        monkeypatch.setattr(sys, "frozen", True, raising=False)
        monkeypatch.setattr(spawn, "_spawn", start)
        here = {"LD_LIBRARY_PATH": "/tmp/_MEI1", "_PYI_ARCHIVE_FILE": "x", "HOME": "/home/ada"}
        if before is not None:
            here["LD_LIBRARY_PATH_ORIG"] = before
        spawn.start(str(tmp_path / "lock"), {"ABOVEBOARD_UPLOAD": "{}"}, here)
        theirs = {} if before is None else {"LD_LIBRARY_PATH": before}
        assert given == {"HOME": "/home/ada", "ABOVEBOARD_UPLOAD": "{}", **theirs}
