from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.inbox.erasures import Erasures
from aboveboard.collector.inbox.storage import INBOX
from aboveboard.collector.transfer.store import PUBLISHED
from aboveboard.warehouse.schema import key as key_of
from tests.collector.erasing.forgetful import RARE, Forgetful, are_gone, erase
from tests.collector.tool import Install, RealServer, Server, add_project, ask, new_id, until
from tests.commands.exporting import everything, export, given, kill, lines
from tests.commands.importing import run
from tests.warehouse.kept import files_with

LONG = bool(os.environ.get("ABOVEBOARD_LONG"))


def save(data: Path, target: Path) -> str:
    ended = run("backup", str(target), "--data", str(data))
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def bring_back(source: Path, data: Path, *words: str) -> str:
    ended = run("restore", str(source), "--data", str(data), *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[str]]:
    """Return a directory with some sessions, a backup of it, and what was sent: key, body, id."""
    place = tmp_path_factory.mktemp("made")
    data, identity, body = place / "data", new_id(), b""
    server = Server(data, *given(place))
    key = server.key()
    for number in range(12):
        me = Install()
        body = me.segment(5) if number % 3 else me.line("exit", {"reason": "done"}) * 3
        identity = new_id()
        server.send(key, body, identity)
    server.settle()
    for name in ("tool/2026-09.json", "tool/.2026-10.part", "tool.lock"):
        (data / PUBLISHED / name).parent.mkdir(parents=True, exist_ok=True)
        (data / PUBLISHED / name).write_bytes(b"what was spent")
    save(data, place / "backup")
    server.stop()
    return data, place / "backup", [key, body.decode(), identity]


