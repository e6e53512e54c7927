"""A chat under aboveboard and the same one without: what it tells, and that all else is equal."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.hosts.aider.catalog import CATALOG
from tests.hosts.aider.chat import EDITED, Chat, chat
from tests.hosts.aider.fake_llm import Reply, fake_llm
from tests.hosts.aider.person import ANSWER, CODE, FILE, PROMPT, SECRETS, Person
from tests.hosts.aider.wire import listener

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.aider.conftest import StockAider

pytestmark = [pytest.mark.aider, pytest.mark.thorough]

WATCH_IMPORTS = """
import atexit, os, sys
def write():
    with open(os.path.join(os.environ["HOME"], "modules"), "a") as file:
        file.write("".join(name + "\\n" for name in list(sys.modules)))
atexit.register(write)
"""
"""A `sitecustomize` that writes down at exit what was imported."""


@dataclass(frozen=True)
class Chats:
    """The same chat twice, and what each sent."""

    ours: Chat
    stock: Chat
    user_id: str
    sent: bytes
    sent_by_stock: bytes

    def properties(self, event: str) -> list[dict[str, Any]]:
        """Return the properties of every such event that ours logged, in order."""
        return [line["properties"] for line in self.ours.person.logged() if line["event"] == event]


@pytest.fixture(scope="module")
def chats(stock_aider: StockAider, tmp_path_factory: pytest.TempPathFactory) -> Chats:
    directory = tmp_path_factory.mktemp("chats")
    (directory / "sitecustomize.py").write_text(WATCH_IMPORTS)
    watched = {"PYTHONPATH": str(directory)}
    log = ("--analytics", "--analytics-log")
    with listener() as collector, listener() as posthog:
        person = Person(directory / "ours", stock_aider, environ=watched)
        person.sends_to(collector.url)
        user_id = person.agreed()
        ours = chat(person, person.aboveboard, *log, str(person.log))
        person.has_sent()
        other = Person(directory / "stock", stock_aider, environ=watched)
        other.agreed_in_stock()
        stock = chat(
            other, other.stock, *log, str(other.log),
            "--analytics-posthog-host", posthog.url, "--analytics-posthog-project-api-key", "k",
        )  # fmt: skip
    return Chats(ours, stock, user_id, collector.body(), posthog.body())


class TestTheChat:
    def test_looks_as_without_us(self, chats: Chats) -> None:
        assert chats.ours.shown() == chats.stock.shown()
        assert "Applied edit" in chats.ours.screen

    def test_ends_with_the_same_exit_code(self, chats: Chats) -> None:
        assert chats.ours.code == chats.stock.code == 0

    def test_asks_the_model_the_same(self, chats: Chats) -> None:
        def asked(chat: Chat) -> str:
            # The hash of aider's commit, which it tells the model, is another in every run.
            return re.sub(r"git hash [0-9a-f]{7}", "git hash", json.dumps(chat.asked, indent=1))

        assert asked(chats.ours) == asked(chats.stock)
        assert len(chats.ours.asked) == 6

    def test_leaves_the_same_files_and_commits(self, chats: Chats) -> None:
        for person in (chats.ours.person, chats.stock.person):
            assert person.file.read_text() == EDITED
            assert person.git("log", "--format=%s") == "Greet with another word\nBegin\n"
            assert person.git("status", "--short") == ""


class TestTheProcess:
    def test_never_imports_posthog_or_mixpanel(self, chats: Chats) -> None:
        def imported(person: Person) -> set[str]:
            modules = (person.home / "modules").read_text().splitlines()
            assert "aider.main" in modules
            return {name.partition(".")[0] for name in modules}

        assert {"posthog", "mixpanel"} <= imported(chats.stock.person), "there was nothing to avoid"
        assert not {"posthog", "mixpanel"} & imported(chats.ours.person)

    def test_leaves_no_file_of_aiders_changed(self, stock_aider: StockAider, chats: Chats) -> None:
        import base64
        import csv
        import hashlib

        (record,) = stock_aider.packages.glob("aider_chat-*.dist-info/RECORD")
        checked = 0
        for name, digest, _ in csv.reader(record.read_text().splitlines()):
            if name.startswith("aider/") and digest:
                content = hashlib.sha256((stock_aider.packages / name).read_bytes()).digest()
                found = base64.urlsafe_b64encode(content).decode().rstrip("=")
                assert digest == f"sha256={found}", name
                checked += 1
        assert checked > 100


class TestTheLog:
    def test_is_byte_for_byte_what_is_sent(self, chats: Chats) -> None:
        assert chats.sent == chats.ours.person.log.read_bytes()

    def test_holds_nothing_but_the_catalog(self, chats: Chats) -> None:
        for line in chats.ours.person.logged():
            assert set(line) == {"event", "properties", "user_id", "session", "seq", "time"}
            entry = CATALOG.entries[line["event"]]
            assert set(line["properties"]) == set(entry.properties)
            for name, value in line["properties"].items():
                assert entry.properties[name].kind.accept(value) == value
            assert line["user_id"] == chats.user_id

    def test_tells_what_a_stock_aider_tells_and_in_its_order(self, chats: Chats) -> None:
        new = {"session_start", "reply", "provider_error", "side_request"}
        ours = [line["event"] for line in chats.ours.person.logged() if line["event"] not in new]
        stock = [line["event"] for line in chats.stock.person.logged()]
        assert ours == ["command" if event.startswith("command_") else event for event in stock]
        kept = [
            (line["event"], line["properties"])
            for line in chats.ours.person.logged()
            if line["event"] in ("message_send", "cli session", "repo", "auto_commits", "exit")
        ]
        told = [
            (line["event"], line["properties"])
            for line in chats.stock.person.logged()
            if line["event"] in ("message_send", "cli session", "repo", "auto_commits", "exit")
        ]
        assert kept == told

    def test_holds_no_word_of_the_persons(self, chats: Chats) -> None:
        for secret in SECRETS:
            assert secret.lower().encode() not in chats.sent.lower()
        assert PROMPT in json.dumps(chats.ours.asked), "there was something to tell"


class TestReplies:
    def test_are_told_one_by_one_with_their_mode_and_end(self, chats: Chats) -> None:
        told = [(reply["mode"], reply["end"]) for reply in chats.properties("reply")]
        assert told == [
            ("ask", "complete"),
            ("code", "complete"),
            ("code", "complete"),
            ("code", "error"),
            ("code", "interrupted"),
        ]

    def test_tell_whether_their_edits_applied(self, chats: Chats) -> None:
        _, failed, mended, error, interrupted = chats.properties("reply")
        assert (failed["edits"], failed["reflection"], failed["files"]) == ("failed", 0, None)
        assert (mended["edits"], mended["reflection"], mended["files"]) == ("applied", 1, 1)
        assert error["edits"] is None
        assert interrupted["edits"] is None

    def test_tell_how_much_was_sent_in_coarse_steps(self, chats: Chats) -> None:
        asked, edited, *_ = chats.properties("reply")
        assert (asked["context"], edited["context"]) == ("under 1k", "1k to 4k")
        assert asked["repo_map"] == "under 1k"

    def test_tell_the_time_to_the_first_piece_and_to_the_end(self, chats: Chats) -> None:
        for reply in chats.properties("reply")[:3]:
            assert reply["streamed"] is True
            assert 0 <= reply["first_token"] <= reply["duration"]
        interrupted = chats.properties("reply")[4]
        assert interrupted["first_token"] is not None
        assert interrupted["duration"] is None

    def test_tell_the_type_of_a_providers_error(self, chats: Chats) -> None:
        (error,) = chats.properties("provider_error")
        assert error["model"] == "openai/gpt-4o"
        assert error["error"]["type"] == "litellm.BadRequestError"
        assert error["error"]["frames"][0].startswith("aider.models:send_completion:")
        assert chats.properties("reply")[3]["retries"] == 0

    def test_leave_commit_messages_to_an_event_of_their_own(self, chats: Chats) -> None:
        (commit,) = chats.properties("side_request")
        assert commit["model"] == "gpt-4o-mini"
        assert commit["answered"] is True
        assert (commit["prompt_tokens"], commit["completion_tokens"]) == (1200, 34)
        assert commit["cost"] > 0


class TestOtherWays:
    def test_udiff_edits_apply_and_repeated_requests_are_counted(
        self, stock_aider: StockAider, tmp_path: Path
    ) -> None:
        person = Person(tmp_path / "udiff", stock_aider)
        old, new = f"    return '{CODE}'", f"    return '{ANSWER}'"
        diff = f"```diff\n--- {FILE}.py\n+++ {FILE}.py\n@@ ... @@\n-{old}\n+{new}\n```\n"
        # The provider's own library asks three times before aider hears of it.
        down = [Reply(status=503, error="down")] * 3
        with fake_llm(*down, Reply(diff), Reply("Greet")) as llm:
            code, output = person.run(
                person.aboveboard(
                    "--no-analytics", "--analytics-log", str(person.log), "--no-stream",
                    "--model", "openai/gpt-4o", "--edit-format", "udiff", "--no-check-update",
                    "--no-show-model-warnings", "--openai-api-base", llm.url, "--yes-always",
                    "--message", "Please", f"{FILE}.py",
                )
            )  # fmt: skip
        assert code == 0, output
        assert person.file.read_text() == EDITED
        events = {line["event"]: line["properties"] for line in person.logged()}
        assert events["reply"]["edit_format"] == "udiff"
        assert events["reply"]["streamed"] is False
        assert events["reply"]["edits"] == "applied"
        assert events["reply"]["retries"] == 1
        assert events["reply"]["first_token"] is None
        assert events["provider_error"]["error"]["type"] == "litellm.ServiceUnavailableError"
        assert events["exit"]["reason"] == "Completed --message"
        assert not person.spool.exists(), "a log is no consent"
