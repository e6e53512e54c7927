"""`aboveboard doctor` over real installations, each broken in one way; it changes none of them."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import resource
import shutil
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import flag
from aboveboard.collector.examination import front, process, records, tables
from aboveboard.collector.people.register import Register
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import database
from tests import forked
from tests.collector.tool import CATALOG, EVENTS, Install, Server, add_project, damage, free_port
from tests.conftest import missing
from tests.loopback import answering
from tests.proxies import Proxy

SECRET = "correct-horse-battery-staple-7"


class Told:
    """What the doctor said."""

    def __init__(self, ended: subprocess.CompletedProcess[str]) -> None:
        assert ended.stderr == ""
        self.code = ended.returncode
        self.lines = ended.stdout.splitlines()

    def of(self, state: str) -> list[str]:
        return [line[len(state) :].strip() for line in self.lines if line.startswith(state)]

    def only(self, *words: str) -> None:
        """See that one thing is wrong, and that it is told with such words."""
        (line,) = self.of("WRONG")
        assert self.code == 1
        for word in words:
            assert word in line, line


def doctor(data: Path, *words: str, before: tuple[str, ...] = (), **environ: str) -> Told:
    if not before:
        return Told(forked.aboveboard("doctor", "--data", str(data), *words, **environ))
    return Told(
        subprocess.run(
            [*before, sys.executable, "-m", "aboveboard", "doctor", "--data", str(data), *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **environ},
        )
    )


def state(data: Path) -> dict[str, tuple[int, float, str]]:
    """Return what is in a directory; SQLite's shared memory, which readers take turns in, aside."""
    return {
        str(path.relative_to(data)): (
            path.lstat().st_mode,
            path.lstat().st_mtime,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(data.rglob("*"))
        if not path.name.endswith("-shm")
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that a server has served."""
    data = tmp_path_factory.mktemp("made") / "data"
    data.mkdir(mode=0o700)
    key = add_project(data)
    server = Server(data)
    server.send(key, Install().segment(3))
    server.settle()
    server.stop()
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data", symlinks=True))


@pytest.fixture
def running(data: Path) -> Iterator[Server]:
    server = Server(data)
    yield server
    if server.process.poll() is None:
        server.stop()


class TestAWellInstallation:
    def test_has_nothing_wrong_while_no_server_runs_and_is_left_as_it_was(self, data: Path) -> None:
        before = state(data)
        told = doctor(data)
        assert (told.code, told.of("WRONG")) == (0, [])
        assert state(data) == before
        assert not list(data.glob("*-shm"))
        assert any("none serves the directory" in line for line in told.of("look"))
        assert any(line.startswith("warehouse: ") for line in told.of("ok"))

    @pytest.mark.thorough
    def test_nor_while_one_runs_which_goes_on(self, running: Server) -> None:
        for _ in range(3):
            told = doctor(running.data, "--url", f"http://127.0.0.1:{running.port}")
            assert (told.code, told.of("WRONG")) == (0, []), told.lines
            assert f"server: one runs, process {running.process.pid}" in told.of("ok")
            assert f"address: http://127.0.0.1:{running.port} is ready" in told.of("ok")
        assert running.send(running.key(), Install().segment(1)).status == 200
        assert running.stop() == (0, "")

    def test_after_a_kill_says_what_waits_and_leaves_it(self, running: Server) -> None:
        with closing(sqlite3.connect(running.data / "inbox.sqlite")) as inbox, inbox:
            inbox.execute(
                "INSERT INTO waiting (project, events, body) VALUES ('gone', 7, zeroblob(9))"
            )
            running.kill()
        before = state(running.data)
        told = doctor(running.data)
        assert any("7 events wait for the warehouse" in line for line in told.of("look"))
        assert told.code == 0
        assert state(running.data) == before


class TestFiles:
    def test_a_directory_that_is_not_there(self, tmp_path: Path) -> None:
        doctor(tmp_path / "none").only("none is not there", "--data")
        assert list(tmp_path.iterdir()) == []

    def test_files_that_others_may_read(self, data: Path) -> None:
        (data / "projects.sqlite").chmod(0o644)
        told = doctor(data)
        told.only("other users may read projects.sqlite", f"chmod -R go= {data}")
        subprocess.run(["chmod", "-R", "go=", str(data)], check=True)
        assert doctor(data).code == 0

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_files_of_another_user(self, data: Path) -> None:
        os.chown(next((data / "warehouse").rglob("*.sql")), 4242, -1)
        doctor(data).only("not of the directory's owner", "sudo chown -R 0 ")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_a_directory_that_cannot_be_looked_into(self, data: Path) -> None:
        nobody = ("setpriv", "--reuid=65534", "--clear-groups")
        if subprocess.run([*nobody, sys.executable, "-c", ""], check=False).returncode:
            pytest.skip("this Python lies where only its owner may read it")
        told = doctor(data, before=nobody)
        told.only("cannot be looked into", "as the user whom the collector runs as")

    def test_too_little_room(self, data: Path) -> None:
        words = ["mount", "-t", "tmpfs", "-o", "size=300m,mode=700", "tmpfs"]
        place = data.parent / "small"
        place.mkdir()
        if os.geteuid() != 0 or subprocess.run([*words, str(place)], check=False).returncode:
            pytest.skip("nothing can be mounted here")
        try:
            small = Path(shutil.copytree(data, place / "data", symlinks=True))
            doctor(small).only("free space", "make room, or events will be refused soon")
            free = os.statvfs(place)
            with (place / "film").open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 2**20)
            doctor(small).only("free space", "nothing is taken: make room")
        finally:
            subprocess.run(["umount", str(place)], check=True)


class TestRecords:
    def test_a_catalog_that_is_damaged(self, data: Path) -> None:
        damage(data, "tool")
        doctor(data).only("project tool: its catalog is damaged", "--replace")

    def test_a_catalog_of_a_newer_aboveboard(self, data: Path) -> None:
        damage(data, "tool", '{"format": 99}')
        doctor(data).only("project tool: this catalog has format 99", "use a newer")

    @pytest.mark.parametrize("name", ["inbox.sqlite", "projects.sqlite"])
    def test_a_file_that_is_damaged(self, data: Path, name: str) -> None:
        with (data / name).open("r+b") as file:
            file.write(b"\0" * 4096)
        doctor(data).only(name, "bring back a copy")

    @pytest.mark.parametrize("name", ["inbox.sqlite", "projects.sqlite"])
    def test_a_file_of_a_newer_aboveboard(self, data: Path, name: str) -> None:
        with closing(sqlite3.connect(data / name)) as file:
            file.execute("PRAGMA user_version = 99")
        doctor(data).only(name, "newer aboveboard: upgrade")

    def test_a_file_that_is_not_there(self, data: Path) -> None:
        (data / "inbox.sqlite").unlink()
        doctor(data).only("inbox.sqlite is not there")

    def test_events_that_do_not_get_on(self, running: Server) -> None:
        with closing(sqlite3.connect(running.data / "inbox.sqlite")) as inbox, inbox:
            inbox.execute(
                "INSERT INTO waiting (project, events, body) VALUES ('gone', 7, zeroblob(9))"
            )
        told = doctor(running.data)
        told.only("project gone: 7 events (9 bytes) wait", "/readyz")

    def test_what_is_dropped_is_to_be_looked_at(self, running: Server) -> None:
        body = Install().start() + Install().line("never declared")
        assert running.send(running.key(), body).status == 200
        told = doctor(running.data)
        assert told.code == 0
        (line,) = (line for line in told.of("look") if line.startswith("quarantine: "))
        assert "project tool" in line
        assert "event: 1 time, 1 name" in line
        assert "never declared" not in line

    def test_a_project_without_a_key(self, data: Path) -> None:
        with closing(sqlite3.connect(data / "projects.sqlite")) as file, file:
            file.execute("UPDATE write_key SET revoked = 1")
        told = doctor(data)
        assert told.code == 0
        assert any("`aboveboard keys add tool`" in line for line in told.of("look"))

    def test_a_project_that_is_public_and_has_no_site(self, data: Path) -> None:
        with closing(Projects(data)) as projects:
            projects.show("tool", public=True)
        told = doctor(data)
        assert told.code == 0
        line = "`aboveboard publish --public --project tool`"
        assert any(line in each for each in told.of("look"))
        list_of_files = data / "public/tool/v1/files.txt"
        list_of_files.parent.mkdir(parents=True)
        list_of_files.write_text("index.html\n")
        assert not any(line in each for each in doctor(data).of("look"))


class TestTheWarehouse:
    def test_tables_that_contradict_the_catalog(self, data: Path) -> None:
        class Changed(Event, name="message_send"):
            """The model answered."""

            tokens: bool | None = flag("Whether any tokens")

        changed = Catalog.of("tool", [*EVENTS[2:], Changed])
        damage(data, "tool", json.dumps(changed.as_json()))
        doctor(data).only("message_send.tokens is kept as Nullable(UInt64)", "another name")

    @pytest.mark.parametrize("comes", [True, False])
    def test_a_server_has_a_moment_for_the_tables_of_a_project_just_added(
        self, data: Path, monkeypatch: pytest.MonkeyPatch, comes: bool
    ) -> None:
        place = data / "warehouse/metadata" / database("tool")
        place.rename(data / "later")
        looks = iter([*["sleep"] * 2, "back"] if comes else itertools.repeat("sleep"))

        def pause(_seconds: float) -> None:
            if next(looks) == "back":
                (data / "later").rename(place)

        monkeypatch.setattr(tables, "time", SimpleNamespace(
            sleep=pause, monotonic=itertools.count().__next__
        ))  # fmt: skip
        findings = list(tables.examine({"tool": CATALOG}, data / "warehouse", None, served=True))
        assert [each.state for each in findings] == (["ok"] if comes else ["WRONG"])

    def test_that_is_gone(self, data: Path) -> None:
        shutil.rmtree(data / "warehouse")
        doctor(data).only("warehouse", "cannot be read")

    def test_that_is_a_server_which_does_not_answer(self, data: Path) -> None:
        told = doctor(data, "--warehouse", f"clickhouse://me:hidden@127.0.0.1:{free_port()}/")
        told.only("warehouse", "ClickHouse does not answer; start the server")
        assert "hidden" not in "".join(told.lines)


class TestTheMachine:
    def test_too_few_files(self, data: Path) -> None:
        doctor(data, before=("prlimit", "--nofile=100:100")).only("open files", "LimitNOFILE=")

    def test_a_server_that_has_used_its_files_up(self, running: Server) -> None:
        pid = running.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(used + 2, 130), hard))
        told = doctor(running.data)
        if used > 120:
            told.only("open files", "the next insert may fail")
        else:
            assert any("open files" in line for line in told.of("look"))

    def test_a_clock_that_is_past_or_behind_what_has_come(self, data: Path) -> None:
        assert process.clock(None, 0.0).state == "WRONG"
        with closing(sqlite3.connect(data / "inbox.sqlite")) as file, file:
            file.execute("UPDATE delivery SET taken = ?", (int(time.time()) + 86_400,))
        doctor(data).only("clock", "events have come later than that")

    def test_versions_that_are_missing_or_old(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "aboveboard.collector.examination.process.metadata.requires",
            lambda _name: [
                'granian>=999; extra == "collector"',
                'no-such-thing>=1; extra == "collector"',
                'pytest>=999; extra == "dev"',
            ],
        )
        (told,) = process.versions()
        assert told.state == "WRONG"
        assert "no-such-thing is missing" in told.says
        assert "needs >=999" in told.says
        assert "pytest" not in told.says

    def test_a_secret_that_is_weak_or_absent(self, data: Path) -> None:
        doctor(data, ABOVEBOARD_ADMIN_SECRET="hunter2").only("secret", "too easy to guess")
        told = doctor(data, ABOVEBOARD_ADMIN_SECRET="")
        assert any("only this machine" in line for line in told.of("look"))
        assert "hunter2" not in "".join(doctor(data, ABOVEBOARD_ADMIN_SECRET="hunter2").lines)

    def test_a_secret_that_is_stored(self, data: Path) -> None:
        with closing(Register(data)) as register:
            register.set_secret(SECRET)
        told = doctor(data, ABOVEBOARD_ADMIN_SECRET="")
        assert any("its hash alone is kept" in line for line in told.of("ok"))


class Site(BaseHTTPRequestHandler):
    """A site that is no collector, behind what says that it is nginx."""

    server_version = "nginx"

    def do_POST(self) -> None:
        self.send_response(405)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class TestTheAddress:
    def test_where_nothing_answers(self, data: Path) -> None:
        doctor(data, "--url", f"http://127.0.0.1:{free_port()}").only("nothing answers at")

    def test_of_a_certificate_that_nobody_trusts(self, data: Path, tmp_path: Path) -> None:
        made = subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=ours",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
            ],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        with answering(BaseHTTPRequestHandler, context) as url:
            doctor(data, "--url", url).only("is not trusted here (self", "SSL_CERT_FILE")

    def test_that_is_another_site_of_the_same_proxy(self, data: Path) -> None:
        class Handler(Site):
            def do_GET(self) -> None:
                found = self.path == "/"
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(b"<h1>Our company</h1>")

        with answering(Handler) as url:
            told = doctor(data, "--url", url)
        assert any("with --base-path, that path is a part" in line for line in told.of("look"))
        assert not any("whoever asks" in line for line in told.of("WRONG"))

    @pytest.mark.parametrize(
        "url",
        ["analytics.example.org", "http://[", "http://127.0.0.1:99999", "http://127.0.0.1/é"],
    )
    def test_that_is_none(self, data: Path, url: str) -> None:
        doctor(data, "--url", url).only("is none", "https://")

    def test_of_a_server_that_is_not_ready(self, running: Server) -> None:
        damage(running.data, "tool")
        url = f"http://127.0.0.1:{running.port}"
        told = doctor(running.data, "--url", url)
        wrong = told.of("WRONG")
        assert any("its catalog is damaged" in line for line in wrong)
        # Whether the server has seen it yet is its own second.
        assert len(wrong) in (1, 2)

    def test_of_something_else(self, data: Path) -> None:
        class Handler(Site):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<h1>Welcome</h1>")

        with answering(Handler) as url:
            told = doctor(data, "--url", url)
        assert any("is this a collector's address?" in line for line in told.of("WRONG"))

    def test_of_another_time(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def date_time_string(self, timestamp: float | None = None) -> str:
                return "Thu, 01 Jan 2026 00:00:00 GMT"

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ready\n")

            do_POST = do_GET  # noqa: N815  # its own name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        with answering(Handler) as url:
            found = list(front.examine(url))
        assert [each.says for each in found if each.about == "clock"] == [
            f"{url} says it is 2026-01-01 00:00 UTC, and here it is not: set them"
        ]


@pytest.mark.thorough
class TestAProxy:
    @pytest.fixture(autouse=True)
    def _nginx(self) -> None:
        if shutil.which("nginx") is None:
            missing("nginx")

    def told(self, data: Path, folder: Path, headers: str | None, *options: str) -> Told:
        server = Server(data, *options)
        proxy = Proxy(folder, server.port, headers)
        try:
            return doctor(data, "--url", f"http://127.0.0.1:{proxy.port}")
        finally:
            proxy.stop()
            server.stop()

    def test_that_is_as_the_page_says(self, data: Path, tmp_path: Path) -> None:
        told = self.told(data, tmp_path, None, "--admin-secret", SECRET)
        assert (told.code, told.of("WRONG")) == (0, [])
        assert "address: a stranger sees no page and no number" in told.of("ok")

    def test_that_lets_the_dashboard_through(self, data: Path, tmp_path: Path) -> None:
        hidden = "proxy_http_version 1.1; proxy_set_header Host localhost;"
        told = self.told(data, tmp_path, hidden)
        told.only("sees /, /insights/models.json, /metrics without a secret", "`aboveboard secret`")

    def test_that_takes_small_bodies_only(self, data: Path, tmp_path: Path) -> None:
        small = "proxy_http_version 1.1; client_max_body_size 1m;"
        told = self.told(data, tmp_path, small, "--admin-secret", SECRET)
        told.only("refuses a body of 2 MiB", "client_max_body_size 8m")


def test_what_waits_for_less_than_its_patience_is_not_told(data: Path) -> None:
    with closing(sqlite3.connect(data / "inbox.sqlite")) as inbox, inbox:
        inbox.execute("INSERT INTO waiting (project, events, body) VALUES ('a', 1, zeroblob(1))")
    stuck = records.inbox(data, served=True, patience=0.0)
    assert [each.state for each in stuck.findings if each.about == "inbox"] == ["WRONG"]
