from __future__ import annotations

import http.client
import json
import random
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aboveboard.collector.http.batch import delivery
from aboveboard.collector.inbox import packing, retention, storage
from aboveboard.collector.inbox.inbox import Inbox
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.protocols import posthog
from aboveboard.collector.protocols.identity import TEXT_MAX, identity
from aboveboard.collector.service import Reader
from tests.collector.protocols.batches import body, event
from tests.collector.tool import CATALOG, Server, add_project, ask, new_id
from tests.conftest import examples

Sent = dict[str, object]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Inbox]:
    with closing(Inbox(tmp_path)) as opened:
        yield opened


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    with closing(Projects(tmp_path_factory.mktemp("projects"))) as projects:
        return Reader(projects.add("tool", CATALOG))


def message(number: int, own: str | None) -> Sent:
    told = event("message_send", properties={"tokens": number})
    return {**told, "uuid": own} if own is not None else {k: told[k] for k in told if k != "uuid"}


def post(store: Inbox, reader: Reader, events: list[Sent]) -> int:
    """Store a batch as the collector does; return how many of its events were taken."""
    batch = delivery(reader, posthog.parse(body(*events)))
    (receipt,) = store.commit([batch])
    return receipt.accepted.events


def kept(directory: Path) -> Counter[int]:
    """Return the tokens of the messages that wait for the warehouse, and how often each does."""
    with closing(storage.connect(directory, storage.INBOX)) as connection:
        merged: dict[str, dict[str, list[object]]] = {}
        for (packed,) in connection.execute("SELECT body FROM waiting ORDER BY number"):
            packing.unpack_into(merged, packed)
    return Counter(merged.get("message_send", {}).get("tokens", []))  # type: ignore[arg-type]


class TestAnEventsOwnIdentity:
    def test_an_event_in_other_company_counts_once(
        self, store: Inbox, reader: Reader, tmp_path: Path
    ) -> None:
        a, b, c = (message(number, new_id()) for number in range(3))
        assert [post(store, reader, each) for each in ([a, b], [a, b, c], [c], [b])] == [2, 1, 0, 0]
        assert kept(tmp_path) == {0: 1, 1: 1, 2: 1}

    def test_an_event_without_one_is_an_event_each_time(
        self, store: Inbox, reader: Reader, tmp_path: Path
    ) -> None:
        assert [post(store, reader, [message(7, None)]) for _ in range(3)] == [1, 1, 1]
        assert kept(tmp_path) == {7: 3}

    def test_twice_in_one_batch_is_once(self, store: Inbox, reader: Reader, tmp_path: Path) -> None:
        assert post(store, reader, [message(7, new_id())] * 2) == 1
        assert kept(tmp_path) == {7: 1}

    def test_two_projects_may_have_events_of_one_identity(
        self, store: Inbox, reader: Reader, tmp_path: Path
    ) -> None:
        sent = [message(7, new_id())]
        with closing(Projects(tmp_path)) as projects:
            other = Reader(projects.add("other", CATALOG))
        assert [post(store, each, sent) for each in (reader, other, reader)] == [1, 1, 0]

    def test_a_uuid_is_the_same_however_it_is_spelled(self) -> None:
        own = uuid.uuid4()
        spelled = (str(own), str(own).upper(), own.hex, f"{{{own}}}", own.urn)
        (known,) = {identity(each) for each in spelled}
        assert known != own.bytes  # one of version 7 would tell its millisecond

    def test_a_text_that_is_no_uuid_is_known_by_its_digest(self) -> None:
        assert identity("order-1") == identity("order-1") != identity("Order-1")
        assert len(identity("x" * TEXT_MAX) or b"") == 16

    @pytest.mark.parametrize(
        "none",
        [
            None,
            "",
            7,
            [],
            "x" * (TEXT_MAX + 1),
            str(uuid.UUID(int=0)),
            str(uuid.UUID(int=2**128 - 1)),
        ],
    )
    def test_a_placeholder_is_no_identity(self, none: object) -> None:
        assert identity(none) is None

    def test_an_event_that_the_catalog_did_not_have_is_taken_when_it_does(
        self, store: Inbox, reader: Reader, tmp_path: Path
    ) -> None:
        sent = message(7, new_id())
        assert post(store, reader, [{**sent, "event": "later"}]) == 0
        assert post(store, reader, [sent]) == 1

    def test_a_batch_that_0_1_0_has_taken_is_known(
        self, store: Inbox, reader: Reader, tmp_path: Path
    ) -> None:
        sent = [message(number, new_id()) for number in range(2)]
        former = posthog.parse(body(*sent)).former_id
        assert former is not None
        with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
            connection.execute(
                "INSERT INTO delivery VALUES ('tool', ?, ?)", (former.bytes, int(time.time()))
            )
        assert post(store, reader, sent) == 0

    def test_identities_are_forgotten_when_their_time_is_over(
        self, store: Inbox, reader: Reader, tmp_path: Path
    ) -> None:
        post(store, reader, [message(7, new_id())])
        with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
            (taken,) = connection.execute("SELECT taken FROM identity").fetchone()
            assert taken % 3600 == 0
            for days, left in ((29, 1), (31, 0)):
                retention.prune(connection, taken + days * 86_400)
                assert connection.execute("SELECT count(*) FROM identity").fetchone() == (left,)


