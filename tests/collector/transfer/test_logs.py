from __future__ import annotations

import io
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.allowlist import Accepted, Columns, Unfit
from aboveboard.collector.inbox import packing, storage
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.inbox.memory import Memory
from aboveboard.collector.projects.project import Project
from aboveboard.collector.protocols.legacy import Told
from aboveboard.collector.service import Reader
from aboveboard.collector.transfer import logs as auditlog
from aboveboard.collector.transfer.logs import LINE_MAX, LogImport, Summary
from tests.collector.texts import encoded, leaks, values
from tests.collector.tool import EVENTS, LEGACY, NOW, Install, new_id
from tests.collector.transfer.logged import READER, old


class Uninvited(Event):
    """Not in the catalog yet."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Inbox]:
    opened = Inbox(tmp_path)
    yield opened
    opened.close()


def take(store: Inbox, log: bytes, reader: Reader = READER, chunk: int = 3) -> Summary:
    """Import a log as the command does, a few lines at a time."""
    total = Summary()
    file = LogImport(reader, store)
    lines = list(auditlog.lines(io.BytesIO(log)))
    for start in range(0, len(lines), chunk):
        total.add(file.take(lines[start : start + chunk]))
    return total


def kept(directory: Path) -> dict[str, Columns]:
    """Return all that waits."""
    merged: dict[str, Columns] = {}
    connection = storage.connect(directory, storage.INBOX)
    for (body,) in connection.execute("SELECT body FROM waiting ORDER BY number"):
        packing.unpack_into(merged, body)
    connection.close()
    return merged


class TestOurLogs:
    def test_a_log_twice_counts_once(self, store: Inbox, tmp_path: Path) -> None:
        log = Install().segment(5)
        assert take(store, log).taken == 6
        again = take(store, log)
        assert (again.taken, again.known) == (0, 6)
        assert len(kept(tmp_path)["message_send"]["time"]) == 5

    def test_of_a_log_that_has_grown_the_new_lines_are_taken(self, store: Inbox) -> None:
        me = Install()
        log = me.segment(2)
        take(store, log)
        grown = take(store, log + me.line("exit") + me.line("exit"))
        assert (grown.taken, grown.known) == (2, 3)

    def test_equal_lines_are_as_many_events(self, store: Inbox, tmp_path: Path) -> None:
        take(store, Install().line("launched") * 7, chunk=2)
        assert len(kept(tmp_path)["launched"]["time"]) == 7

    def test_a_session_that_came_over_the_wire_is_left_out_and_said(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        sent, unsent = Install(), Install()
        accepted = READER.segments.read(sent.segment(1))
        store.commit([Delivery("tool", uuid.uuid4(), accepted)])
        summary = take(store, sent.segment(1) + unsent.segment(1))
        assert (summary.taken, summary.sent, summary.installs) == (
            2,
            {sent.session},
            {unsent.user_id},
        )
        assert len(kept(tmp_path)["sessions"]["time"]) == 2

    def test_its_sessions_are_known_to_be_imported(self, store: Inbox, tmp_path: Path) -> None:
        take(store, Install().start())
        assert kept(tmp_path)["sessions"]["source"] == ["import"]

    def test_damaged_lines_are_counted_and_the_others_taken(self, store: Inbox) -> None:
        me = Install()
        damage = [b'{"ev\n', b"\xff\n", b"[]\n", b"7\n", me.line("launched", user_id="me"), b"{}\n"]
        summary = take(store, me.start() + b"\n" + b"".join(damage) + me.line("exit"))
        assert (summary.taken, summary.damaged) == (2, len(damage))

    def test_a_torn_last_line_is_taken_once_it_is_whole(self, store: Inbox) -> None:
        log = Install().segment(1)
        assert take(store, log[:-5]).damaged == 1
        whole = take(store, log)
        assert (whole.taken, whole.known, whole.damaged) == (1, 1, 0)

    def test_an_endless_line_is_damaged_and_costs_no_memory(self, store: Inbox) -> None:
        me = Install()
        log = me.start() + b"x" * (3 * LINE_MAX) + b"\n" + me.line("exit")
        assert max(map(len, auditlog.lines(io.BytesIO(log)))) <= LINE_MAX
        assert take(store, log).taken == 2

    def test_what_the_catalog_lacks_is_said_each_time_and_quarantined_once(
        self, store: Inbox
    ) -> None:
        log = Install().line("uninvited") * 2
        for _ in range(2):
            assert take(store, log).unfit == Counter({Unfit("event", "uninvited", ""): 2})
        assert [each.times for each in store.quarantine.dropped("tool")] == [2]

    def test_an_event_that_the_catalog_has_learnt_since_is_taken_then(self, store: Inbox) -> None:
        log = Install().line("uninvited")
        take(store, log)
        grown = Catalog.of("tool", [*EVENTS, Uninvited], LEGACY)
        reader = Reader(Project("tool", grown, ("key",), shipped=False))
        assert take(store, log, reader).taken == 1
        assert take(store, log, reader).known == 1


class TestOlderLogs:
    def test_runs_become_sessions(self, store: Inbox, tmp_path: Path) -> None:
        summary = take(store, old("launched", "no-repo", "exit", "launched", "launched"))
        assert summary.taken == 5
        found = kept(tmp_path)
        assert len(set(found["sessions"]["session"])) == 3
        assert found["sessions"]["source"] == ["import"] * 3
        assert found["no_repo"]["session"] == found["exit"]["session"]

    def test_a_grown_log_goes_on_where_it_was(self, store: Inbox, tmp_path: Path) -> None:
        take(store, old("launched", "no-repo"))
        summary = take(store, old("launched", "no-repo", "message_send", "exit", "launched"))
        assert (summary.taken, summary.known) == (3, 2)
        found = kept(tmp_path)
        assert found["message_send"]["session"] == found["no_repo"]["session"]
        assert len(found["sessions"]["session"]) == 2

    def test_the_text_none_is_null(self, store: Inbox, tmp_path: Path) -> None:
        take(store, old("message_send", main_model="None", edit_format="diff"))
        assert "main_model" not in kept(tmp_path)["message_send"]
        assert kept(tmp_path)["message_send"]["edit_format"] == ["diff"]

    def test_a_number_that_is_none_is_null(self, store: Inbox, tmp_path: Path) -> None:
        take(store, old("message_send", cost=float("nan"), tokens=7))
        assert "cost" not in kept(tmp_path)["message_send"]
        assert kept(tmp_path)["message_send"]["tokens"] == [7]

    @pytest.mark.parametrize("wrong", [7, 1.5, True, ["x"], {"x": 1}, [[]]], ids=str)
    @pytest.mark.parametrize("key", ["user_id", "session"])
    def test_an_id_that_is_no_text_is_damage_and_the_other_lines_are_taken(
        self, store: Inbox, key: str, wrong: object
    ) -> None:
        me = Install()
        wrongly = json.dumps(json.loads(me.line("launched")) | {key: wrong}).encode() + b"\n"
        ours = me.line("launched") + wrongly + me.line("exit")
        summary = take(store, ours)
        assert (summary.taken, summary.damaged) == (2, 1)
        if key == "user_id":
            older = json.loads(old("launched")) | {key: wrong}
            summary = take(store, json.dumps(older).encode() + b"\n" + old("exit"))
            assert (summary.taken, summary.damaged) == (1, 1)

    def test_a_line_of_an_install_that_says_who_it_is_is_damaged(self, store: Inbox) -> None:
        assert take(store, old("launched", user_id="me@example.org")).damaged == 1

    def test_installs_that_sent_events_too_are_said(self, store: Inbox) -> None:
        sender, other = new_id(), new_id()
        told = [Told("launched", {}, sender, NOW, "1")]

        def settle(memory: Memory) -> Accepted:
            accepted = Accepted()
            runs = READER.translator.settle(told, accepted, "posthog", lambda _: None)
            memory.remember(runs)
            return accepted

        store.commit([Delivery("tool", uuid.uuid4(), Accepted(), settle)])
        log = old("launched", user_id=sender) + old("launched", user_id=other)
        assert take(store, log).senders == {sender}

    def test_installs_are_counted(self, store: Inbox) -> None:
        users = [new_id(), new_id()]
        log = b"".join(old("launched", "exit", user_id=user) for user in users)
        assert take(store, log).installs == set(users)


class TestWhateverComes:
    @given(st.lists(values.map(encoded) | st.binary(max_size=30), max_size=5))
    def test_nothing_breaks_it_and_no_text_is_kept(self, tmp_path: Path, told: list[bytes]) -> None:
        inside = [
            b'{"event": "message_send", "user_id": "%b", "time": %d, "properties": %b}'
            % (new_id().encode(), NOW, each)
            for each in told
        ]
        store = Inbox(tmp_path)
        take(store, b"\n".join([*told, *inside]))
        store.close()
        assert not leaks(kept(tmp_path))