class TestRestored:
    def test_everything_is_as_it_was_and_known_deliveries_are_known(
        self, made: tuple[Path, Path, list[str]], tmp_path: Path
    ) -> None:
        data, backup, (key, body, identity) = made
        there = tmp_path / "there"
        said = bring_back(backup, there)
        assert "60 events" in said
        assert everything(there) == everything(data)
        published = [path for path in (there / PUBLISHED).rglob("*") if path.is_file()]
        assert [path.read_bytes() for path in published] == [b"what was spent"], "the ledger"
        server = Server(there)
        assert server.send(key, body.encode(), identity).json()["duplicate"] is True
        assert server.send(key, Install().segment(3)).json()["duplicate"] is False
        server.settle()
        server.stop()
        rows = ask(there, "SELECT count() FROM {project:Identifier}.message_send").rows
        assert rows == [(8 * 5 + 3,)]

    def test_a_backup_leaves_nothing_behind(self, made: tuple[Path, Path, list[str]]) -> None:
        data, backup, _ = made
        assert not list((data / "warehouse" / "shadow").glob("aboveboard*"))
        assert [each.name for each in backup.parent.glob(".*")] == []
        assert backup.stat().st_mode & 0o077 == 0
        assert not any(path.stat().st_mode & 0o077 for path in backup.rglob("*"))

    @pytest.mark.thorough
    def test_without_a_server_too(self, made: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
        data, _, _ = made
        save(data, tmp_path / "again")
        bring_back(tmp_path / "again", tmp_path / "there")
        assert everything(tmp_path / "there") == everything(data)


@pytest.mark.thorough
class TestUnderLoad:
    def test_each_delivery_is_there_once_that_was_acknowledged_before_it(
        self, tmp_path: Path
    ) -> None:
        """What was acknowledged while it was made is there once or not at all."""
        data = tmp_path / "data"
        key = add_project(data)
        server = Server(data)
        stop, acknowledged = threading.Event(), list[int]()

        def send() -> None:
            number = 0
            while not stop.is_set():
                me = Install()
                body = me.start() + me.line("message_send", {"tokens": number})
                if server.send(key, body).status == 200:
                    acknowledged.append(number)
                number += 1

        sender = threading.Thread(target=send)
        sender.start()
        known = []
        for number in range(3 if LONG else 2):
            time.sleep(0.7)
            before = len(acknowledged)
            save(data, tmp_path / f"backup-{number}")
            known.append((before, len(acknowledged)))
        stop.set()
        sender.join()
        server.stop()
        for number, (before, after) in enumerate(known):
            there = tmp_path / f"there-{number}"
            bring_back(tmp_path / f"backup-{number}", there)
            again = Server(there)
            again.settle()
            again.stop()
            kept = ask(there, "SELECT tokens FROM {project:Identifier}.message_send ORDER BY 1")
            found = [row[0] for row in kept.rows]
            assert found == list(range(len(found)))
            assert before <= len(found) <= after + 1
            sessions = ask(there, "SELECT count() FROM {project:Identifier}._sessions").rows
            assert sessions == [(len(found),)]


@pytest.mark.thorough
class TestErasedLater:
    def test_who_was_erased_after_the_backup_is_erased_again(
        self, made: tuple[Path, Path, list[str]], tmp_path: Path
    ) -> None:
        _, backup, _ = made
        later, there = tmp_path / "later", tmp_path / "there"
        bring_back(backup, later)
        export(later, tmp_path / "all")
        me = min(str(each["user_id"]) for each in lines(tmp_path / "all"))
        assert run("erase", me, "--project", "tool", "--data", str(later), "--yes").returncode == 0
        assert "erase them again" in bring_back(backup, tmp_path / "unnoticed")
        said = bring_back(backup, there, "--erased", str(later))
        assert "1 install that was erased later" in said
        server = Server(there)
        server.settle()
        for _ in range(300):
            if len(export(there, "-", "--install", me).splitlines()) == 1:
                break
            time.sleep(0.1)
        server.stop()
        remain, wanted = everything(there), everything(later)
        assert {each: rows for each, rows in remain.items() if rows} == {
            each: rows for each, rows in wanted.items() if rows
        }


@pytest.mark.thorough
class TestErasing:
    """A request to erase, and a backup of any moment of it: nothing of the install comes back."""

    def traces(self, me: Forgetful) -> list[bytes]:
        key = key_of(me.user_id).to_bytes(8, "little")
        return [RARE.encode(), me.user_id.encode(), uuid.UUID(me.user_id).bytes, key]

    def is_gone_there(self, backup: Path, there: Path, me: Forgetful, others: int) -> None:
        """Bring a backup back; its collector has to carry the request out, with nobody asking."""
        bring_back(backup, there)
        server = Server(there)
        until(lambda: are_gone(there, 1), seconds=120)
        assert server.send(server.key(), me.run()).json()["accepted"] == 0
        assert server.stop() == (0, "")
        assert files_with(there, *self.traces(me)) == []
        rows = ask(there, "SELECT count() FROM {project:Identifier}.message_send").rows
        assert rows == [(others,)]

    def test_that_is_asked_for_and_not_begun_is_carried_out_where_it_is_brought_back(
        self, tmp_path: Path
    ) -> None:
        data, me = tmp_path / "data", Forgetful()
        key = add_project(data)
        server = Server(data)
        server.send(key, me.run() + Install().segment(3))
        server.settle()
        server.stop()
        with closing(Erasures(data)) as requests:
            requests.ask("tool", me.user_id)
        save(data, tmp_path / "backup")
        assert files_with(tmp_path / "backup", me.user_id.encode())
        self.is_gone_there(tmp_path / "backup", tmp_path / "there", me, 3)

    def test_that_goes_on_while_it_is_made_is_carried_out_where_it_is_brought_back(
        self, tmp_path: Path
    ) -> None:
        data, me = tmp_path / "data", Forgetful()
        key = add_project(data)
        server = Server(data)
        for _ in range(4):
            server.send(key, me.run() + Install().segment(3))
        server.settle()
        assert erase(server, key, me.request()).status == 202
        number = 0
        while not number or not are_gone(data, 1):
            save(data, tmp_path / f"backup-{number}")
            number += 1
        server.stop()
        assert files_with(data, *self.traces(me)) == []
        for each in range(number if LONG else 1):
            self.is_gone_there(tmp_path / f"backup-{each}", tmp_path / f"there-{each}", me, 12)


@pytest.mark.thorough
class TestKilled:
    def test_of_a_server_that_is_killed_meanwhile_nothing_is_half_a_backup(
        self, made: tuple[Path, Path, list[str]], tmp_path: Path
    ) -> None:
        data, _, _ = made
        dice = random.Random(6)
        for number in range(20 if LONG else 2):
            server = Server(data)
            target = tmp_path / f"backup-{number}"
            words = ("backup", str(target), "--data", str(data))
            process = subprocess.Popen(
                [sys.executable, "-m", "aboveboard", *words],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            shadow, end = data / "warehouse" / "shadow", time.monotonic() + 60
            while process.poll() is None and time.monotonic() < end:
                if any(shadow.glob("aboveboard*")):  # while files are linked, or copied
                    time.sleep(dice.uniform(0, 0.1))
                    break
            server.kill()
            _, said = process.communicate(timeout=60)
            halves = [each for each in tmp_path.iterdir() if each.name.startswith(".")]
            assert halves == []
            if process.returncode:
                assert not target.exists()
                assert (process.returncode, said.count("\n")) == (1, 1), said
                assert "Traceback" not in said
            else:
                bring_back(target, tmp_path / f"there-{number}")
                assert everything(tmp_path / f"there-{number}") == everything(data)
        Server(data).stop()
        assert not list((data / "warehouse" / "shadow").glob("aboveboard*"))

    def test_what_a_killed_backup_leaves_is_refused(
        self, made: tuple[Path, Path, list[str]], tmp_path: Path
    ) -> None:
        """Its manifest is written last."""
        _, backup, _ = made
        half, there = tmp_path / ".backup.partial", tmp_path / "there"
        shutil.copytree(backup, half)
        (half / "manifest.json").unlink()
        ended = run("restore", str(half), "--data", str(there))
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
        assert "no backup" in ended.stderr
        assert not there.exists()

    def test_a_backup_is_whole_or_not_there(
        self, made: tuple[Path, Path, list[str]], tmp_path: Path
    ) -> None:
        data, _, _ = made
        dice = random.Random(2)
        server = Server(data)
        for number in range(3):
            target = tmp_path / f"backup-{number}"
            if not kill(("backup", str(target), "--data", str(data)), dice.uniform(0.2, 1.5)):
                continue
            if target.exists():
                bring_back(target, tmp_path / f"there-{number}")
            else:
                save(data, target)
        server.kill()
        again = Server(data)
        again.stop()
        assert not list((data / "warehouse" / "shadow").glob("aboveboard*"))

    def test_a_restore_is_run_again_and_nothing_serves_half_of_it(
        self, made: tuple[Path, Path, list[str]], tmp_path: Path
    ) -> None:
        data, backup, _ = made
        there = tmp_path / "there"
        dice = random.Random(4)
        for _ in range(4):
            words = ("restore", str(backup), "--data", str(there))
            if not kill(words, dice.uniform(0.3, 2.0)):
                shutil.rmtree(there)
                continue
            if (there / ".restoring").exists():
                ended = run("serve", "--data", str(there), "--port", "1")
                assert ended.returncode == 1
                assert "has not ended" in ended.stderr
        if not (there / INBOX).exists() or (there / ".restoring").exists():
            bring_back(backup, there)
        assert everything(there) == everything(data)


class TestRefusing:
    def refuses(self, *words: str) -> str:
        ended = run(*words)
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1, ended.stderr
        return ended.stderr

    def test_a_backup_over_something(self, made: tuple[Path, Path, list[str]]) -> None:
        data, backup, _ = made
        assert "there already" in self.refuses("backup", str(backup), "--data", str(data))

    def test_a_backup_of_nothing(self, tmp_path: Path) -> None:
        said = self.refuses("backup", str(tmp_path / "b"), "--data", str(tmp_path / "data"))
        assert "no data directory" in said
        assert os.listdir(tmp_path) == []

    def test_a_directory_that_is_not_empty(self, made: tuple[Path, Path, list[str]]) -> None:
        data, backup, _ = made
        assert "not empty" in self.refuses("restore", str(backup), "--data", str(data))

    def test_a_damaged_backup(self, made: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
        _, backup, _ = made
        for number, name in enumerate((INBOX, "manifest.json", "warehouse")):
            copy, there = tmp_path / str(number), tmp_path / "there"
            shutil.copytree(backup, copy)
            file = copy / name
            if file.is_dir():
                file = max(file.rglob("data.*"), key=lambda path: path.stat().st_size)
            body = bytearray(file.read_bytes())
            body[len(body) // 2] ^= 1
            file.write_bytes(body)
            assert "damaged" in self.refuses("restore", str(copy), "--data", str(there))
            assert not there.exists() or set(os.listdir(there)) <= {"serve.lock"}

    def test_a_newer_one(self, made: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
        _, backup, _ = made
        copy = tmp_path / "copy"
        shutil.copytree(backup, copy)
        manifest = json.loads((copy / "manifest.json").read_text())["manifest"] | {
            "version": "99.1"
        }
        said = json.dumps(manifest, separators=(",", ":")).encode()
        digest = hashlib.blake2b(said, digest_size=32).hexdigest()
        (copy / "manifest.json").write_bytes(
            b'{"digest":"%b","manifest":%b}' % (digest.encode(), said)
        )
        told = self.refuses("restore", str(copy), "--data", str(tmp_path / "there"))
        assert "99.1" in told
        assert "upgrade" in told

    def test_what_is_no_backup(self, tmp_path: Path) -> None:
        said = self.refuses("restore", str(tmp_path), "--data", str(tmp_path / "there"))
        assert "no backup" in said


@pytest.mark.thorough
def test_a_server_that_was_given_a_relative_directory_is_copied_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    server = RealServer(Path("data"), *given(tmp_path))
    try:
        server.send(server.key(), Install().segment(2), new_id())
        server.settle()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert "are in copy" in save(tmp_path / "data", Path("copy"))
    finally:
        monkeypatch.chdir(tmp_path)
        server.stop()


def test_a_full_disk_under_a_restore_is_told_of_the_directory_and_not_of_the_backup(
    made: tuple[Path, Path, list[str]], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "aboveboard", "restore", str(made[1]), "--data"]
    ended = subprocess.run(
        ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *command, str(tmp_path / "data")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == (
        f"aboveboard restore: {tmp_path / 'data'} cannot be written: File too large\n"
    )
    bring_back(made[1], tmp_path / "data")
