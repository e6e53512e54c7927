"""The command, as a person runs it."""

from __future__ import annotations

import subprocess
import sys

from tests.client.conftest import Tool


def aboveboard(tool: Tool, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aboveboard", *words],
        env=tool.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
