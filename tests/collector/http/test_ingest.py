from __future__ import annotations

import gzip
import http.client
import resource
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aboveboard.collector.http.bodies.inflate import INFLATED_MAX, WIRE_MAX
from tests.collector.http.sending import headers
from tests.collector.protocols.batches import CRASH, body, event
from tests.collector.texts import MARK, encoded, values
from tests.collector.tool import Answer, Install, Server, add_project, ask, new_id
from tests.conftest import examples


@pytest.fixture
def key(server: Server) -> str:
    return server.key()


class TestEvents:
    def test_a_segment_is_taken_and_a_second_time_known(self, server: Server, key: str) -> None:
        identity, segment = new_id(), Install().segment(3)
        first = server.send(key, segment, identity)
        assert first.status == 200
        assert first.json() == {"accepted": 4, "refused": 0, "rejected": [], "duplicate": False}
        again = server.send(key, segment, identity)
        assert again.status == 200
        assert again.json() == {"accepted": 4, "refused": 0, "rejected": [], "duplicate": True}

    def test_what_is_taken_is_answered_with_the_headers_of_every_other_answer(
        self, server: Server, key: str
    ) -> None:
        of_others = server.request("POST", "/flags", b"{}").headers.items()
        batch = body(event("launched"), api_key=key)
        for answer in (
            server.send(key, Install().segment(1)),
            server.request("POST", "/batch/", batch),
        ):
            assert answer.status == 200
            own = ("date", "content-length", "connection")  # which is closed on a body left unread
            told = {name: each for name, each in answer.headers.items() if name not in own}
            assert int(answer.headers["content-length"]) == len(answer.body)
            assert told.items() == {(name, each) for name, each in of_others if name not in own}
            assert told["cache-control"] == "no-store"

    def test_a_body_that_is_not_compressed_is_taken_too(self, server: Server, key: str) -> None:
        answer = server.request("POST", "/v1/events", Install().segment(1), headers(key))
        assert answer.json()["accepted"] == 2

    def test_each_line_that_is_not_taken_gets_a_verdict_which_repeats_nothing_of_it(
        self, server: Server, key: str
    ) -> None:
        me = Install()
        segment = me.start() + me.line("uninvited", {MARK: MARK}) + b'{"torn": "' + MARK.encode()
        answer = server.send(key, segment)
        assert answer.status == 200
        assert answer.json() == {
            "accepted": 1,
            "refused": 2,
            "rejected": [
                {"line": 2, "reason": "the catalog has no such event"},
                {"line": 3, "reason": "not a line of JSON"},
            ],
            "duplicate": False,
        }

    def test_an_answer_names_a_hundred_lines_at_most(self, server: Server, key: str) -> None:
        answer = server.send(key, b"nonsense\n" * 1000)
        assert answer.status == 200
        rejected = answer.json()["rejected"]
        assert isinstance(rejected, list)
        assert len(rejected) == 100

    def test_many_senders_at_once_are_all_answered_and_all_kept(
        self, server: Server, key: str
    ) -> None:
        before = server.metric("events_accepted_total")
        answers: list[Answer] = []

        def send() -> None:
            answers.extend(server.send(key, Install().segment(4)) for _ in range(10))

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.status for answer in answers] == [200] * 80
        assert server.metric("events_accepted_total") - before == 400


