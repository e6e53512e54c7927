from __future__ import annotations

import asyncio
import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.catalog.line import hour
from aboveboard.collector.allowlist import OTHER, Accepted, AllowList, Columns, Unfit
from aboveboard.collector.inbox import committer, ids, retention, storage
from aboveboard.collector.inbox.committer import GROUP_MAX, Committer
from aboveboard.collector.inbox.inbox import Delivery, Inbox, Receipt, UnavailableError
from aboveboard.collector.inbox.memory import Memory
from aboveboard.collector.inbox.packing import IDENTITY, identities, unpack_into
from aboveboard.collector.inbox.tallies.quarantine import NAMES_MAX, NEW_MAX, Dropped
from aboveboard.collector.operations.worker import Watch
from aboveboard.collector.protocols.segment import NO_TIME, NO_USER_ID, TOO_OLD, SegmentReader
from tests.collector.tool import CATALOG, NOW, Install, new_id

READER = SegmentReader(AllowList(CATALOG))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Inbox]:
    opened = Inbox(tmp_path)
    yield opened
    opened.close()


def delivery(
    messages: int = 1, project: str = "tool", identity: uuid.UUID | None = None
) -> Delivery:
    accepted = READER.read(Install().segment(messages))
    return Delivery(project, identity or uuid.uuid4(), accepted)


def waiting(directory: Path) -> list[tuple[str, int]]:
    with closing(storage.connect(directory, storage.INBOX)) as connection:
        return connection.execute("SELECT project, events FROM waiting ORDER BY number").fetchall()


