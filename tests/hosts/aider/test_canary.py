"""The same three runs as aider comes and under aboveboard: what each sent of a person's own words.

Each of a person's things (code, prompt, key, user name, project, …) is a word that occurs nowhere
else. One run goes well, in one an exception is raised inside aider while it sends, one crashes.
"""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.hosts.aider.person import SECRETS
from tests.hosts.aider.runs import OURS, STOCK

if TYPE_CHECKING:
    from tests.hosts.aider.runs import Runs

pytestmark = [pytest.mark.aider, pytest.mark.xdist_group("aider")]


def told(runs: Runs, way: str) -> dict[str, int]:
    """Return how often each secret word was sent."""
    sent = runs.sent[way].lower()
    return {word: sent.count(word.lower().encode()) for word in SECRETS}


class TestOfAPersonsWords:
    def test_stock_sends_some_and_ours_none(self, runs: Runs) -> None:
        assert sum(told(runs, OURS).values()) == 0
        assert sum(told(runs, STOCK).values()) > 0, "aider no longer tells any; good for it"

    def test_ours_sends_no_path_and_no_text_of_an_error(self, runs: Runs) -> None:
        for text in (b"/home", b".py", b"Traceback", b"site-packages", b"invalid literal"):
            assert text not in runs.sent[OURS], text
        assert b"site-packages" in runs.sent[STOCK]


class TestUnderAboveboard:
    @pytest.mark.parametrize("run", ["edits", "fails", "crashes"])
    def test_aider_ends_as_it_always_does(self, runs: Runs, run: str) -> None:
        stock = runs.codes[STOCK, run]
        if stock == -signal.SIGABRT:  # a thread of its SDK's has aborted Python at its very end
            stock = 1
        assert runs.codes[OURS, run] == stock, runs.output[OURS, run]

    def test_the_same_events_arrive(self, runs: Runs) -> None:
        for run in ("edits", "fails", "crashes"):
            for table in ("launched", "repo", "message_send_starting", "message_send", "exit"):
                stock, ours = runs.of(run, table), runs.of(run, table, OURS)
                assert len(ours) == len(stock), (run, table)
        (stock_message,), (message,) = (
            runs.of("edits", "message_send", way) for way in (STOCK, OURS)
        )
        for name in set(message) - {"user_id", "session", "time"}:
            assert message[name] == stock_message[name], name

    def test_one_session_a_run_arrives_with_the_system_in_it(self, runs: Runs) -> None:
        for run in ("edits", "fails", "crashes"):
            (session,) = runs.of(run, "sessions", OURS)
            assert session["source"] == "aboveboard"
            assert session["app_version"] == "0.86.2"

    def test_an_error_while_sending_arrives_by_type_and_place(self, runs: Runs) -> None:
        (failure,) = runs.of("fails", "message_send_exception", OURS)
        assert failure["error_type"] == "ValueError"
        assert failure["error_frames"][0].startswith("aider.coders.base_coder:send_message:")
        (stock,) = runs.of("fails", "message_send_exception")
        assert stock["error_type"] is None, "a text says less"

    def test_a_crash_arrives_by_type_and_place(self, runs: Runs) -> None:
        (crash,) = runs.of("crashes", "exception", OURS)
        assert crash["error_type"] == "ValueError"
        assert crash["handled"] is False
        assert [frame.rpartition(":")[0] for frame in crash["error_frames"]] == [
            "aider.main:main",
            "aider.models:set_thinking_tokens",
            "aider.models:parse_token_value",
        ]

    def test_how_the_reply_went_arrives(self, runs: Runs) -> None:
        (reply,) = runs.of("edits", "reply", OURS)
        assert (reply["mode"], reply["edits"], reply["files"]) == ("code", "applied", 1)
        (commit,) = runs.of("edits", "side_request", OURS)
        assert commit["model"] == "gpt-4o-mini"

    def test_nothing_is_quarantined(self, runs: Runs) -> None:
        assert runs.tables["rejected_value"] == []
        assert json.dumps(runs.tables["dropped_events"]) == "[]"
