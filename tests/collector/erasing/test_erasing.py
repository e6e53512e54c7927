"""An install that is erased: from the request over the wire to the last byte of every file."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.erasing import eraser
from aboveboard.collector.http.ingest import GONE_WITHIN
from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.erasures import Erasures
from aboveboard.warehouse.schema import key as key_of
from tests import forked
from tests.collector.erasing.forgetful import RARE, Forgetful, are_gone, erase, kept
from tests.collector.tool import Install, Server, add_project, new_id, until
from tests.warehouse.kept import files_with


class TestAnInstallThatAsks:
    def test_is_gone_from_every_file_and_stays_out(self, tmp_path: Path) -> None:
        key = add_project(tmp_path)
        server = Server(tmp_path)
        me, other = Forgetful(), Install()
        posthogs = Forgetful()
        server.send(key, me.run() + other.segment(3))
        server.send(key, other.segment(2))
        event = {"event": "message_send", "distinct_id": posthogs.user_id, "uuid": new_id()}
        batch = json.dumps({"api_key": key, "batch": [event]}).encode()
        assert server.request("POST", "/batch/", batch).status == 200
        server.settle()
        late = me.run()
        for install in (me, posthogs):
            answer = erase(server, key, install.request())
            told = answer.json()
            assert answer.status == 202
            assert told["decided"] is True
            assert told["gone_by"] == int(str(told["taken"])) + GONE_WITHIN
        assert server.send(key, late).json() == {
            "accepted": 0, "refused": 4, "rejected": [], "duplicate": False,
        }  # fmt: skip
        assert server.request("POST", "/batch/", batch).status == 200
        until(lambda: are_gone(tmp_path, 2), seconds=60)
        answer = erase(server, key, me.request())
        assert answer.status == 200
        assert isinstance(answer.json()["gone"], int)
        again = server.send(key, me.run() + other.segment(1)).json()
        assert (again["accepted"], again["refused"]) == (2, 4)
        assert server.request("POST", "/batch/", batch).status == 200
        server.settle()
        words = [RARE.encode()]
        for install in (me, posthogs):
            words += [
                install.user_id.encode(),
                uuid.UUID(install.user_id).bytes,
                str(key_of(install.user_id)).encode(),
                key_of(install.user_id).to_bytes(8, "little"),
            ]
        assert server.stop() == (0, "")
        assert files_with(tmp_path, *words) == []
        assert kept(tmp_path) == [key_of(other.user_id)] * 6
        assert {*kept(tmp_path, "_sessions")} == {key_of(other.user_id)}

    def test_has_the_same_receipt_each_time(self, server: Server) -> None:
        me = Forgetful()
        first, second = (erase(server, server.key(), me.request()).json() for _ in range(2))
        assert first["receipt"] == second["receipt"]
        assert me.user_id.replace("-", "") not in str(first["receipt"])

    def test_may_do_so_with_a_key_that_was_revoked(self, tmp_path: Path) -> None:
        from aboveboard.collector.projects.keys import Keys

        key = add_project(tmp_path)
        with closing(Keys(tmp_path)) as keys:
            keys.revoke("tool", "first")
        server = Server(tmp_path)
        assert server.send(key, Install().segment(1)).status == 401
        assert erase(server, key, Forgetful().request()).status == 202
        server.stop()

    def test_and_has_no_secret_is_left_to_a_person(self, server: Server) -> None:
        me = Forgetful()
        server.send(server.key(), me.run())
        answer = erase(server, server.key(), me.request(secret=None))
        assert answer.status == 202
        assert (answer.json()["decided"], answer.json()["gone_by"]) == (False, None)
        assert server.send(server.key(), me.run()).json()["accepted"] == 4

    @pytest.mark.thorough
    @pytest.mark.parametrize("step", ["", "begun"])
    def test_whose_id_somebody_copied_by_half_is_erased_and_the_copy_is_not(
        self, tmp_path: Path, step: str
    ) -> None:
        """The key of the tables is half of the id: a stranger can have the same."""
        key = add_project(tmp_path)
        server = Server(tmp_path)
        me = Forgetful()
        copy = Install(f"{new_id()[:19]}{me.user_id[19:]}")
        server.send(key, me.run() + copy.segment(3))
        server.settle()
        if step:
            server.kill()
            with closing(Erasures(tmp_path)) as requests:
                requests.ask("tool", me.user_id)
            crash(tmp_path, step)
            server.start()
        else:
            erase(server, key, me.request())
        until(lambda: are_gone(tmp_path, 1), seconds=60)
        server.stop()
        assert files_with(tmp_path, RARE.encode(), me.user_id.encode()) == []
        assert kept(tmp_path) == [key_of(copy.user_id)] * 3
        assert kept(tmp_path, "_sessions") == [key_of(copy.user_id)]


class TestWhoIsNotTheInstall:
    @pytest.mark.parametrize(
        "changes",
        [
            {"user_id": new_id()},
            {"secret": "00" * 32},
            {"secret": "00"},
            {"secret": 7},
            {"user_id": str(uuid.uuid1())},
            {"user_id": None},
        ],
    )
    def test_erases_nothing(self, server: Server, changes: dict[str, object]) -> None:
        assert erase(server, server.key(), Forgetful().request(**changes)).status == 400

    @pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"user_id": "', b"[" * 1000])
    def test_nor_does_nonsense(self, server: Server, body: bytes) -> None:
        assert erase(server, server.key(), body).status == 400

    def test_nor_who_has_no_key_or_says_too_much(self, server: Server) -> None:
        assert erase(server, "ab_unknown", Forgetful().request()).status == 401
        assert server.request("POST", "/v1/erase", Forgetful().request()).status == 401
        assert erase(server, server.key(), b" " * 2_000).status == 413


@pytest.mark.thorough
def test_of_requests_that_come_too_fast_only_some_are_taken(tmp_path: Path) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    answers = [erase(server, key, Forgetful().request()) for _ in range(120)]
    refused = [each for each in answers if each.status == 429]
    assert 10 < len(refused) < 21
    assert all(int(each.headers["Retry-After"]) > 0 for each in refused)
    server.kill()


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 40, 400])
def test_pages_that_are_free_are_written_over_to_their_last_byte(tmp_path: Path, rows: int) -> None:
    """A row's end leaves what stood behind it in its last page."""
    word = RARE.encode() * 700  # more than a page
    with closing(Erasures(tmp_path)) as requests:
        with closing(sqlite3.connect(tmp_path / storage.INBOX)) as connection, connection:
            connection.execute("PRAGMA secure_delete = FAST")
            told = [("tool", 1, word)] * rows
            connection.executemany(
                "INSERT INTO waiting (project, events, body) VALUES (?, ?, ?)", told
            )
            connection.execute("DELETE FROM waiting")
        assert requests.blank()
    assert files_with(tmp_path, RARE.encode()) == []


