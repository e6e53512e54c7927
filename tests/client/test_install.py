"""What an install keeps beside its decision: the target, and what the child had to drop."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aboveboard.client.install import Install

from .conftest import Tool
from .places import NOBODY

FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
from tests.client import tool
sys.exit(tool.main())
"""


class TestTheTarget:
    """The host's word about where it sends to, on which the right to erasure hangs."""

    def test_survives_a_full_disk(self, tool: Tool) -> None:
        tool.agree()
        tool.run("send")
        target = (tool.place / "errand.json").read_bytes()
        subprocess.run(
            [sys.executable, "-c", FULL, "send"],
            env=tool.environ | {"TOOL_ENDPOINT": "http://127.0.0.1:9/new"},
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            capture_output=True,  # a pipe can't be full
            check=True,
        )
        assert (tool.place / "errand.json").read_bytes() == target
        assert [path.name for path in tool.place.glob("errand.json*")] == ["errand.json"]

    @pytest.mark.parametrize(
        "damage", ["", "{", "[]", "[" * 60000, '{"directory": 1}', "\ud800", "another's", "numbers"]
    )
    def test_that_was_damaged_is_as_good_as_none_and_is_written_anew(
        self, tool: Tool, damage: str
    ) -> None:
        tool.agree()
        tool.run("send")
        install = Install("tool", tool.environ)
        file = tool.place / "errand.json"
        whole = file.read_text()
        if damage == "another's":
            damage = whole.replace(str(tool.spool), "/home/another")
        elif damage == "numbers":
            damage = whole.replace(f'"{tool.state}"', "7")
        file.write_bytes(damage.encode(errors="surrogatepass"))
        assert install.remembered() is None
        assert install.may_have_sent()
        assert tool.run("send").stdout == "on\nrecorded\n"
        assert file.read_text() == whole

    def test_is_not_waited_for_where_it_is_a_pipe(self, tool: Tool) -> None:
        tool.agree()
        tool.place.mkdir(parents=True)
        os.mkfifo(tool.place / "errand.json")
        assert tool.run("send").stdout == "on\nrecorded\n"
        assert (tool.place / "errand.json").is_file()


def test_what_is_kept_warns_of_nothing_in_the_hosts_output(tool: Tool) -> None:
    tool.agree()
    program = "from tests.client import tool; a = tool.analytics(); a.open({}); a.forget()"
    ended = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", program],
        env=tool.environ,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    assert list(tool.place.glob("erasures/*.json"))


def test_what_was_dropped_is_told_once_however_many_sessions_begin(tmp_path: Path) -> None:
    install = Install("tool", {"HOME": str(tmp_path)})
    target = install.target(NOBODY, "")
    dropped = Path(target.dropped_file)
    dropped.parent.mkdir(parents=True)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(500):
            dropped.write_text("3")
            assert sum(pool.map(lambda _: install.take_dropped(target), range(8))) == 3


@pytest.mark.parametrize("text", ["", "-1", "many", "²", "9" * 5000])
def test_a_number_of_dropped_segments_that_is_none_is_none(tmp_path: Path, text: str) -> None:
    install = Install("tool", {"HOME": str(tmp_path)})
    target = install.target(NOBODY, "")
    dropped = Path(target.dropped_file)
    dropped.parent.mkdir(parents=True)
    dropped.write_text(text)
    assert install.take_dropped(target) == 0
