"""mypy strict finds a wrong property or a wrong value where it is written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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
    promised = {
        (str(number), line.rpartition("# error: ")[2])
        for number, line in enumerate(case.read_text().splitlines(), 1)
        if "# error: " in line
    }
    assert found == promised, checked.stdout
