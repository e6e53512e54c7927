"""mypy strict and pyright find a wrong property or a wrong value where it is written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing

CASES = Path(__file__).parent / "typing_cases" / "mistakes.py"


def test_every_mistake_is_found_and_nothing_else(tmp_path: Path) -> None:
    case = tmp_path / "mistakes.py"
    case.write_text(CASES.read_text())
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path),
         str(case)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    found = set(re.findall(r"mistakes\.py:(\d+): error: .*\[([a-z-]+)\]", checked.stdout))
    assert found == {(str(number), error) for number, error in promised().items()}, checked.stdout


@pytest.mark.thorough
def test_pyright_finds_every_mistake_and_nothing_else(tmp_path: Path) -> None:
    environment = ROOT / ".cache" / "pyright"
    if not (environment / "ready").exists():
        missing("pyright (python tools/environment.py pyright installs it)")
    shutil.copy(CASES, tmp_path)
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT / "src")]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    checked = subprocess.run(
        [environment / "bin" / "python", "-m", "basedpyright", "--outputjson",
         "--pythonpath", sys.executable],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    told = json.loads(checked.stdout)
    assert told["summary"]["filesAnalyzed"] == 1
    found = {each["range"]["start"]["line"] + 1 for each in told["generalDiagnostics"]}
    assert found == set(promised()), checked.stdout


def promised() -> dict[int, str]:
    """Return the lines with a mistake, and what mypy calls it."""
    return {
        number: line.rpartition("# error: ")[2]
        for number, line in enumerate(CASES.read_text().splitlines(), 1)
        if "# error: " in line
    }
