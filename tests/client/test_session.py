"""Where an event stands in its session, in which hour it happened, and who is named."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.line import KEYS
from aboveboard.client.files.appendfile import AuditLog
from aboveboard.client.recipients import wire
from aboveboard.client.recording import segment
from aboveboard.client.recording.session import Session
from tests.client import tool as example
from tests.client.conftest import Tool

CATALOG = Catalog.of("tool", example.EVENTS)
ME = "561f232a-46d9-44f3-aee2-825890ad4f8e"
MOMENT = 1_760_003_599.9

FORMS = pytest.mark.parametrize("form", [wire.Ours, wire.PostHog])


def session(log: Path, form: Any = wire.Ours, user_id: str | None = ME, **more: Any) -> Session:
    return Session(
        catalog=CATALOG,
        covered=CATALOG.terms(),
        user_id=user_id,
        log=AuditLog(str(log)),
        clock=lambda: MOMENT,
        form=form,
        **more,
    )


def told(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def places(log: Path) -> list[int]:
    return [line["seq"] if "seq" in line else line["properties"]["seq"] for line in told(log)]


class TestOrder:
    @FORMS
    def test_each_event_has_the_next_place(self, tmp_path: Path, form: Any) -> None:
        mine = session(tmp_path / "log", form)
        for _ in range(5):
            mine.record(example.Command(name="send"))
        assert places(tmp_path / "log") == [0, 1, 2, 3, 4]

    def test_what_was_only_counted_has_its_place_too(self, tmp_path: Path) -> None:
        mine = session(tmp_path / "log")
        mine.record(example.MessageSend(prompt_tokens="many"))  # type: ignore[arg-type, call-arg]
        mine.finish()
        assert [line["event"] for line in told(tmp_path / "log")] == [
            "message_send",
            "rejected_value",
        ]
        assert places(tmp_path / "log") == [0, 1]

    @FORMS
    def test_threads_write_in_the_order_of_their_places(self, tmp_path: Path, form: Any) -> None:
        writer = segment.Writer(str(tmp_path / "segments"))
        mine = session(tmp_path / "log", form, segment=writer)

        def record() -> None:
            for _ in range(250):
                mine.record(example.Command(name="send"))

        threads = [threading.Thread(target=record) for _ in range(8)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        writer.close()
        assert places(tmp_path / "log") == list(range(2000))
        waiting = b"".join(file.read_bytes() for file in (tmp_path / "segments").iterdir())
        assert sorted(waiting.splitlines()) == sorted((tmp_path / "log").read_bytes().splitlines())

    def test_places_go_on_from_segment_to_segment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(segment, "SIZE_MAX", 1000)
        writer = segment.Writer(str(tmp_path / "segments"))
        mine = session(tmp_path / "log", segment=writer)
        for _ in range(20):
            mine.record(example.Command(name="send"))
        writer.close()
        files = list((tmp_path / "segments").iterdir())
        assert len(files) > 3
        assert sorted(place for file in files for place in places(file)) == list(range(20))

    def test_a_forked_child_goes_on_in_the_session_from_where_its_parent_was(
        self, tmp_path: Path
    ) -> None:
        log = tmp_path / "log"
        self._run(
            log,
            """
            stop = threading.Event()
            def busy():
                while not stop.is_set():
                    mine.record(example.Command(name="wait"))
            thread = threading.Thread(target=busy)
            thread.start()
            for _ in range(30):  # at some of these forks the thread holds the lock
                child = os.fork()
                if not child:
                    mine.record(example.Command(name="fail"))
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
            stop.set()
            thread.join()
            """,
        )
        lines = told(log)
        assert len({line["session"] for line in lines}) == 1
        children = [line for line in lines if line["properties"]["name"] == "fail"]
        parents = [line["seq"] for line in lines if line["properties"]["name"] == "wait"]
        assert len(children) == 30
        assert parents == list(range(len(parents)))
        assert all(child["seq"] <= len(parents) for child in children)

    def test_a_signal_handler_that_records_takes_no_place_twice(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        self._run(
            log,
            """
            import signal
            signal.signal(signal.SIGALRM, lambda *_: mine.record(example.Command(name="fail")))
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            for _ in range(5000):
                mine.record(example.Command(name="send"))
            signal.setitimer(signal.ITIMER_REAL, 0)
            """,
        )
        found = Counter(places(log))
        assert sorted(found) == list(range(len(found)))
        assert set(found.values()) == {1}
        assert len(found) > 5000

    @staticmethod
    def _run(log: Path, body: str) -> None:
        script = (
            "import os, sys, threading, pathlib\n"
            "from tests.client.test_session import session\n"
            "from tests.client import tool as example\n"
            "mine = session(pathlib.Path(sys.argv[1]))\n"
        )
        lines = body.splitlines()
        indent = len(lines[1]) - len(lines[1].lstrip())
        script += "\n".join(line[indent:] for line in lines)
        words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, str(log)]
        subprocess.run(words, check=True, timeout=120)


class TestTime:
    def test_a_line_tells_the_hour_and_nothing_finer(self, tmp_path: Path) -> None:
        session(tmp_path / "log").record(example.Command(name="send"))
        (line,) = told(tmp_path / "log")
        assert tuple(line) == KEYS
        assert line["time"] == 1_760_000_400

    def test_a_line_of_posthogs_form_does_the_same(self, tmp_path: Path) -> None:
        session(tmp_path / "log", wire.PostHog).record(example.Command(name="send"))
        (line,) = told(tmp_path / "log")
        assert line["timestamp"] == "2025-10-09T09:00:00Z"

    @FORMS
    def test_nothing_else_in_a_line_tells_the_moment(self, tmp_path: Path, form: Any) -> None:
        before = int(time.time())
        mine = Session(
            catalog=CATALOG, covered=CATALOG.terms(), user_id=ME,
            log=AuditLog(str(tmp_path / "log")), form=form,
        )  # fmt: skip
        mine.record(example.Command(name="send"))
        written = (tmp_path / "log").read_text()
        for moment in range(before, int(time.time()) + 1):
            if moment % 3600:
                assert str(moment) not in written
                assert time.strftime("%M:%S", time.gmtime(moment)) not in written


class TestNobody:
    """A session that is off has a log and sends nothing; its log names nobody."""

    def test_a_log_of_a_session_that_is_off_names_nobody(self, tool: Tool) -> None:
        log = tool.home / "log"
        for environ in ({}, {"DO_NOT_TRACK": "1"}, {"TOOL_ANALYTICS": "0"}):
            tool.run("send", "--analytics-log", str(log), **environ)
        lines = told(log)
        assert {line["user_id"] for line in lines} == {None}
        assert len({line["session"] for line in lines}) == 3

    def test_nor_does_one_of_posthogs_form(self, tool: Tool) -> None:
        tool.environ["TOOL_ENDPOINT"] = "posthog+http://127.0.0.1:9"
        tool.run("send", "--analytics-log", str(tool.home / "log"))
        assert {line["distinct_id"] for line in told(tool.home / "log")} == {None}

    def test_nor_one_of_somebody_who_has_an_id_and_said_no(self, tool: Tool) -> None:
        tool.agree()
        user_id = tool.decided()["uuid"]
        tool.run("send", "--analytics-log", str(tool.home / "on"))
        assert {line["user_id"] for line in told(tool.home / "on")} == {user_id}
        tool.run("send", "--no-analytics", "--analytics-log", str(tool.home / "off"))
        assert not re.search(user_id, (tool.home / "off").read_text())
