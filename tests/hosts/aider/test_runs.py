"""The three runs of `runs.py`, as aider comes and under aboveboard: what arrived, what is kept.

A stock aider, unchanged, was only told another PostHog address. Each of a person's things (code,
prompt, key, user name, project, …) is a word that occurs nowhere else. These words are looked for
in what each run sent, and in every byte that the collector kept.
"""

from __future__ import annotations

import json
import signal
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.catalog.kinds import Exception_
from aboveboard.hosts.aider.catalog import CATALOG
from tests.hosts.aider.person import API_KEY, HOME, OPTION, SECRETS
from tests.hosts.aider.runs import OURS, STOCK, Runs, run_all

if TYPE_CHECKING:
    from tests.hosts.aider.conftest import StockAider

pytestmark = [pytest.mark.aider, pytest.mark.thorough]

TOLD_BY_AIDER = (API_KEY, OPTION, HOME)
"""What a stock aider does send of these, in the texts and the paths of errors, as measured."""

NOBODY = str(uuid.UUID(int=0))


@pytest.fixture(scope="module")
def runs(stock_aider: StockAider, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Three runs as aider comes and three under aboveboard, and what the collector has of them."""
    return run_all(stock_aider, tmp_path_factory.mktemp("runs"))


class TestARunThatEditsAFile:
    def test_is_known_from_its_launch_to_its_exit(self, runs: Runs) -> None:
        assert len(runs.of("edits", "launched")) == 1, runs.output[STOCK, "edits"]
        assert [row["num_files"] for row in runs.of("edits", "repo")] == [2]
        assert [row["enabled"] for row in runs.of("edits", "auto_commits")] == [True]
        assert len(runs.of("edits", "message_send_starting")) == 1
        assert [row["reason"] for row in runs.of("edits", "exit")] == ["Completed --message"]

    def test_tells_model_edit_format_and_tokens_of_its_message(self, runs: Runs) -> None:
        (message,) = runs.of("edits", "message_send")
        assert message["main_model"] == "openai/gpt-4o"
        assert message["weak_model"] == "gpt-4o-mini"
        assert message["edit_format"] == "whole"
        assert message["prompt_tokens"] == 1200
        assert message["completion_tokens"] == 34
        assert message["total_tokens"] == 1234
        assert message["cost"] > 0

    def test_is_one_session_that_says_what_it_ran_on(self, runs: Runs) -> None:
        (session,) = runs.of("edits", "sessions")
        assert session["app_version"] == "0.86.2"
        assert session["source"] == "posthog"
        assert session["os"] in ("Linux", "Darwin", "Windows")
        assert session["arch"] is not None
        assert session["python_version"].startswith("3.")
        own = {row["session"] for rows in runs.tables.values() for row in rows
               if row["user_id"] == session["user_id"]}  # fmt: skip
        assert own == {session["session"]}


class TestARunThatFails:
    def test_is_known_to_have_failed_but_not_in_aiders_words(self, runs: Runs) -> None:
        (failure,) = runs.of("fails", "message_send_exception")
        assert failure["error_type"] is None
        assert failure["error_frames"] == []

    def test_is_known_by_type_and_place_when_it_crashed(self, runs: Runs) -> None:
        (crash,) = _crashes_of_stock(runs)
        assert crash["error_type"] == "ValueError"
        assert [frame.rpartition(":")[0] for frame in crash["error_frames"]] == [
            "aider.main:main",
            "aider.models:set_thinking_tokens",
            "aider.models:parse_token_value",
        ]

    def test_makes_no_install_of_a_crash_that_came_without_one(self, runs: Runs) -> None:
        (crash,) = _crashes_of_stock(runs)
        assert crash["user_id"] in (NOBODY, runs.installs[STOCK, "crashes"])
        known = {row["user_id"] for row in runs.tables["sessions"]} - {NOBODY}
        assert known == set(runs.installs.values())


class TestWhatIsKept:
    def test_is_nothing_that_the_catalog_does_not_name(self, runs: Runs) -> None:
        named = {table_name(entry) for entry in CATALOG.entries}
        assert {table for table, rows in runs.tables.items() if rows} <= named
        for entry in CATALOG.entries.values():
            for row in runs.tables[table_name(entry.name)]:
                for name, declared in entry.properties.items():
                    if isinstance(declared.kind, Exception_):
                        continue  # its three columns are looked at above, and for secrets below
                    assert declared.kind.accept(row[name]) == row[name], (entry.name, row)

    def test_has_no_column_that_the_catalog_does_not_name(self, runs: Runs) -> None:
        for entry in CATALOG.entries.values():
            named = {"user_id", "session", "seq", "time", "_move"}
            named |= (
                {"source", "user_uuid", "session_uuid"} if entry.name == "session_start" else set()
            )
            for name, declared in entry.properties.items():
                parts = ("_type", "_frames", "_causes", "_fingerprint")
                is_exception = isinstance(declared.kind, Exception_)
                named |= {name + part for part in parts} if is_exception else {name}
            assert set(runs.columns[table_name(entry.name)]) == named

    def test_holds_none_of_a_persons_words(self, runs: Runs) -> None:
        for told in TOLD_BY_AIDER:
            assert told.lower().encode() in runs.sent[STOCK].lower(), (
                "aider no longer tells; good for it"
            )
        kept = {path: path.read_bytes() for path in runs.data.rglob("*") if path.is_file()}
        assert any(b"openai/gpt-4o" in content for content in kept.values()), (
            "nothing was looked at"
        )
        values = json.dumps(runs.tables).lower()
        for secret in SECRETS:
            word = secret.lower()
            assert word not in values
            assert word not in runs.collector_output.lower()
            for path, content in kept.items():
                assert word.encode() not in content.lower(), (secret, path)
                assert word not in str(path).removeprefix(str(runs.data)).lower()


class TestOfAPersonsWords:
    def test_stock_sends_some_and_ours_none(self, runs: Runs) -> None:
        assert sum(_told(runs, OURS).values()) == 0
        assert sum(_told(runs, STOCK).values()) > 0, "aider no longer tells any; good for it"

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
                # The last event of aider's SDK goes by a thread that a busy machine may end before
                # it is sent; ours is on the disk by then.
                lost = table == "exit" and run != "crashes" and not stock
                assert len(ours) == (1 if lost else len(stock)), (run, table)
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


def _crashes_of_stock(runs: Runs) -> list[dict[str, Any]]:
    ours = {user for (way, _), user in runs.installs.items() if way != STOCK}
    return [row for row in runs.tables["exception"] if row["user_id"] not in ours]


def table_name(event: str) -> str:
    if event == "session_start":
        return "sessions"
    return event.replace(" ", "_").replace("-", "_")


def _told(runs: Runs, way: str) -> dict[str, int]:
    """Return how often each secret word was sent."""
    sent = runs.sent[way].lower()
    return {word: sent.count(word.lower().encode()) for word in SECRETS}
