"""Of two processes that want a directory, one has it, for as long as it lives."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from aboveboard.warehouse.engine.lock import hold

HOLD = (
    "import subprocess, sys\n"
    "from pathlib import Path\n"
    "from aboveboard.warehouse.engine.lock import hold\n"
    "lock = hold(Path(sys.argv[1]))\n"
    "subprocess.Popen(['sleep', '5'], stdout=subprocess.DEVNULL)\n"
    "print('held', flush=True)\n"
    "sys.stdin.read()\n"
)


def test_it_is_one_process_s_and_ends_with_it_whatever_its_children_do(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Timeout):
            hold(file)
        other.send_signal(signal.SIGKILL)
        other.wait()
        hold(file).release()


def test_another_of_the_same_process_has_it_once_it_is_free(tmp_path: Path) -> None:
    first = hold(tmp_path / "lock")
    for _ in range(2):
        with pytest.raises(Timeout):
            hold(tmp_path / "lock")
    first.release()
    second = hold(tmp_path / "lock")
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    second.release()


def test_a_file_that_cannot_be_made_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory") as refused:
        hold(tmp_path)
    assert refused.value.strerror == "Is a directory"
