"""Numbers that no honest sender sends: too large for a float, too long to print, or none at all."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aboveboard.collector.inbox.inbox import Inbox
from aboveboard.collector.transfer import logs as auditlog
from aboveboard.collector.transfer.logs import LogImport
from tests.collector.http.sending import headers
from tests.collector.protocols.batches import event
from tests.collector.texts import numbers, with_numbers
from tests.collector.tool import NOW, Install, Server
from tests.collector.transfer.logged import READER
from tests.conftest import examples

DAY = 86_400
HUGE = "9" * 400
"""A whole number, and too large for a float."""

CLAIMS: list[dict[str, object]] = [
    {"event": "message_send", "properties": {"tokens": "#0", "cost": "#1"}, "time": NOW},
    {"event": "message_send", "properties": {}, "time": "#0", "seq": "#1"},
    {"event": "message_send", "properties": {}, "time": NOW, "seq": "#0", "more": "#1"},
    {"event": "message_send", "properties": {"main_model": "#0"}, "time": "#1"},
    {"event": "exception", "properties": {"error": {"type": "#0", "frames": ["#1"]}}, "time": NOW},
    {"event": "session_start", "properties": {"app_version": "#0", "os": "#1"}, "time": NOW},
]
"""Lines of our own, with two places for numbers each."""

FRAME = {"module": "#0", "function": "main", "lineno": "#1"}
RAISED = [{"type": "KeyError", "module": "#1", "stacktrace": {"frames": [FRAME]}}]
CAPTURED: list[dict[str, object]] = [
    {"timestamp": "#0", "uuid": "#1"},
    {"distinct_id": "#0", "properties": {"tokens": "#1"}},
    {"event": "$exception", "properties": {"$exception_list": RAISED}},
    {"event": "message_send", "properties": {"tokens": "#0", "cost": "#1", "token": "#0"}},
    {"properties": {"$lib": "aboveboard", "$session_id": "#0", "seq": "#1"}},
    {"event": "#0", "properties": "#1"},
]
"""What differs from an event as PostHog's clients send it."""


class TestOverTheWire:
    def test_a_time_of_400_digits_is_refused_with_its_verdict(self, server: Server) -> None:
        me = Install()
        line = with_numbers({**json.loads(me.line("launched")), "time": "#0"}, [HUGE])
        answer = server.send(server.key(), me.start() + line)
        assert answer.status == 200
        assert answer.json()["rejected"] == [
            {"line": 2, "reason": "time is not in seconds since 1970, or lies in the future"}
        ]

    @given(st.sampled_from(CLAIMS), numbers, numbers, st.sampled_from([0, -400 * DAY, 9 * DAY]))
    @settings(max_examples=examples(100))
    @example(CLAIMS[1], HUGE, "0", 0)
    @example(CLAIMS[1], HUGE, "0", 9 * DAY)
    def test_a_line_with_any_number_is_taken_or_gets_a_verdict(
        self, server: Server, claim: dict[str, object], first: str, second: str, ahead: int
    ) -> None:
        me = Install()
        line = {"user_id": me.user_id, "session": me.session, **claim}
        told = headers(server.key(), **{"Sent-At": str(NOW + ahead)})
        sent = with_numbers(line, [first, second])
        answer = server.request("POST", "/v1/events", sent, told)
        assert answer.status == 200
        verdict = answer.json()
        assert (verdict["accepted"], verdict["refused"]) in ((1, 0), (0, 1))

    @given(numbers)
    @settings(max_examples=examples(30))
    def test_any_hour_of_sending_is_taken(self, server: Server, sent: str) -> None:
        told = headers(server.key(), **{"Sent-At": sent})
        answer = server.request("POST", "/v1/events", Install().segment(1), told)
        assert answer.status == 200

    @given(
        st.sampled_from(CAPTURED),
        numbers,
        numbers,
        st.sampled_from(["/batch/", "/capture/", "/e/", "/i/v0/e/", "/track/"]),
    )
    @settings(max_examples=examples(100))
    def test_a_posthog_event_with_any_number_is_no_fault_of_the_collectors(
        self, server: Server, claim: dict[str, object], first: str, second: str, path: str
    ) -> None:
        sent = {"api_key": server.key(), "sentAt": "#1", "batch": [event("launched") | claim]}
        answer = server.request("POST", path, with_numbers(sent, [first, second]))
        assert answer.status in (200, 400)

    @pytest.mark.parametrize("place", ["module", "function", "lineno", "type"])
    def test_a_frame_as_deep_as_json_is_read_is_no_fault_of_the_collectors(
        self, server: Server, place: str
    ) -> None:
        """What reads JSON and what makes text of it end at different depths."""
        for depth in range(880, 1000):
            frame = {"module": "tool.main", "function": "main", "lineno": 1, place: "#0"}
            raised = [{"type": "#0" if place == "type" else "E", "stacktrace": {"frames": [frame]}}]
            crash = event("$exception", properties={"$exception_list": raised})
            body = with_numbers(
                {"api_key": server.key(), "batch": [crash]}, ["[" * depth + "]" * depth]
            )
            assert server.request("POST", "/batch/", body).status in (200, 400), depth


class TestImport:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Inbox]:
        opened = Inbox(tmp_path)
        yield opened
        opened.close()

    @given(st.sampled_from(CLAIMS), numbers, numbers, st.booleans())
    @settings(max_examples=examples(100))
    @example(CLAIMS[1], HUGE, "0", True)
    @example(CLAIMS[1], HUGE, "0", False)
    def test_a_line_with_any_number_is_taken_or_damaged(
        self, store: Inbox, claim: dict[str, object], first: str, second: str, is_ours: bool
    ) -> None:
        me = Install()
        names = {"user_id": me.user_id} | ({"session": me.session} if is_ours else {})
        line = with_numbers({**names, **claim}, [first, second])
        summary = LogImport(READER, store).take([line, me.segment(0)])
        assert summary.taken + summary.damaged == 2

    def test_a_line_as_deep_as_json_is_read_is_taken_or_damaged(self, store: Inbox) -> None:
        """What reads JSON and what writes it again end at different depths."""
        log = LogImport(READER, store)
        depths = range(sys.getrecursionlimit() - 150, sys.getrecursionlimit() + 2)
        for depth in depths:
            told = {**json.loads(Install().line("launched")), "deep": "#0"}
            line = with_numbers(told, ["[" * depth + "]" * depth])
            summary = log.take(auditlog.lines(io.BytesIO(line)))
            assert summary.taken + summary.damaged == 1, depth