def test_what_deleted_rows_left_in_the_inbox_is_written_over(tmp_path: Path) -> None:
    """However much it is: after a load, thousands of pages are of no use."""
    word = RARE.encode() * 100
    with closing(Erasures(tmp_path)) as requests:
        with closing(sqlite3.connect(tmp_path / storage.INBOX)) as connection, connection:
            connection.execute("PRAGMA secure_delete = OFF")
            connection.execute("CREATE TABLE rows_of_somebody (word BLOB)")
            connection.executemany("INSERT INTO rows_of_somebody VALUES (?)", [(word,)] * 1000)
        with closing(sqlite3.connect(tmp_path / storage.INBOX)) as connection, connection:
            connection.execute("PRAGMA secure_delete = OFF")
            connection.execute("DROP TABLE rows_of_somebody")
        assert requests.blank()
    assert files_with(tmp_path, RARE.encode()) == []


class TestRowsOfATime:
    @pytest.fixture
    def requests(self, tmp_path: Path) -> Iterator[Erasures]:
        with closing(Erasures(tmp_path)) as opened:
            yield opened

    def test_are_counted_before_and_then_erased(self, tmp_path: Path, requests: Erasures) -> None:
        key = add_project(tmp_path)
        server = Server(tmp_path)
        me, other = Install(), Install()
        server.send(key, me.segment(3) + other.segment(2))
        server.settle()
        number = requests.ask_rows("tool", [me.user_id], 0, None, count=True)

        def state(number: int) -> str:
            request = requests.get(number)
            assert request is not None
            return request.state

        until(lambda: state(number) == "counted")
        counted = requests.get(number)
        assert counted is not None
        assert counted.rows == 4
        number = requests.ask_rows("tool", [me.user_id], 0, None)
        until(lambda: state(number) == "gone", seconds=60)
        assert server.send(key, me.segment(1)).json()["accepted"] == 2
        server.stop()
        assert sorted(kept(tmp_path)) == sorted([key_of(other.user_id)] * 2 + [key_of(me.user_id)])


STEPS = [
    "moved", "forgotten", "noted", "begun", "rewritten", "removed", "struck", "blanked", "ended",
]  # fmt: skip

CRASHING = """
import os, signal, sys
from pathlib import Path
from aboveboard.commands.server import server
import argparse

def crash(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

from aboveboard.collector.service import Collector
collector = Collector(Path(sys.argv[1]), _crash=crash)
collector.mover.move_all("tool")
collector.eraser.erase_all("tool")
collector.close()
"""


def crash(data: Path, step: str) -> None:
    """Erase in a process that is killed at a step."""
    process = forked.script(CRASHING, str(data), step)
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said


TRIED = STEPS if os.environ.get("ABOVEBOARD_LONG") else ["begun", "removed", "blanked"]
"""One step of each kind; the others take the long form, since each takes ten seconds."""


@pytest.mark.thorough
@pytest.mark.parametrize("step", TRIED)
def test_a_collector_that_is_killed_at_any_step_erases_all_of_it_all_the_same(
    tmp_path: Path, step: str
) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    me, other = Forgetful(), Install()
    server.send(key, me.run() + other.segment(1))
    server.settle()
    server.kill()
    with closing(Erasures(tmp_path)) as requests:
        requests.ask("tool", me.user_id)
    crash(tmp_path, step)
    server.start()
    until(lambda: are_gone(tmp_path, 1), seconds=60)
    server.send(key, me.run() + other.segment(1))
    server.settle()
    assert server.stop() == (0, "")
    told = [RARE.encode(), me.user_id.encode(), key_of(me.user_id).to_bytes(8, "little")]
    assert files_with(tmp_path, *told) == []
    assert kept(tmp_path) == [key_of(other.user_id)] * 2


def test_every_step_is_one_at_which_it_is_killed() -> None:
    source = Path(eraser.__file__).read_text()
    assert {each for each in STEPS if f'_crash("{each}")' in source} == set(STEPS)
    assert source.count("_crash(") == len(STEPS)
