"""An aider from its package index, unchanged, that was only told another PostHog address.

Whatever a person could have written in its runs is a secret word, which is looked for afterwards in
every byte that the collector kept.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.client.kinds import Exception_
from aboveboard.hosts.aider.catalog import CATALOG
from tests.hosts.aider.person import API_KEY, HOME, OPTION, SECRETS
from tests.hosts.aider.runs import STOCK

if TYPE_CHECKING:
    from tests.hosts.aider.runs import Runs

pytestmark = [pytest.mark.aider, pytest.mark.xdist_group("aider")]  # one set of runs for all

TOLD_BY_AIDER = (API_KEY, OPTION, HOME)
"""What a stock aider does send of these, in the texts and the paths of errors, as measured."""

NOBODY = str(uuid.UUID(int=0))


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


def _crashes_of_stock(runs: Runs) -> list[dict[str, Any]]:
    ours = {user for (way, _), user in runs.installs.items() if way != STOCK}
    return [row for row in runs.tables["exception"] if row["user_id"] not in ours]


def table_name(event: str) -> str:
    if event == "session_start":
        return "sessions"
    return event.replace(" ", "_").replace("-", "_")
