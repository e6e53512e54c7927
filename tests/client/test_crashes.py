"""Crashes in real processes: recorded without their words, and what was there before still runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import Tool

PROGRAM = """
import sys, threading, asyncio
sys.path.insert(0, {root!r})
from aboveboard import Analytics
analytics = Analytics(app="tool", version="1", catalog=[], endpoint="http://127.0.0.1:9", key="k",
                      packages=["aboveboard", "tests"])
{before}
analytics.open({{"analytics_log": {log!r}}})
secret = "sk-canary"
{body}
"""
ROOT = str(Path(__file__).parents[2])


def run(tool: Tool, body: str, before: str = "") -> tuple[Any, list[dict[str, Any]], str]:
    """Run a program that fails; return its process, the exceptions recorded, the whole log."""
    log = tool.home / "log"
    program = tool.home / "secret_project.py"
    program.write_text(PROGRAM.format(root=ROOT, log=str(log), body=body, before=before))
    ended = subprocess.run(
        [sys.executable, str(program)],
        env=tool.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    told = [line["properties"] for line in lines if line["event"] == "exception"]
    return ended, told, text


def test_an_uncaught_exception_is_recorded_and_the_traceback_is_pythons_own(tool: Tool) -> None:
    body = "def f():\n    raise ValueError(secret)\nf()"
    ended, (told,), text = run(tool, body)
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.endswith("ValueError: sk-canary\n")
    assert told["error"]["type"] == "ValueError"
    assert told["handled"] is False
    assert "canary" not in text
    assert "secret_project" not in text


def test_a_hook_that_was_there_before_still_runs(tool: Tool) -> None:
    before = "sys.excepthook = lambda *what: print('mine', what[0].__name__)"
    ended, told, _ = run(tool, "raise KeyError(secret)", before)
    assert ended.stdout == "mine KeyError\n"
    assert ended.stderr == ""
    assert len(told) == 1


def test_a_hook_that_fails_itself_keeps_nothing_from_us(tool: Tool) -> None:
    before = "def broken(*what): raise OSError('broken')\nsys.excepthook = broken"
    ended, told, _ = run(tool, "raise KeyError(secret)", before)
    assert "broken" in ended.stderr
    assert [one["error"]["type"] for one in told] == ["KeyError"]


def test_a_thread_that_fails_is_recorded(tool: Tool) -> None:
    body = (
        "def f(): raise KeyError(secret)\n"
        "t = threading.Thread(target=f, name=secret); t.start(); t.join()"
    )
    ended, (told,), text = run(tool, body)
    assert ended.returncode == 0
    assert "KeyError: 'sk-canary'" in ended.stderr
    assert told["error"]["type"] == "KeyError"
    assert "canary" not in text


def test_a_task_that_nobody_awaits_is_recorded(tool: Tool) -> None:
    body = (
        "async def fails(): raise KeyError(secret)\n"
        "async def main():\n"
        "    analytics.watch_loop(asyncio.get_running_loop())\n"
        "    task = asyncio.ensure_future(fails()); await asyncio.sleep(0); del task\n"
        "    import gc; gc.collect(); await asyncio.sleep(0)\n"
        "asyncio.run(main())"
    )
    ended, (told,), text = run(tool, body)
    assert ended.returncode == 0
    assert "never retrieved" in ended.stderr
    assert told["error"]["type"] == "KeyError"
    assert "canary" not in text


def test_a_loop_that_is_watched_twice_tells_once(tool: Tool) -> None:
    body = (
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    analytics.watch_loop(loop); analytics.watch_loop(loop)\n"
        "    loop.call_exception_handler({'message': secret, 'exception': KeyError(secret)})\n"
        "asyncio.run(main())"
    )
    _, told, _ = run(tool, body)
    assert [one["error"]["type"] for one in told] == ["KeyError"]


@pytest.mark.parametrize("body", ["sys.exit(3)", "raise KeyboardInterrupt", "raise SystemExit"])
def test_who_ends_the_program_has_not_crashed_it(tool: Tool, body: str) -> None:
    _, told, _ = run(tool, body)
    assert told == []


def test_a_handled_one_is_told_apart(tool: Tool) -> None:
    body = "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    analytics.exception(error)"
    ended, (told,), _ = run(tool, body)
    assert ended.stderr == ""
    assert (told["error"]["type"], told["handled"]) == ("ZeroDivisionError", True)


def test_an_endless_recursion_is_recorded_shortly(tool: Tool) -> None:
    _, (told,), text = run(tool, "def f(): f()\nf()")
    assert told["error"]["type"] == "RecursionError"
    assert len(text) < 2000
