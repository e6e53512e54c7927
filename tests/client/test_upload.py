"""Sending: what a segment's fate is for each answer, and who may send at all."""

from __future__ import annotations

import errno
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aboveboard.client.decision.identity import new_id
from aboveboard.client.decision.statefile import StateFile
from aboveboard.client.delivery import connection, proxy, sending, spawn, upload, verdicts
from aboveboard.client.files import locks
from aboveboard.client.recipients import recipient
from aboveboard.client.recipients.target import PAUSE_MAX_SECONDS, Target, paused
from aboveboard.client.recording import segment
from tests.client.conftest import Tool
from tests.client.places import send_to
from tests.loopback import answering, body_of

TERMS: dict[str, dict[str, str]] = {"x": {}}


@pytest.fixture
def target(tmp_path: Path, recorder: Any) -> Target:
    """A target for an install that has agreed, with nothing waiting."""
    state = tmp_path / "analytics.json"
    StateFile(str(state)).agree(TERMS, recipient.of(recorder.url))
    return Target(
        directory=str(tmp_path / "app"), state=str(state), endpoint=recorder.url, key="a-key"
    )


def line(target: Target, number: int) -> bytes:
    """Return a line as the target's install would write it."""
    user_id = StateFile(target.state).read().user_id
    return b'{"n": %d, "user_id": "%s"}\n' % (number, user_id.encode())


def wait_for_sending(target: Target, number: int) -> list[str]:
    """Leave `number` segments waiting, oldest first; return their ids."""
    Path(target.segments).mkdir(parents=True, exist_ok=True)
    ids = []
    for index in range(number):
        ids.append(new_id())
        path = Path(target.segments) / f"{ids[-1]}.jsonl"
        path.write_bytes(line(target, index))
        moment = time.time() - 1000 + index
        os.utime(path, (moment, moment))
    return ids


