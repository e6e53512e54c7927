"""Whatever files say, no command hands it to the terminal of whoever looks."""

from __future__ import annotations

import ast
import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.conftest import Tool, tool
from tests.conftest import ROOT

__all__ = ["tool"]  # a fixture, used by name

EVIL = "\x1b]0;owned\x07\x1b[31m\x9b5m\u202e\nline"
"""A title, colours, a text that runs backwards, and a line of its own."""


def aboveboard(tool: Tool, *words: str) -> str:
    """Return all that a command prints, which is to be fit for any terminal."""
    ended = subprocess.run(
        [sys.executable, "-m", "aboveboard", *words],
        env=tool.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    said = (ended.stdout + ended.stderr).decode()
    assert "Traceback" not in said
    check(said)
    return said


def check(said: str) -> None:
    assert said
    assert all(line.isprintable() for line in said.split("\n")), ascii(said)
    assert not any(line.startswith("line") for line in said.split("\n")), "a line of its own"


@pytest.fixture
def used(tool: Tool) -> Tool:
    """A tool with files of which each says something evil."""
    tool.environ["TOOL_ENDPOINT"] = "http://127.0.0.1:9"
    tool.agree()
    tool.run("kill")
    target = json.loads((tool.place / "errand.json").read_text())
    (tool.place / "errand.json").write_text(json.dumps(target | {"state": f"/tmp/{EVIL}"}))
    (tool.place / "refused.json").write_text(json.dumps({EVIL: 1}))
    (tool.segments / "x.jsonl").write_text(EVIL.replace("\n", "") + "\n")
    tool.environ["TOOL_ENDPOINT"] = f"http://127.0.0.1:10/{EVIL}"
    target["endpoint"] = tool.environ["TOOL_ENDPOINT"]
    tool.place.mkdir()
    (tool.place / "errand.json").write_text(json.dumps(target))
    return tool


@pytest.fixture
def log(tmp_path: Path) -> str:
    """An audit log of somebody's."""
    path = tmp_path / f"log{EVIL}.jsonl"
    line = {
        "event": f"a{EVIL}", "properties": {f"b{EVIL}": EVIL}, "user_id": "x",
        "session": "y", "seq": 0, "time": 1_700_000_000,
    }  # fmt: skip
    fits = line | {"event": "launched", "user_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}
    fits["session"] = fits["user_id"]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in (line, fits, line, fits)))
    return str(path)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog of somebody's."""
    path = tmp_path / "catalog.json"
    declared = {"name": "n", "doc": EVIL, "kind": "count"}
    event = {"name": "e", "doc": EVIL, "properties": [declared]}
    path.write_text(json.dumps({"app": "tool", "events": [event], "packages": []}))
    return path


@pytest.mark.parametrize("words", ["status", "status tool", "disable tool", "forget tool"])
def test_what_a_tools_files_say_is_cleaned(used: Tool, words: str) -> None:
    aboveboard(used, *words.split())


def test_what_waits_is_cleaned_on_a_terminal_and_byte_for_byte_elsewhere(used: Tool) -> None:
    whole = [sys.executable, "-m", "aboveboard", "show", "tool"]
    shown = subprocess.run(whole, env=used.environ, capture_output=True, check=True).stdout
    assert shown.endswith((EVIL.replace("\n", "") + "\n").encode())
    master, slave = pty.openpty()
    process = subprocess.Popen(whole, env=used.environ, stdout=slave, stderr=slave)
    os.close(slave)
    said = b""
    try:
        while data := os.read(master, 65536):
            said += data
    except OSError:  # the other side has closed
        pass
    os.close(master)
    assert process.wait(60) == 0
    check(said.decode().replace("\r\n", "\n"))


@pytest.mark.parametrize("words", [["stats"], ["stats", "--values"], ["sample"]])
def test_what_a_log_says_is_cleaned(tool: Tool, log: str, words: list[str]) -> None:
    aboveboard(tool, *words, log)
    aboveboard(tool, *words, f"{log}.none")


@pytest.mark.thorough
def test_what_an_imported_log_says_is_cleaned(tool: Tool, log: str, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    said = aboveboard(tool, "import", log, "--project", "aider", "--data", data)
    assert "events that the catalog does not have: a?]0;owned??[31m?5m??line (2)" in said
    aboveboard(tool, "import", f"{log}.none", "--project", "aider", "--data", data)
    aboveboard(tool, "import", log, "--project", EVIL, "--data", data)


def test_what_a_catalog_says_is_cleaned(tool: Tool, catalog: Path, tmp_path: Path) -> None:
    aboveboard(tool, "catalog", "show", str(catalog))
    aboveboard(tool, "catalog", "show", f"{catalog}{EVIL}")
    catalog.write_text(catalog.read_text().replace('"e"', json.dumps(EVIL)))
    aboveboard(tool, "catalog", "show", str(catalog))
    words = ["projects", "--data", str(tmp_path / "data"), "add", "tool", "--catalog"]
    aboveboard(tool, *words, str(catalog))


def test_what_a_disk_refuses_is_said_in_a_line(tool: Tool) -> None:
    for words, place, said in (
        (["status"], "/dev/full", "aboveboard status: No space left on device\n"),
        (["catalog", "show", "a" * 300 + ".json"], os.devnull, "be read: File name too long"),
        (["backup", "--data", str(tool.home), f"{tool.home}/{'a' * 300}"], os.devnull, "name too"),
    ):
        with Path(place).open("wb") as out:
            ended = subprocess.run(
                [sys.executable, "-m", "aboveboard", *words],
                env=tool.environ, stdout=out, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert ended.returncode == 1
        assert said in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_what_cannot_be_written_to_a_closed_output_is_said_in_a_line(tool: Tool, log: str) -> None:
    for words, closing in (
        (["status"], "<&- >&-"), (["stats", log], "<&- >&-"), (["stats", log], ">&- 2>&-"),
    ):  # fmt: skip
        command = shlex.join([sys.executable, "-m", "aboveboard", *words])
        ended = subprocess.run(
            ["sh", "-c", f"{command} {closing}"],
            env=tool.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        line = f"aboveboard {words[0]}: standard output is closed\n"
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == ("" if "2>" in closing else line)


def test_a_word_that_is_no_text_is_told_in_a_line(tool: Tool, tmp_path: Path) -> None:
    for words in (["watch", "--once", "--data", str(tmp_path), "--project"], ["doctor", "--url"]):
        ended = subprocess.run(
            [sys.executable, "-m", "aboveboard", *words, b"a\xff"],
            env=tool.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in ended.stderr
        assert ended.returncode in (1, 2)
        assert ended.stderr.count("\n") == (words[0] == "watch"), ended.stderr


def test_nothing_is_printed_by_a_command_past_the_one_place_that_cleans() -> None:
    for path in sorted((ROOT / "src" / "aboveboard" / "commands").rglob("*.py")):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.Call)]  # fmt: skip
        prints = [name for name in calls if isinstance(name, ast.Name) and name.id == "print"]
        assert not prints or path.name == "printing.py", path


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_a_terminal_cannot_write_fails_no_command(tool: Tool, encoding: str) -> None:
    home = tool.home / "h€ime\udcff"
    home.mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "aboveboard", "status", "aider"],
        env=tool.environ | {"HOME": str(home), "PYTHONIOENCODING": f"{encoding}:strict"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert rb"h\u20acime?" in ended.stdout