NUMBERS = st.lists(st.integers(0, 11), min_size=1, max_size=8)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    named=st.lists(st.booleans(), min_size=12, max_size=12),
    batches=st.lists(NUMBERS, min_size=1, max_size=12),
    dice=st.randoms(use_true_random=False),
)
def test_however_batches_are_split_repeated_and_mixed_each_event_is_kept_once(
    reader: Reader, named: list[bool], batches: list[list[int]], dice: random.Random
) -> None:
    owns = [new_id() if each else None for each in named]
    sent = [
        [
            message(n, own.upper() if own and dice.random() < 0.2 else own)
            for n in batch
            for own in [owns[n]]
        ]
        for batch in batches
    ]
    posts = sent + [dice.choice(sent) for _ in range(dice.randrange(4))]
    dice.shuffle(posts)
    came: Counter[int] = Counter()
    for each in posts:
        for one in each:
            came[one["properties"]["tokens"]] += 1  # type: ignore[index]
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        lock = threading.Lock()
        with closing(Inbox(directory)) as store, ThreadPoolExecutor(3) as senders:

            def send(events: list[Sent]) -> None:
                batch = delivery(reader, posthog.parse(body(*events)))
                with lock:  # the committer is one thread
                    store.commit([batch])

            list(senders.map(send, posts))
        assert kept(directory) == {
            n: 1 if owns[n] is not None else times for n, times in came.items()
        }


@pytest.mark.thorough
def test_a_client_that_sends_what_waits_until_it_is_answered_is_counted_once_across_kills(
    tmp_path: Path,
) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    dice = random.Random(3)
    done: list[int] = []
    over = threading.Event()

    def send(first: int) -> None:
        waits: list[Sent] = []
        number = first
        while not over.is_set() or waits:
            for _ in range(dice.randrange(1, 6) if not over.is_set() else 0):
                waits.append(message(number, new_id()))
                number += 1
            batch = dice.sample(waits, len(waits))
            try:
                answer = server.request("POST", "/batch/", body(*batch, api_key=key))
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue  # it may have been stored: it is sent again, and has grown
            if answer.status == 200 and (over.is_set() or dice.random() < 0.7):
                done.extend(each["properties"]["tokens"] for each in waits)  # type: ignore[index]
                waits = []

    senders = [threading.Thread(target=send, args=(n * 1_000_000,)) for n in range(3)]
    for sender in senders:
        sender.start()
    for _ in range(3):
        time.sleep(dice.uniform(0.4, 1.0))
        server.kill()
        server.start()
    over.set()
    for sender in senders:
        sender.join()
    assert server.stop() == (0, "")
    found = ask(tmp_path, "SELECT tokens FROM {project:Identifier}.message_send ORDER BY tokens")
    assert len(done) > 50
    assert [row[0] for row in found.rows] == sorted(done)