class TestSending:
    """What goes over the wire."""

    def test_a_request_is_a_segment_in_order_of_age(self, target: Target, recorder: Any) -> None:
        ids = wait_for_sending(target, 3)
        upload.run(target, {})
        assert [request.headers["Idempotency-Key"] for request in recorder.requests] == ids
        assert recorder.lines() == [line(target, number) for number in range(3)]
        request = recorder.requests[0]
        assert request.path == "/v1/events"
        assert request.headers["Authorization"] == "Bearer a-key"
        assert request.headers["Content-Encoding"] == "gzip"
        assert segment.listed(target.segments) == []

    def test_the_headers_tell_nothing_about_the_machine(
        self, target: Target, recorder: Any
    ) -> None:
        wait_for_sending(target, 1)
        upload.run(target, {})
        assert set(recorder.requests[0].headers) == {
            "Host", "Accept-Encoding", "Content-Length", "Authorization", "Content-Type",
            "Content-Encoding", "Idempotency-Key", "User-Agent", "Sent-At",
        }  # fmt: skip
        sent = int(recorder.requests[0].headers["Sent-At"])
        assert sent % 3600 == 0  # no finer than what the lines tell
        assert 0 <= time.time() - sent < 7200
        assert recorder.requests[0].headers["User-Agent"].startswith("aboveboard/")

    def test_what_another_session_leaves_meanwhile_goes_too(
        self, target: Target, recorder: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That session has started no child, since this one was there."""
        ids = wait_for_sending(target, 1)
        post = connection.Connection.post

        def posting(*request: Any) -> Any:
            if len(ids) < 3:
                ids.extend(wait_for_sending(target, 1))
            return post(*request)

        monkeypatch.setattr(connection.Connection, "post", posting)
        upload.run(target, {})
        assert [request.headers["Idempotency-Key"] for request in recorder.requests] == ids
        assert len(ids) == 3

    @pytest.mark.parametrize("end", ["paused", "locked"])
    def test_a_session_that_ends_with_the_child_is_not_left_for_the_next(
        self, target: Target, recorder: Any, monkeypatch: pytest.MonkeyPatch, end: str
    ) -> None:
        """Its segment came after the child's look, and it saw the child's pause, or its lock."""
        ids = wait_for_sending(target, 1)
        any_left, started = segment.any_left, []

        def looking(directory: str) -> bool:
            left = any_left(directory)
            if not left and len(ids) == 1 and end == "paused":
                ids.extend(wait_for_sending(target, 1))
                sending.send(target, {}, start=lambda *_, **__: started.append(1))
            return left

        def paused_until_now(path: str, *most: float) -> bool:
            if len(ids) == 1 and end == "locked" and not any_left(target.segments):
                ids.extend(wait_for_sending(target, 1))
                spawn.start(target.lock, {}, {})  # a child without a word for it would fail
            return paused(path, *most)

        monkeypatch.setattr(segment, "any_left", looking)
        monkeypatch.setattr(upload, "paused", paused_until_now)
        upload.run(target, {})
        assert [request.headers["Idempotency-Key"] for request in recorder.requests] == ids
        assert (len(ids), started) == (2, [])

    def test_what_the_collector_did_not_take_is_counted_by_reason(
        self, target: Target, recorder: Any
    ) -> None:
        verdicts_told = [{"line": 2, "reason": "not a line of JSON"}]
        recorder.answer = json.dumps({"refused": 3, "rejected": verdicts_told}).encode()
        wait_for_sending(target, 2)
        upload.run(target, {})
        assert verdicts.read(target.refused_file) == {
            "not a line of JSON": 2, verdicts.OTHERS: 4
        }  # fmt: skip
        assert segment.listed(target.segments) == []

    @pytest.mark.parametrize("status", [400, 401, 413])
    def test_what_would_be_refused_again_is_set_aside(
        self, target: Target, recorder: Any, status: int
    ) -> None:
        wait_for_sending(target, 2)
        recorder.statuses = [status]
        upload.run(target, {})
        assert len(segment.listed(os.path.join(target.segments, "aside"))) == 1
        assert recorder.lines() == [line(target, 1)]

    @pytest.mark.parametrize("status", [301, 302, 404, 429, 500, 503])
    def test_anything_else_keeps_it_and_pauses(
        self, target: Target, recorder: Any, status: int
    ) -> None:
        wait_for_sending(target, 2)
        recorder.statuses = [status]
        recorder.headers = {"Location": f"{recorder.url}/elsewhere"}
        upload.run(target, {})
        assert len(segment.listed(target.segments)) == 2
        assert recorder.requests == []
        assert paused(target.pause_file)
        upload.run(target, {})
        assert recorder.requests == [], "a pause holds"

    def test_after_the_pause_everything_arrives_once(self, target: Target, recorder: Any) -> None:
        ids = wait_for_sending(target, 3)
        recorder.statuses = [200, 503]
        upload.run(target, {})
        os.utime(target.pause_file, (0, 0))
        upload.run(target, {})
        assert [request.headers["Idempotency-Key"] for request in recorder.requests] == ids
        assert not os.path.exists(target.pause_file)

    @pytest.mark.parametrize(
        "endpoint", ["http://127.0.0.1:1", "http://no.such.host.invalid", "ftp://x", "nonsense"]
    )
    def test_no_collector_keeps_everything_and_raises_nothing(
        self, target: Target, endpoint: str
    ) -> None:
        wait_for_sending(target, 2)
        send_to(target, endpoint)
        upload.run(target, {})
        assert len(segment.listed(target.segments)) == 2
        assert paused(target.pause_file)

    def test_a_failure_is_not_tried_again_at_once_where_no_pause_can_be_set(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A full disk; a child would call on a collector as fast as it can, until it is ended."""
        wait_for_sending(target, 1)
        tried: list[object] = []

        def refused(*request: object) -> None:
            tried.append(request)
            assert len(tried) == 1
            raise ConnectionRefusedError

        def full(*_args: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(upload, "Connection", refused)
        monkeypatch.setattr(upload, "pause", full)
        upload.run(target, {})
        assert len(tried) == 1
        assert len(segment.listed(target.segments)) == 1

    def test_a_proxy_is_used_where_the_environment_names_one(
        self, target: Target, recorder: Any
    ) -> None:
        wait_for_sending(target, 1)
        send_to(target, "http://collector.example/base")
        upload.run(target, {"http_proxy": recorder.url.replace("//", "//me:secret@")})
        (request,) = recorder.requests
        assert request.path == "http://collector.example/base/v1/events"
        assert request.headers["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"
        assert request.headers["Host"] == "collector.example"

    def test_a_thread_uses_no_proxy_that_the_hosts_environment_got_from_elsewhere(
        self, target: Target, recorder: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wait_for_sending(target, 1)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        upload.run(target, {}, in_thread=True)
        assert len(recorder.requests) == 1

    @pytest.mark.parametrize(
        ("environ", "host", "way"),
        [
            ({"https_proxy": "p"}, "collector.example", "p"),
            ({"HTTPS_PROXY": "p"}, "collector.example", "p"),
            ({"HTTPS_PROXY": "p", "https_proxy": ""}, "collector.example", None),
            ({"ALL_PROXY": "p"}, "collector.example", "p"),
            ({"ALL_PROXY": "p", "no_proxy": "example"}, "collector.example", None),
            ({"ALL_PROXY": "p", "NO_PROXY": "*"}, "collector.example", None),
            ({"http_proxy": "p"}, "collector.example", None),
            ({}, "collector.example", None),
        ],
    )
    def test_proxies_are_understood_as_everywhere_else(
        self, environ: dict[str, str], host: str, way: str | None
    ) -> None:
        assert proxy.chosen("https", host, environ) == way

    def test_a_thread_trusts_nobody_whom_the_hosts_environment_got_from_elsewhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = tmp_path / "keys"
        monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "projects.pem"))
        context = connection._trust({})
        assert not keys.exists()
        assert context.keylog_filename is None
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_a_recipient_whose_files_are_damaged_costs_the_others_nothing(
    target: Target, recorder: Any
) -> None:
    wait_for_sending(target, 1)
    others = Target(
        directory=target.directory, state=target.state, endpoint="http://127.0.0.1:9", key="b-key"
    )
    ancient = wait_for_sending(others, 1)[0]
    os.utime(Path(others.segments) / f"{ancient}.jsonl", (1, 1))
    Path(others.dropped_file).mkdir()  # where what is too old for it would be counted
    StateFile(target.state).agree(TERMS, others.recipient)
    Path(target.file).write_text(target.as_json())
    upload.run(others, {})
    assert len(recorder.lines()) == 1


class TestConsent:
    """The consent is read again, at the last moment."""

    def test_a_no_removes_what_waits(self, target: Target, recorder: Any) -> None:
        wait_for_sending(target, 2)
        StateFile(target.state).disable()
        upload.run(target, {})
        assert recorder.requests == []
        assert segment.listed(target.segments) == []

    @pytest.mark.parametrize("text", [None, "{", '{"asked_opt_in": false}'])
    def test_no_standing_yes_sends_nothing(
        self, target: Target, recorder: Any, text: str | None
    ) -> None:
        wait_for_sending(target, 2)
        if text is None:
            Path(target.state).unlink()
        else:
            Path(target.state).write_text(text)
        upload.run(target, {})
        assert recorder.requests == []
        assert len(segment.listed(target.segments)) == 2

    def test_a_no_that_comes_while_the_child_sends_ends_it(
        self, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = wait_for_sending(target, 3)
        posted: list[str] = []

        def post(_self: object, _path: str, _body: bytes, headers: dict[str, str]) -> Any:
            if not posted:
                StateFile(target.state).disable()
                wait_for_sending(target, 1)  # of a session that goes on
            posted.append(headers["Idempotency-Key"])
            return 200, None

        monkeypatch.setattr(connection.Connection, "post", post)
        upload.run(target, {})
        assert posted == ids[:1]
        assert segment.listed(target.segments) == []

    def test_what_a_new_id_records_while_the_child_sends_is_sent(
        self, target: Target, recorder: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wait_for_sending(target, 1)
        post = connection.Connection.post
        new: list[bytes] = []

        def forgetting(*request: Any) -> Any:
            if not new:
                StateFile(target.state).renew()
                wait_for_sending(target, 1)
                new.append(line(target, 0))
            return post(*request)

        monkeypatch.setattr(connection.Connection, "post", forgetting)
        upload.run(target, {})
        assert recorder.lines()[1:] == new

    def test_what_a_forgotten_id_recorded_is_dropped(self, target: Target, recorder: Any) -> None:
        wait_for_sending(target, 1)
        StateFile(target.state).renew()
        upload.run(target, {})
        assert recorder.requests == []
        assert segment.listed(target.segments) == []

    def test_a_yes_that_does_not_say_to_what_sends_nothing(
        self, target: Target, recorder: Any
    ) -> None:
        """aider's own, say: a host that knows what it was given to keeps that before it records."""
        wait_for_sending(target, 1)
        state = json.loads(Path(target.state).read_text())
        aiders = {key: state[key] for key in ("uuid", "asked_opt_in", "permanently_disable")}
        Path(target.state).write_text(json.dumps(aiders))
        upload.run(target, {})
        assert recorder.requests == []
        assert len(segment.listed(target.segments)) == 1

    def test_do_not_track_sends_nothing(self, target: Target, recorder: Any) -> None:
        wait_for_sending(target, 1)
        upload.run(target, {"DO_NOT_TRACK": "1"})
        assert recorder.requests == []


class CannotErase(BaseHTTPRequestHandler):
    """A collector that does not know how to erase, and hangs up on who asks."""

    protocol_version = "HTTP/1.1"
    paths: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body_of(self)
        self.paths.append(self.path)
        knows = self.path == "/v1/events"
        self.send_response(200 if knows else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = not knows  # without a word about it

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cannot_erase(target: Target) -> Iterator[Target]:
    CannotErase.paths.clear()
    with answering(CannotErase) as url:
        send_to(target, url)
        yield target


def owe(target: Target, number: int = 1) -> None:
    Path(target.erasures).mkdir(parents=True, exist_ok=True)
    for index in range(number):
        text = json.dumps({"user_id": new_id(), "secret": None})
        (Path(target.erasures) / f"{index}.json").write_text(text)


class TestErasing:
    """A request to erase, which never disturbs sending."""

    def test_that_a_collector_does_not_know_costs_no_delivery(self, cannot_erase: Target) -> None:
        owe(cannot_erase, 2)
        for _ in range(15):
            wait_for_sending(cannot_erase, 1)
            upload.run(cannot_erase, {})
            assert segment.listed(cannot_erase.segments) == []
            assert not paused(cannot_erase.pause_file)
        assert CannotErase.paths.count("/v1/events") == 15
        assert CannotErase.paths[:2] == ["/v1/events", "/v1/erase"], "events come first"
        assert CannotErase.paths.count("/v1/erase") == 1, "and it is not asked again for a day"
        assert cannot_erase.cannot_erase()
        assert not cannot_erase.owes(), "so that no child is started for it alone"
        assert len(os.listdir(cannot_erase.erasures)) == 2, "but it is kept"

    def test_is_asked_again_after_a_day(self, cannot_erase: Target, recorder: Any) -> None:
        owe(cannot_erase)
        upload.run(cannot_erase, {})
        assert CannotErase.paths == ["/v1/erase"]
        os.utime(cannot_erase.erase_pause_file, (0, time.time() - 1))
        cannot_erase.endpoint = recorder.url
        upload.run(cannot_erase, {})
        assert [request.path for request in recorder.requests] == ["/v1/erase"]
        assert not Path(cannot_erase.erasures).exists()
        assert not Path(cannot_erase.erase_pause_file).exists()

    @pytest.mark.parametrize("status", [403, 429, 500, 503])
    def test_that_cannot_be_taken_now_waits_alone(
        self, target: Target, recorder: Any, status: int
    ) -> None:
        owe(target)
        wait_for_sending(target, 1)
        recorder.statuses = [200, status]
        upload.run(target, {})
        assert segment.listed(target.segments) == []
        assert not paused(target.pause_file)
        assert paused(target.erase_pause_file)
        assert not target.cannot_erase()
        assert os.listdir(target.erasures) == ["0.json"]

    def test_that_cannot_be_read_keeps_no_other_from_being_asked(
        self, target: Target, recorder: Any
    ) -> None:
        owe(target)
        (Path(target.erasures) / "!.json").mkdir()  # comes first
        upload.run(target, {})
        assert [request.path for request in recorder.requests] == ["/v1/erase"]
        assert not target.owes(), "asked again, but not at every exit"


class TestOneAtATime:
    """One child per app."""

    def test_a_second_one_leaves_at_once(self, target: Target, recorder: Any) -> None:
        wait_for_sending(target, 1)
        lock = os.open(os.path.join(target.directory, "upload.lock"), os.O_RDWR | os.O_CREAT)
        locks.acquire(lock)
        before = os.listdir("/dev/fd")
        for _ in range(3):
            upload.run(target, {})
            spawn.start(target.lock, {}, {})
        assert os.listdir("/dev/fd") == before, "a file is left open"
        assert recorder.requests == []
        os.close(lock)
        upload.run(target, {})
        assert len(recorder.requests) == 1


class TestPause:
    """How long to leave a collector alone."""

    def test_doubles_up_to_six_hours(self, tmp_path: Path) -> None:
        path = str(tmp_path / "pause")
        lengths = []
        for _ in range(12):
            upload.pause(path, None, rand=lambda low, high: high)
            lengths.append(round(os.stat(path).st_mtime - time.time()))
        assert lengths[:3] == [pytest.approx(60, abs=2), pytest.approx(120, abs=2),
                               pytest.approx(240, abs=2)]  # fmt: skip
        assert lengths[-1] == pytest.approx(PAUSE_MAX_SECONDS, abs=2)

    def test_is_what_the_collector_asks_for_and_never_less(self, tmp_path: Path) -> None:
        path = str(tmp_path / "pause")
        upload.pause(path, 600, rand=lambda low, high: low)
        assert os.stat(path).st_mtime - time.time() == pytest.approx(600, abs=2)
        upload.pause(path, 600, rand=lambda low, high: high)
        assert os.stat(path).st_mtime - time.time() == pytest.approx(750, abs=2)

    def test_a_clock_that_was_set_back_does_not_stop_sending_for_good(self, tmp_path: Path) -> None:
        path = tmp_path / "pause"
        path.touch()
        os.utime(path, (time.time() + 1e7, time.time() + 1e7))
        assert not paused(str(path))


class TestAThread:
    """In a host whose interpreter cannot be started again, as a frozen program's."""

    def test_an_error_in_it_is_not_the_hosts_and_not_printed(self, tool: Tool) -> None:
        tool.agree()
        tool.run("kill")  # leaves what is to be sent
        lock = tool.spool / "upload.lock"
        lock.unlink(missing_ok=True)
        lock.mkdir()  # nobody can open it
        program = (
            "import sys, threading\n"
            "sys.frozen = True\n"
            "from tests.client import tool\n"
            "analytics = tool.analytics()\n"
            "analytics.open()\n"
            "sent = [each for each in threading.enumerate() if each.name == 'aboveboard']\n"
            "for each in sent: each.join()\n"
            "print(analytics.enabled)\n"
        )
        root = str(Path(__file__).parents[2])
        ended = subprocess.run(
            [sys.executable, "-c", program],
            env=tool.environ | {"PYTHONPATH": root},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True\n", "")
        assert tool.waiting() != []