class TestDeliveries:
    def test_a_delivery_that_comes_twice_is_stored_once(self, store: Inbox, tmp_path: Path) -> None:
        one = delivery(3)
        assert [receipt.duplicate for receipt in store.commit([one])] == [False]
        assert [receipt.duplicate for receipt in store.commit([one])] == [True]
        assert waiting(tmp_path) == [("tool", 4)]

    def test_even_in_one_transaction(self, store: Inbox, tmp_path: Path) -> None:
        one = delivery(3)
        assert [receipt.duplicate for receipt in store.commit([one, one])] == [False, True]
        assert waiting(tmp_path) == [("tool", 4)]

    def test_two_projects_may_have_deliveries_of_one_id(self, store: Inbox, tmp_path: Path) -> None:
        same = uuid.uuid4()
        store.commit([delivery(1, "tool", same), delivery(1, "other", same)])
        assert waiting(tmp_path) == [("tool", 2), ("other", 2)]

    def test_a_delivery_of_which_nothing_was_taken_is_known_and_waits_for_nothing(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        empty = Delivery("tool", uuid.uuid4(), READER.read(b"nonsense\n"))
        assert [store.commit([empty])[0].duplicate for _ in range(2)] == [False, True]
        assert waiting(tmp_path) == []
        assert (store.depth.events, store.depth.bytes("tool")) == (0, 0)

    def test_ids_are_forgotten_when_their_time_is_over(self, store: Inbox, tmp_path: Path) -> None:
        one = delivery()
        store.commit([one])
        with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
            count = "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM session)"
            (taken,) = connection.execute("SELECT taken FROM delivery").fetchone()
            for days, left in ((29, (1, 1)), (31, (0, 1)), (401, (0, 0))):
                retention.prune(connection, taken + days * 86_400)
                assert connection.execute(count).fetchone() == left

    def test_what_one_delivery_needs_to_know_is_what_those_before_it_stored(
        self, store: Inbox
    ) -> None:
        seen: list[bool] = []

        def settle(memory: Memory) -> Accepted:
            seen.append(bool(memory.note([b"an event, of us."])))
            return READER.read(Install().segment(1))

        deliveries = [Delivery("tool", uuid.uuid4(), Accepted(), settle) for _ in range(3)]
        store.commit(deliveries)
        store.commit(deliveries)  # known already, so they need to know nothing
        assert seen == [True, False, False]

    def test_and_it_knows_the_sessions_that_came_in_the_same_group(self, store: Inbox) -> None:
        before, asked = Install(), new_id()
        seen: list[bool] = []

        def settle(memory: Memory) -> Accepted:
            seen.extend(memory.was_sent(each) for each in (before.session, asked))
            return Accepted()

        first = Delivery("tool", uuid.uuid4(), READER.read(before.segment(1)))
        store.commit([first, Delivery("tool", uuid.uuid4(), Accepted(), settle)])
        assert seen == [True, False]

    def test_rows_say_which_delivery_brought_them_only_among_several_collectors(
        self, tmp_path: Path
    ) -> None:
        known, unknown = delivery(1), delivery(1)
        unknown.id = None
        told = []
        for is_shared in (True, False):
            place = tmp_path / str(is_shared)
            with closing(Inbox(place, is_shared=is_shared)) as store:
                store.commit([known, unknown])
            merged: dict[str, Columns] = {}
            with closing(storage.connect(place)) as connection:
                for (body,) in connection.execute("SELECT body FROM waiting ORDER BY number"):
                    unpack_into(merged, body)
            told.append(identities(merged))
            for columns in known.accepted.tables.values():
                columns.pop(IDENTITY, None)
        assert told == [{each: [str(known.id), None] for each in ("sessions", "message_send")}, {}]

    def test_how_much_waits_is_known_project_by_project_and_after_a_start_too(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        store.commit([delivery(1), delivery(2, "other")])
        store.commit([delivery(3), delivery(4)])
        with closing(Inbox(tmp_path)) as again:
            for depth in (store.depth, again.depth):
                assert depth.events == 2 + 3 + 4 + 5
                sizes = {each: depth.bytes(each) for each in ("tool", "other", "none")}
                assert depth.above(sizes["other"]) == ["tool"]
                assert sizes["tool"] > 2 * sizes["other"] > sizes["none"] == 0
            assert again.depth.bytes("tool") == store.depth.bytes("tool")

    def test_only_what_comes_from_a_sender_and_is_new_says_how_late_it_is(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        live, log = delivery(), delivery()
        log.is_live = False
        for _ in range(2):
            store.commit([live, log])
            with closing(storage.connect(tmp_path)) as connection:
                assert connection.execute("SELECT sum(sessions) FROM lateness").fetchone() == (1,)

    def test_a_group_takes_as_many_statements_as_one_delivery(self, store: Inbox) -> None:
        # Each lets others run before the next: a statement a delivery is a wait a delivery.
        statements: list[str] = []
        store._connection.set_trace_callback(statements.append)
        counts = []
        for group in (1, 50):
            store.commit([delivery() for _ in range(group)])
            counts.append(len(statements))
            statements.clear()
        assert counts[0] == counts[1]

    def test_ids_are_told_apart_however_many_come_at_once(self, store: Inbox) -> None:
        known, new = ([uuid.uuid4().bytes for _ in range(ids.AT_ONCE)] for _ in range(2))
        connection = store._connection
        ids.add(connection, "session", "tool", known, 3600)
        ids.add(connection, "session", "tool", [*new, *known], 7200)
        ids.add(connection, "session", "other", new[:1], 3600)
        assert ids.known(connection, "session", "tool", [*known, *new]) == {*known, *new}
        assert ids.known(connection, "session", "other", [*known, *new]) == {new[0]}
        rows = connection.execute("SELECT id, taken FROM session WHERE project = 'tool'").fetchall()
        assert dict(rows) == dict.fromkeys(known, 3600) | dict.fromkeys(new, 7200)


class TestWhenNothingCanBeTaken:
    def test_a_full_disk_stores_nothing_of_the_group_and_loses_nothing_before_it(
        self, tmp_path: Path
    ) -> None:
        small = Inbox(tmp_path, _pages_max=60)
        first = delivery(1)
        small.commit([first])
        second, large = delivery(1), delivery(1)
        large.accepted.tables["message_send"]["main_model"] = ["x" * 1_000_000]
        with pytest.raises(UnavailableError, match="full"):
            small.commit([second, large])
        assert waiting(tmp_path) == [("tool", 2)]
        assert [receipt.duplicate for receipt in small.commit([first, second])] == [True, False]
        small.close()

    def test_a_disk_that_is_nearly_full_takes_nothing_more(self, tmp_path: Path) -> None:
        store = Inbox(tmp_path, reserve=2**62)
        with closing(store), pytest.raises(UnavailableError, match="nearly full"):
            store.commit([delivery()])
        assert waiting(tmp_path) == []

    def test_a_project_of_which_too_much_waits_is_not_taken_and_the_others_are(
        self, tmp_path: Path
    ) -> None:
        with closing(Inbox(tmp_path, waiting_max=1)) as store:
            store.check_room("tool")
            store.commit([delivery()])
            with pytest.raises(UnavailableError, match="too much of project tool waits"):
                store.check_room("tool")
            store.check_room("other")
            size = store.depth.bytes("tool")
        with closing(Inbox(tmp_path, waiting_max=size)) as just:
            just.check_room("tool")
            assert just.troubles() == []
        with closing(Inbox(tmp_path, waiting_max=1)) as again:
            with pytest.raises(UnavailableError, match="too much of project tool waits"):
                again.check_room("tool")
            again.depth.add("tool", -again.depth.events, -again.depth.bytes("tool"))
            again.check_room("tool")

    def test_it_says_what_is_refused_without_a_path(self, tmp_path: Path) -> None:
        with closing(Inbox(tmp_path, waiting_max=1)) as store:
            assert store.troubles() == []
            store.commit([delivery()])
            (said,) = store.troubles()
        assert said == "project tool: nothing is taken: too much waits for the warehouse"
        with closing(Inbox(tmp_path, reserve=2**62)) as store:
            (said,) = store.troubles()
        assert said == "nothing is taken: the disk of the data directory is nearly full"
        with closing(Inbox(tmp_path / "gone")) as store:
            shutil.rmtree(tmp_path / "gone")
            assert store.troubles() == ["nothing is taken: the data directory cannot be looked at"]

    def test_a_trial_finds_a_file_that_takes_nothing_and_leaves_nothing(
        self, tmp_path: Path
    ) -> None:
        with closing(Inbox(tmp_path)) as store:
            store.commit([delivery(1)])
        before = waiting(tmp_path)
        with closing(Inbox(tmp_path, _pages_max=1)) as full:  # no fewer than there are
            with pytest.raises(UnavailableError, match="full"):
                full.probe()
            assert waiting(tmp_path) == before
        with closing(Inbox(tmp_path)) as store:
            store.probe()
            store.probe()
        assert waiting(tmp_path) == before
        with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
            (ids,) = connection.execute("SELECT count(*) FROM delivery").fetchone()
        assert ids == 1

    def test_a_directory_that_cannot_be_written_to_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(storage.StorageError, match=r"cannot write to .*file"):
            Inbox(tmp_path / "file")

    def test_a_file_that_is_no_database_is_named(self, tmp_path: Path) -> None:
        (tmp_path / storage.INBOX).write_text("something else, and long enough to be looked at")
        with pytest.raises(storage.StorageError, match=r"inbox\.sqlite"):
            Inbox(tmp_path)


class TestQuarantine:
    def count(self, store: Inbox, *unfit: Unfit) -> list[Dropped]:
        counted = Accepted(unfit=Counter(unfit))
        store.commit([Delivery("tool", uuid.uuid4(), counted)])
        return store.quarantine.dropped("tool")

    def test_what_was_dropped_is_counted_by_name(self, store: Inbox) -> None:
        value = Unfit("value", "message_send", "cost")
        self.count(store, value, value)
        first, second = self.count(store, value, Unfit("event", "uninvited", ""))
        assert (first.what, first.event, first.property, first.times) == (*value, 3)
        assert (second.what, second.event, second.property, second.times) == (
            "event", "uninvited", "", 1,
        )  # fmt: skip
        assert store.quarantine.dropped("other") == []

    def test_a_delivery_that_comes_twice_is_counted_once(self, store: Inbox) -> None:
        twice = Delivery("tool", uuid.uuid4(), READER.read(Install().line("uninvited")))
        store.commit([twice])
        store.commit([twice])
        assert [each.times for each in store.quarantine.dropped("tool")] == [1]

    @pytest.mark.parametrize("name", ["/home/me", "a" * 65, "ä", "a\nb", "1", "a'b", "me@here"])
    def test_a_name_that_looks_like_none_is_not_kept(self, store: Inbox, name: str) -> None:
        assert [each.event for each in self.count(store, Unfit("event", name, ""))] == [OTHER]

    def test_one_delivery_adds_a_few_names_and_the_others_are_counted(self, store: Inbox) -> None:
        names = [Unfit("event", f"name{number}", "") for number in range(200_000)]
        dropped = self.count(store, *names)
        assert len(dropped) == NEW_MAX + 1
        assert sum(each.times for each in dropped) == len(names)
        assert dropped[0].event == OTHER

    def fill(self, store: Inbox, deliveries: int = NAMES_MAX) -> list[Dropped]:
        for number in range(deliveries):
            self.count(store, *[Unfit("event", f"n{number}x{name}", "") for name in range(NEW_MAX)])
        return store.quarantine.dropped("tool")

    def test_no_sender_can_fill_it_and_news_is_seen_after_an_attack(self, store: Inbox) -> None:
        honest = Unfit("event", "honest", "")
        for _ in range(3):
            self.count(store, honest)
        dropped = self.fill(store, 30)
        assert len(dropped) == NAMES_MAX + 1
        assert sum(each.times for each in dropped) == 30 * NEW_MAX + 3
        late = self.count(store, Unfit("property", "message_send", "late"))
        assert "late" in {each.property for each in late}
        assert "honest" in {each.event for each in late}
        assert len([each for each in late if each.event != OTHER]) == NAMES_MAX

    def test_the_bound_holds_when_the_collector_is_started_again(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        self.fill(store, NAMES_MAX // NEW_MAX)
        with closing(Inbox(tmp_path)) as again:
            dropped = self.count(again, Unfit("event", "late", ""), Unfit("event", "n1x1", ""))
        assert {each.event: each.times for each in dropped if each.times > 1} == {"n1x1": 2}
        assert "late" in {each.event for each in dropped}
        assert len([each for each in dropped if each.event != OTHER]) == NAMES_MAX

    def test_a_row_says_since_when_by_the_hour_and_from_which_version(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        me = Install()
        accepted = READER.read(me.start() + me.line("newer"))
        store.commit([Delivery("tool", uuid.uuid4(), accepted)])
        self.count(store, Unfit("event", "newer", ""))
        (row,) = store.quarantine.dropped("tool")
        assert (row.event, row.times, row.version) == ("newer", 2, "1.2.3")
        assert row.first == row.last == hour(row.last)

    def test_a_row_that_nothing_was_added_to_is_forgotten(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        (row,) = self.count(store, Unfit("event", "uninvited", ""))
        with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
            retention.prune(connection, row.last + 89 * 86_400)
            assert store.quarantine.dropped("tool") == [row]
            retention.prune(connection, row.last + 91 * 86_400)
        assert store.quarantine.dropped("tool") == []

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b"{torn\n", "not a line of JSON"),
            (Install().line("launched", time=NOW + 2 * 86_400), NO_TIME),
            (Install().line("launched", time=NOW - 500 * 86_400), TOO_OLD),
            (Install("someone").line("launched"), NO_USER_ID),
        ],
        ids=["torn", "ahead", "old", "id"],
    )
    def test_a_line_that_is_not_taken_is_counted_by_its_reason_alone(
        self, store: Inbox, line: bytes, reason: str
    ) -> None:
        store.commit([Delivery("tool", uuid.uuid4(), READER.read(Install().start() + line))])
        (row,) = store.quarantine.dropped("tool")
        assert (row.what, row.event, row.property, row.times) == (reason, "", "", 1)
        assert row.version == "1.2.3"


def is_troubled(one: Committer) -> bool:
    return one.trouble is not None


class TestCommitter:
    def submit(self, store: Inbox, *deliveries: Delivery) -> list[Receipt | BaseException]:
        stored = threading.Event()
        one = Committer(store, stored.set, Watch())
        one.start()

        async def all_at_once() -> list[Receipt | BaseException]:
            submissions = (one.submit(each) for each in deliveries)
            return await asyncio.gather(*submissions, return_exceptions=True)

        try:
            return asyncio.run(all_at_once())
        finally:
            one.close()
            assert stored.is_set() or not waiting(store._directory)

    def test_each_of_many_requests_gets_its_own_receipt(self, store: Inbox, tmp_path: Path) -> None:
        deliveries = [delivery(number) for number in range(100)]
        receipts = self.submit(store, *deliveries, *deliveries)
        assert [r.accepted.events for r in receipts if isinstance(r, Receipt)] == [
            *range(1, 101),
            *range(1, 101),
        ]
        assert [r.duplicate for r in receipts if isinstance(r, Receipt)] == [False] * 100 + [
            True
        ] * 100
        assert len(waiting(tmp_path)) == 100

    def test_one_to_which_nothing_comes_learns_that_the_disk_takes_something_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What is told to be not ready may be sent nothing more."""
        monkeypatch.setattr(committer, "PROBE_SECONDS", 0.01)
        large = delivery(1)
        large.accepted.tables["message_send"]["main_model"] = ["x" * 1_000_000]
        with closing(Inbox(tmp_path, _pages_max=60)) as small:
            one = Committer(small, lambda: None, Watch())
            one.start()
            with pytest.raises(UnavailableError):
                asyncio.run(one.submit(large))
            assert is_troubled(one)
            deadline = time.monotonic() + 20
            while is_troubled(one) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not is_troubled(one)
            refused, again = caplog.messages
            assert refused.startswith("nothing is taken now: the inbox cannot be written")
            assert again == "events are taken again"
            asyncio.run(one.submit(delivery(1)))
            one.close()
        assert waiting(tmp_path) == [("tool", 2)]
        assert len(caplog.messages) == 2  # that it goes on is no news

    def test_a_project_of_which_too_much_waits_spoils_no_others_delivery(
        self, tmp_path: Path
    ) -> None:
        with closing(Inbox(tmp_path, waiting_max=1)) as store:
            store.commit([delivery()])
            refused, taken = self.submit(store, delivery(), delivery(1, "other"))
        assert isinstance(refused, UnavailableError)
        assert isinstance(taken, Receipt)
        assert waiting(tmp_path) == [("tool", 2), ("other", 2)]

    def test_a_delivery_that_breaks_spoils_none_of_its_group(
        self, store: Inbox, tmp_path: Path
    ) -> None:
        def settle(_memory: Memory) -> Accepted:
            raise ValueError("secret")

        broken = Delivery("tool", uuid.uuid4(), Accepted(), settle)
        first, failed, last = self.submit(store, delivery(1), broken, delivery(2))
        assert isinstance(first, Receipt)
        assert isinstance(failed, ValueError)
        assert isinstance(last, Receipt)
        assert waiting(tmp_path) == [("tool", 2), ("tool", 3)]

    def test_all_are_told_when_nothing_can_be_stored_and_the_log_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with closing(Inbox(tmp_path, reserve=2**62)) as store:
            deliveries = [delivery() for _ in range(GROUP_MAX + 1)]  # more than one transaction
            outcomes = self.submit(store, *deliveries)
        assert {type(outcome) for outcome in outcomes} == {UnavailableError}
        (said,) = caplog.messages
        assert "nearly full" in said