def test_the_order_of_keys_and_the_time_of_sending_make_no_other_event(
    store: Inbox, reader: Reader, tmp_path: Path
) -> None:
    sent = message(7, new_id())
    turned = dict(reversed(json.loads(msgspec.json.encode(sent)).items()))
    assert post(store, reader, [sent]) == 1
    again = delivery(reader, posthog.parse(body(turned, sentAt="2026-01-01T00:00:00Z")))
    (receipt,) = store.commit([again])
    assert (receipt.accepted.events, receipt.accepted.known) == (0, 1)


class TestRunsBetweenDeliveries:
    """Of a sender that names no session, what one delivery leaves for the next."""

    @pytest.mark.parametrize(
        ("told", "sessions"),
        [
            ([("launched", 0), ("message_send", 1), ("exit", 2)], [0, 0, 0]),
            ([("launched", 0), ("message_send", 24)], [0, 0]),
            ([("launched", 0), ("message_send", 25)], [0, 1]),
            ([("launched", 0), ("message_send", 20), ("exit", 40)], [0, 0, 0]),
            ([("launched", 30), ("message_send", 10), ("message_send", 50)], [0, 0, 0]),
            ([("launched", 30), ("message_send", 5)], [0, 1]),
            ([("launched", 0), ("launched", 1)], [0, 1]),
            ([("message_send", 0), ("launched", 1), ("exit", 2)], [0, 0, 0]),
            ([("launched", 0), ("message_send", 1), ("launched", 2)], [0, 0, 1]),
            ([("message_send", 0), ("launched", 1), ("launched", 2)], [0, 0, 1]),
            ([("launched", 0), ("exit", 1), ("message_send", 2)], [0, 0, 1]),
            ([("exit", 0), ("launched", 1)], [0, 1]),
        ],
        ids=lambda value: (
            " ".join(f"{n}@{h}" for n, h in value) if isinstance(value[0], tuple) else ""
        ),
    )
    def test_an_event_is_of_the_run_that_it_would_be_of_in_one_delivery(
        self,
        store: Inbox,
        reader: Reader,
        tmp_path: Path,
        told: list[tuple[str, int]],
        sessions: list[int],
    ) -> None:
        me = new_id()
        begin = int(time.time()) // 3600 * 3600 - 4 * 86_400
        events: list[Sent] = []
        for number, (name, hours) in enumerate(told):
            moment = datetime.fromtimestamp(begin + 3600 * hours, UTC).isoformat()
            said = {"tokens": number}
            events.append(event(name, distinct_id=me, timestamp=moment, properties=said))
        for each in events:
            assert post(store, reader, [each]) == 1
        found = sessions_of(tmp_path)
        order = list(dict.fromkeys(found))
        assert [order.index(session) for session in found] == sessions

    def test_the_places_go_on(self, store: Inbox, reader: Reader, tmp_path: Path) -> None:
        me = new_id()
        for names in (["launched", "message_send"], ["message_send"], ["message_send", "exit"]):
            post(store, reader, [event(name, distinct_id=me) for name in names])
        with closing(storage.connect(tmp_path, storage.INBOX)) as connection:
            waiting = connection.execute("SELECT body FROM waiting ORDER BY number")
            seqs = [
                column["seq"]
                for (packed,) in waiting.fetchall()
                for table, column in unpacked(packed).items()
                if table != "sessions"
            ]
        assert seqs == [[1], [2], [3], [4], [5]]

    def test_a_start_that_names_no_session_takes_nothing_of_its_batch_along(
        self, store: Inbox, reader: Reader, tmp_path: Path
    ) -> None:
        events = [event("session_start"), message(1, new_id()), event("exit")]
        assert post(store, reader, events) == 2
        assert kept(tmp_path) == {1: 1}


def unpacked(packed: bytes) -> dict[str, dict[str, list[object]]]:
    merged: dict[str, dict[str, list[object]]] = {}
    packing.unpack_into(merged, packed)
    return merged


def sessions_of(directory: Path) -> list[object]:
    """Return the session of each event that waits, in the order in which they came."""
    with closing(storage.connect(directory, storage.INBOX)) as connection:
        waiting = connection.execute("SELECT body FROM waiting ORDER BY number").fetchall()
    return [
        session
        for (packed,) in waiting
        for table, columns in unpacked(packed).items()
        if table != "sessions"
        for session in columns["session"]
    ]
