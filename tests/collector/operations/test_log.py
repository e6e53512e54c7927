"""A line has its time, level, logger and message, and nothing of a sender's or of a secret."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aboveboard.warehouse import Warehouse, WarehouseError, embedded
from tests.collector.tool import (
    CATALOG,
    Install,
    Server,
    add_project,
    damage,
    free_port,
    new_id,
    until,
)

SPEAKING = """
import logging, sys, threading
from aboveboard.collector.operations import log
log.to_stderr(sys.argv[1])
logging.getLogger("aboveboard.room").warning("%s", "one\\nline \\u2028 of words")
logging.getLogger("aboveboard.room").info("more than a person needs")
logging.getLogger("library").error("a library's")
try:
    raise ValueError("a sender's")
except ValueError:
    logging.getLogger("aboveboard.room").exception("caught")
def fails(): raise KeyError("a sender's")
thread = threading.Thread(target=fails)
thread.start()
thread.join()
raise ValueError("a sender's")
"""


def said(form: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", SPEAKING, form], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    return ended.stderr.split("\n")[:-1]


class TestLines:
    def test_as_text_each_has_its_time_level_and_logger(self) -> None:
        lines = said("text")
        assert [re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", "", line) for line in lines[:2]] == [
            "WARNING aboveboard.room: one line   of words",
            "ERROR aboveboard.room: caught",
        ]
        assert "CRITICAL aboveboard.collector.operations.log: a fault: KeyError at" in lines[2]
        assert "CRITICAL aboveboard.collector.operations.log: a fault: ValueError at" in lines[3]
        assert len(lines) == 4

    def test_as_json_each_is_an_object(self) -> None:
        lines = [json.loads(line) for line in said("json")]
        assert [(line["level"], line["logger"]) for line in lines] == [
            ("warning", "aboveboard.room"),
            ("info", "aboveboard.room"),
            ("error", "aboveboard.room"),
            ("critical", "aboveboard.collector.operations.log"),
            ("critical", "aboveboard.collector.operations.log"),
        ]
        assert lines[0]["message"] == "one\nline \u2028 of words"
        for line in lines:
            assert set(line) == {"time", "level", "logger", "message"}
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"])

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_no_text_of_a_fault_is_told(self, form: str) -> None:
        whole = "\n".join(said(form))
        assert "a sender's" not in whole
        assert "Traceback" not in whole


class TestAServerThatLogsJson:
    def test_says_all_it_says_in_lines_and_no_key(self, tmp_path: Path) -> None:
        key = add_project(tmp_path)
        server = LoggingServer(tmp_path, "--log-format", "json")
        assert server.send(key, Install().segment(2)).status == 200
        damage(tmp_path, "tool")
        until(lambda: server.request("GET", "/readyz").status == 503)
        code, rest = server.stop()
        lines = [json.loads(line) for line in [server.first, *rest.splitlines()]]
        assert code == 0
        assert key not in server.first + rest
        messages = [(line["level"], line["message"]) for line in lines]
        assert messages[0][0] == "info"
        assert messages[0][1].startswith(f"aboveboard is at http://127.0.0.1:{server.port} ")
        assert ("warning", "project tool's events are not taken") in [
            (level, message.partition(": ")[0]) for level, message in messages
        ]
        assert messages[-1] == ("info", "ended")

    @pytest.mark.thorough
    def test_gives_up_in_a_line_too(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        words = ["--data", str(tmp_path / "file"), "--port", str(free_port())]
        ended = subprocess.run(
            [sys.executable, "-m", "aboveboard", "serve", *words, "--log-format", "json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        (line,) = map(json.loads, ended.stderr.splitlines())
        assert line["level"] == "critical"
        assert "cannot write to" in line["message"]


class LoggingServer(Server):
    """A server that says on stderr that it runs."""

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        self.first = self.process.stderr.readline().decode()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    opened = Warehouse(embedded(tmp_path_factory.mktemp("warehouse")))
    opened.ensure("tool", CATALOG)
    yield opened
    opened.close()


class TestWhatTheWarehouseSays:
    @pytest.mark.parametrize(
        "told",
        [
            {"tokens": ["Marked 'and' so"]},
            {"tokens": [{"Marked": 1}]},
            {"tokens": ["1e5Marked" + "x" * 2000]},
            {"time": ["Marked"]},
            {"tokens": ["\\' Marked"]},
        ],
    )
    def test_of_rows_that_it_cannot_read_tells_none_of_them(
        self, warehouse: Warehouse, told: dict[str, list[object]]
    ) -> None:
        rows: dict[str, list[object]]
        rows = {"user_id": [new_id()], "session": [new_id()], "seq": [1], "time": [1_790_000_000]}
        with pytest.raises(WarehouseError, match=r"CANNOT_PARSE|Cannot") as error:
            warehouse.insert("tool", "message_send", {**rows, "_move": [1], **told}, new_id())
        assert "arked" not in str(error.value)