class TestRefusals:
    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic a2V5", "key"])
    def test_an_unknown_key_is_401(self, server: Server, key: str, authorization: str) -> None:
        told = {**headers(key), "Authorization": authorization}
        assert server.request("POST", "/v1/events", Install().start(), told).status == 401

    @pytest.mark.parametrize("identity", ["", "1", "not-a-uuid"])
    def test_a_segment_without_an_id_is_400(self, server: Server, key: str, identity: str) -> None:
        told = {**headers(key), "Idempotency-Key": identity}
        answer = server.request("POST", "/v1/events", Install().start(), told)
        assert answer.status == 400
        assert "Idempotency-Key" in str(answer.json()["error"])

    @pytest.mark.parametrize("damage", [slice(0, -4), slice(0, 12)])
    def test_damaged_gzip_is_400(self, server: Server, key: str, damage: slice) -> None:
        sent = gzip.compress(Install().start())[damage]
        assert server.request("POST", "/v1/events", sent, headers(key)).status == 400

    def test_a_body_that_is_too_large_is_413_and_its_sender_hears_it(
        self, server: Server, key: str
    ) -> None:
        for path in ("/v1/events", "/batch/"):
            answer = server.request("POST", path, b"x" * (WIRE_MAX + 1), headers(key))
            assert answer.status == 413

    def test_a_body_that_grows_too_large_when_inflated_is_413(
        self, server: Server, key: str
    ) -> None:
        bomb = gzip.compress(b" " * (INFLATED_MAX + 1))
        for path in ("/v1/events", "/batch/"):
            assert server.request("POST", path, bomb, headers(key)).status == 413

    def test_a_body_without_a_length_is_bounded_as_well(self, server: Server, key: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        chunks = (b"x" * 2**20 for _ in range(WIRE_MAX // 2**20 + 1))
        connection.request("POST", "/v1/events", chunks, dict(headers(key)), encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()

    def test_other_methods_and_addresses_are_refused(self, server: Server) -> None:
        assert server.request("GET", "/v1/events").status == 405
        assert server.request("POST", "/v1/else").status in (404, 405)


class TestPostHog:
    PATHS = ("/batch", "/capture", "/e", "/i/v0/e", "/track")

    @pytest.mark.parametrize("path", [*PATHS, *(f"{path}/" for path in PATHS)])
    @pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
    def test_every_address_takes_a_batch_and_answers_exactly_200(
        self, server: Server, key: str, path: str, pack: type[bytes]
    ) -> None:
        before = server.metric("events_accepted_total")
        answer = server.request("POST", path, pack(body(event("launched"), api_key=key)))
        assert (answer.status, answer.json()) == (200, {"status": 1})
        assert server.metric("events_accepted_total") == before + 1

    def test_a_batch_that_is_sent_again_counts_once(self, server: Server, key: str) -> None:
        before = server.metric("events_accepted_total")
        events = [event("launched"), event("exit")]
        for second in range(3):
            sent = body(*events, api_key=key, sentAt=f"2026-01-01T00:00:0{second}Z")
            assert server.request("POST", "/batch/", sent).status == 200
        assert server.metric("events_accepted_total") == before + 2

    def test_a_crash_is_taken(self, server: Server, key: str) -> None:
        crash = {**CRASH, "uuid": new_id()}
        assert server.request("POST", "/batch/", body(crash, api_key=key)).status == 200

    def test_an_unknown_key_is_401_and_no_batch_is_400(self, server: Server, key: str) -> None:
        assert server.request("POST", "/batch/", body(event("launched"))).status == 401
        assert server.request("POST", "/batch/", b"{").status == 400

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/flags/?v=2"),
            ("POST", "/flags"),
            ("POST", "/decide/?v=4"),
            ("GET", "/array/anything/config"),
        ],
    )
    def test_who_asks_for_flags_is_told_that_there_are_none(
        self, server: Server, method: str, path: str
    ) -> None:
        answer = server.request(method, path, b"{}" if method == "POST" else b"")
        assert answer.status == 200
        assert answer.json()["flags"] == {}
        assert answer.json()["featureFlags"] == {}


def test_a_full_disk_asks_senders_to_come_back_and_loses_nothing(tmp_path: Path) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    before, meanwhile = Install().segment(1), Install().segment(2)
    assert server.send(key, before).status == 200
    identity = new_id()
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, hard))
    for path, sent in (("/v1/events", meanwhile), ("/batch/", body(event("exit"), api_key=key))):
        told = {**headers(key), "Idempotency-Key": identity}
        answer = server.request("POST", path, sent, told)
        assert answer.status == 503
        assert 0 < int(answer.headers["Retry-After"]) <= 5
        assert str(tmp_path) not in answer.body.decode()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    again = server.send(key, meanwhile, identity)
    assert again.json() == {"accepted": 3, "refused": 0, "rejected": [], "duplicate": False}
    server.settle()  # a move that the full disk failed rests for a while
    code, said = server.stop()
    assert code == 0
    assert "nothing is taken now" in said
    kept = ask(tmp_path, "SELECT count() FROM {project:Identifier}.message_send")
    assert kept.rows == [(3,)]


class TestWhateverComes:
    """A fault of the collector would be a 500; a text that is repeated would be a leak."""

    sent = st.binary() | values.map(encoded) | st.lists(values.map(encoded)).map(b"\n".join)

    @given(sent, st.booleans())
    @settings(max_examples=examples(50))
    def test_every_body_is_taken_or_refused(
        self, server: Server, key: str, sent: bytes, packed: bool
    ) -> None:
        told = headers(key)
        answer = server.request("POST", "/v1/events", gzip.compress(sent) if packed else sent, told)
        assert answer.status in (200, 400)
        assert MARK not in answer.body.decode()

    @given(st.sampled_from(TestPostHog.PATHS), values)
    @settings(max_examples=examples(50))
    def test_every_batch_is_taken_or_refused(
        self, server: Server, key: str, path: str, told: object
    ) -> None:
        for document in (told, {"api_key": key, "batch": told}, {"api_key": key, "batch": [told]}):
            answer = server.request("POST", path, encoded(document))
            assert answer.status in (200, 400, 401)
            assert MARK not in answer.body.decode()

    @given(st.dictionaries(st.sampled_from(["event", "uuid", "distinct_id", "properties"]), values))
    @settings(max_examples=examples(50))
    def test_every_event_of_a_batch_is_taken_or_dropped(
        self, server: Server, key: str, told: dict[str, object]
    ) -> None:
        sent = {**event("message_send"), **told}
        document = {"api_key": key, "batch": [sent, event("launched")]}
        answer = server.request("POST", "/batch/", encoded(document))
        assert answer.status == 200


class TestAbout:
    def test_it_says_that_it_lives_and_is_ready(self, server: Server) -> None:
        assert server.request("GET", "/healthz").body == b"ok\n"
        assert server.request("GET", "/readyz").body == b"ready\n"

    def test_its_metrics_are_what_prometheus_reads(self, server: Server, key: str) -> None:
        server.send(key, Install().segment(1) + b"torn")
        server.request("POST", "/v1/events", b"", {})
        answer = server.request("GET", "/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        told = answer.body.decode()
        for line in told.splitlines():
            assert line.startswith(("# HELP aboveboard_", "# TYPE aboveboard_", "aboveboard_"))
        for name in ("events_accepted_total", "lines_rejected_total", "refused_total"):
            assert server.metric(name) > 0

    def test_nothing_is_kept_by_anyone_on_the_way(self, server: Server, key: str) -> None:
        assert server.send(key, b"").headers["Cache-Control"] == "no-store"

    def test_a_foreign_name_for_this_machine_reads_nothing(self, server: Server) -> None:
        for host in ("evil.example", "evil.example:8300", ""):
            assert server.request("GET", "/metrics", headers={"Host": host}).status == 403
        for host in ("localhost:1", "127.0.0.1", "[::1]:8300"):
            assert server.request("GET", "/metrics", headers={"Host": host}).status == 200


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is loaded is read in /proc")
def test_a_collector_loads_no_library_that_it_makes_no_use_of(server: Server) -> None:
    """A tool's environment may have them; each would cost the start a tenth."""
    loaded = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "_chdb" in loaded
    for library in ("numpy", "pandas", "pyarrow", "pydantic"):
        assert f"/{library}" not in loaded, library
