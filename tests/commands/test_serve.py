from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import flag
from aboveboard.collector.inbox.inbox import Delivery, Inbox
from aboveboard.collector.projects.project import Project, shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Reader
from tests import forked
from tests.collector.tool import (
    CATALOG,
    EVENTS,
    LEGACY,
    HurriedServer,
    Install,
    RealServer,
    Server,
    add_project,
    ask,
    damage,
    free_port,
    until,
)


def count(data: Path, table: str, project: str = "tool") -> int:
    rows = ask(data, f"SELECT count() FROM {{project:Identifier}}.{table}", project).rows
    return int(str(rows[0][0]))


def sent_old(server: Server) -> bool:
    """Have a version send what a newer catalog lacks; say whether it was taken."""
    line = Install().line("plugin", {"plugin_version": "1.0"})
    return bool(server.send(server.key(), line).json()["accepted"] == 1)


class Later(Event):
    """An event that the tool has learnt since."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    add_project(tmp_path)
    server = Server(tmp_path)
    yield server
    if server.process.poll() is None:
        server.stop()


def serve(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to give up at once."""
    return forked.aboveboard("serve", *words, **environ)


class TestStarting:
    def test_an_empty_directory_becomes_aiders_project_and_says_how_to_send(
        self, tmp_path: Path
    ) -> None:
        server = RealServer(tmp_path / "new" / "directory")
        key = server.key("aider")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        told = server.process.stdout.read()
        assert server.stop() == (0, "")
        assert f"project aider, write key {key}" in told.decode()
        assert (
            f"aider --analytics --analytics-posthog-host http://127.0.0.1:{server.port}"
            f" --analytics-posthog-project-api-key {key}"
        ) in told.decode()

    @pytest.mark.thorough
    def test_behind_a_proxy_senders_are_told_the_public_address(self, tmp_path: Path) -> None:
        server = Server(tmp_path, "--public-url", "https://example.org/analytics/")
        page = server.request("GET", "/analytics/?project=aider", headers={"Accept": "text/html"})
        assert b"--analytics-posthog-host https://example.org/analytics " in page.body
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        told = server.process.stdout.read().decode()
        assert server.stop() == (0, "")
        assert " --analytics-posthog-host https://example.org/analytics --" in told

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (["--public-url", "example.org"], "is no address"),
            (["--public-url", "https://example.org/?a"], "is no address"),
            (["--public-url", "https://example.org/a b"], "is no address"),
            (["--public-url", "https://:443/"], "is no address"),
            (["--public-url", "https://example.org:99999/"], "is no address"),
            (["--public-url", "https://example.org/a", "--base-path", "/b"], "leave --base-path"),
        ],
    )
    def test_a_public_address_that_cannot_be_one_is_refused(
        self, tmp_path: Path, words: list[str], reason: str
    ) -> None:
        ended = serve("--data", str(tmp_path), *words)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert reason in ended.stderr
        assert ended.stderr.count("\n") == 1

    def test_what_was_there_is_there_after_a_restart(self, running: Server) -> None:
        key = running.key()
        running.send(key, Install().segment(2))
        assert running.stop() == (0, "")
        running.start()
        assert running.key() == key
        running.send(key, Install().segment(3))
        assert running.stop() == (0, "")
        told = ask(running.data, "SELECT count() FROM {project:Identifier}.message_send")
        assert told.rows == [(5,)]

    def test_a_catalog_makes_a_project_and_a_newer_one_grows_it(self, tmp_path: Path) -> None:
        file = tmp_path / "catalog.json"
        keys = set()
        for events in (EVENTS, [*EVENTS, Later]):
            file.write_text(json.dumps(Catalog.of("tool", events, LEGACY).as_json()))
            server = Server(tmp_path / "data", "--catalog", str(file), "--project", "tool")
            keys.add(server.key())
            answer = server.send(server.key(), Install().start() + Install().line("later"))
            server.stop()
        assert len(keys) == 1
        assert answer.json()["accepted"] == 2
        told = ask(tmp_path / "data", "SELECT count() FROM {project:Identifier}.later")
        assert told.rows == [(1,)]

    def test_a_project_that_is_added_meanwhile_needs_no_restart(self, running: Server) -> None:
        key = add_project(running.data, "other", CATALOG)
        assert running.send(key, Install().segment(2)).json()["accepted"] == 3
        add_project(running.data, "other", Catalog.of("tool", [*EVENTS, Later]))
        late = Install().line("later")
        until(lambda: running.send(key, late).json()["accepted"] == 1)
        running.stop()
        sql = "SELECT count() FROM {project:Identifier}.later"
        assert ask(running.data, sql, "other").rows == [(1,)]

    @pytest.mark.thorough
    def test_versions_in_use_count_on_until_what_they_send_is_withdrawn(
        self, running: Server
    ) -> None:
        assert sent_old(running)
        newer = Catalog.of("tool", [Later], LEGACY)
        add_project(running.data, "tool", newer)
        later = Install().line("later")
        until(lambda: running.send(running.key(), later).json()["accepted"] == 1)
        assert sent_old(running)
        add_project(running.data, "tool", newer, replace=True)
        until(lambda: not sent_old(running))
        assert running.stop() == (0, "")
        assert count(running.data, "plugin") >= 2

    @pytest.mark.thorough
    def test_a_smaller_catalog_at_its_start_leaves_it_what_it_takes(self, tmp_path: Path) -> None:
        add_project(tmp_path / "data")
        file = tmp_path / "newer.json"
        file.write_text(json.dumps(Catalog.of("tool", [Later]).as_json()))
        server = Server(tmp_path / "data", "--catalog", str(file), "--project", "tool")
        assert sent_old(server)
        code, said = server.stop()
        assert code == 0
        assert said.startswith("aboveboard serve: tool goes on taking command_add, no-repo, ")
        assert "rejected_value" not in said
        assert said.count("\n") == 1
        assert count(tmp_path / "data", "plugin") == 1

    def test_what_is_sent_is_in_the_warehouse_while_the_server_runs(self, running: Server) -> None:
        running.send(running.key(), Install().segment(4))
        until(lambda: running.metric("warehouse_rows_total") == 5)
        running.settle()

    @pytest.mark.thorough
    def test_a_project_that_is_added_meanwhile_has_a_page_at_once(self, running: Server) -> None:
        add_project(running.data, "fresh", CATALOG)
        page = running.request("GET", "/?project=fresh")
        assert (page.status, b"fresh" in page.body) == (200, True)
        table = running.request("GET", "/insights/totals.json?project=fresh")
        assert table.status == 200, table.body


@pytest.mark.thorough
class TestAProjectInTrouble:
    """A property comes back as another kind, withdrawn by an aboveboard that did not note it."""

    @pytest.fixture
    def troubled(self, running: Server) -> Server:
        class Changed(Event, name="message_send"):
            """The model answered."""

            tokens: bool | None = flag("Whether any tokens")

        add_project(running.data, "well", CATALOG)
        add_project(running.data, "tool", Catalog.of("tool", EVENTS[2:]), replace=True)
        with closing(sqlite3.connect(running.data / "projects.sqlite")) as connection, connection:
            connection.execute("DELETE FROM withdrawn")
        add_project(running.data, "tool", Catalog.of("tool", [*EVENTS[2:], Changed]))
        until(lambda: running.request("GET", "/readyz").status == 503)
        return running

    def test_is_named_with_what_to_do_and_holds_up_no_other(self, troubled: Server) -> None:
        troubled.send(troubled.key(), Install().segment(2))
        troubled.send(troubled.key("well"), Install().segment(3))
        until(lambda: troubled.metric("inbox_events") == 3)
        said = troubled.request("GET", "/readyz")
        assert said.status == 503
        assert said.body.decode().count("\n") == 1
        assert said.body.startswith(b"project tool: message_send.tokens is kept as ")
        told = troubled.request("GET", "/metrics").body.decode()
        assert 'aboveboard_project_failing{project="tool"} 1' in told
        assert 'aboveboard_project_failing{project="well"} 0' in told
        code, said_at_last = troubled.stop()
        assert code == 0
        assert "project tool" in said_at_last
        assert count(troubled.data, "message_send", "well") == 3

    def test_keeps_what_it_is_sent_until_its_catalog_is_mended(self, troubled: Server) -> None:
        troubled.send(troubled.key(), Install().segment(2))
        mended = Catalog.of("tool", [*EVENTS[2:], Later])
        add_project(troubled.data, "tool", mended, replace=True)
        troubled.settle()
        assert troubled.request("GET", "/readyz").body == b"ready\n"
        troubled.stop()
        assert count(troubled.data, "sessions") == 1

    def test_does_not_keep_a_server_from_starting(self, troubled: Server) -> None:
        assert troubled.stop()[0] == 0
        troubled.start()
        assert troubled.send(troubled.key("well"), Install().segment(3)).status == 200
        until(lambda: troubled.metric("warehouse_rows_total") == 4)
        assert troubled.request("GET", "/readyz").status == 503


@pytest.mark.thorough
class TestACatalogThatCannotBeRead:
    """One project's is damaged, or a newer aboveboard has written it."""

    @pytest.fixture
    def damaged(self, running: Server) -> Server:
        add_project(running.data, "well", CATALOG)
        return self.damage(running)

    def damage(self, running: Server) -> Server:
        damage(running.data, "tool")
        until(lambda: running.request("GET", "/readyz").status == 503)
        return running

    def test_is_told_on_one_line_and_the_other_projects_go_on(self, damaged: Server) -> None:
        said = damaged.request("GET", "/readyz").body.decode()
        assert said == (
            "project tool: its catalog is damaged: give it one with "
            "`aboveboard projects add tool --catalog FILE --replace`\n"
        )
        told = damaged.request("GET", "/metrics").body.decode()
        assert 'aboveboard_project_failing{project="tool"} 1' in told
        assert 'aboveboard_project_failing{project="well"} 0' in told
        assert damaged.send(damaged.key("well"), Install().segment(3)).status == 200
        assert damaged.request("GET", "/?project=well").status == 200
        code, logged = damaged.stop()
        assert code == 0
        assert logged.count("\n") == logged.count("its catalog is damaged") == 1
        assert count(damaged.data, "message_send", "well") == 3

    def test_leaves_what_is_sent_with_its_senders_until_it_is_mended(self, running: Server) -> None:
        key = running.key()
        damaged = self.damage(running)
        refused = damaged.send(key, Install().segment(2))
        assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
        batch = json.dumps({"api_key": key, "batch": [{"event": "plugin"}]}).encode()
        assert damaged.request("POST", "/batch/", batch).status == 503
        assert damaged.request("POST", "/batch/", batch.replace(b"ab_", b"no_")).status == 401
        assert add_project(damaged.data, "tool", replace=True) == key
        until(lambda: damaged.send(key, Install().segment(2)).status == 200)
        assert damaged.request("GET", "/readyz").body == b"ready\n"
        damaged.settle()
        code, logged = damaged.stop()
        assert code == 0
        assert "project tool's events are taken again" in logged
        assert count(damaged.data, "message_send") == 2

    def test_keeps_what_waited_for_the_warehouse(self, running: Server) -> None:
        running.kill()
        with closing(Projects(running.data)) as projects, closing(Inbox(running.data)) as inbox:
            project = projects.get("tool")
            assert project is not None
            accepted = Reader(project).segments.read(Install().segment(3))
            inbox.commit([Delivery("tool", uuid.uuid4(), accepted)])
        damage(running.data, "tool")
        running.start()
        assert running.stop()[0] == 0
        add_project(running.data, "tool", replace=True)
        running.start()
        assert running.stop() == (0, "")
        assert count(running.data, "message_send") == 3

    def test_does_not_keep_a_server_from_starting(self, damaged: Server, tmp_path: Path) -> None:
        assert damaged.stop()[0] == 0
        file = tmp_path / "given.json"
        file.write_text(json.dumps(CATALOG.as_json()))
        damaged.options = ("--catalog", str(file), "--project", "tool")
        damaged.start()
        assert damaged.send(damaged.key("well"), Install().segment(3)).status == 200
        code, said = damaged.stop()
        assert code == 0
        assert "aboveboard serve: project tool: its catalog is damaged: give it one with " in said

    def test_of_the_only_project_makes_no_other_one(self, running: Server) -> None:
        assert running.stop()[0] == 0
        damage(running.data, "tool", '{"format": 2}')
        running.start()
        said = running.request("GET", "/readyz").body
        assert b"project tool: this catalog has format 2, and 1 is known here: use a newer" in said
        for path in ("/", "/catalog", "/quarantine.json", "/insights/models.json?project=tool"):
            shown = running.request("GET", path)
            assert shown.status == 503
            assert b"project tool: this catalog has format 2, and 1 is known here" in shown.body
        assert running.stop()[0] == 0
        assert _projects(running.data) == []


class TestGivingUp:
    """One line on stderr that says what to do, and the exit code that shells expect."""

    def gives_up(self, ended: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
        assert ended.returncode == code, ended.stderr
        assert ended.stderr.startswith("aboveboard serve: ")
        assert ended.stderr.count("\n") == 1
        for word in words:
            assert word in ended.stderr
        assert ended.stdout == ""

    def test_a_port_that_is_in_use(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            ended = serve("--port", port, "--data", str(tmp_path))
        self.gives_up(ended, 1, f"port {port}", "--port")

    def test_an_address_that_is_none_of_this_machine_s(self, tmp_path: Path) -> None:
        words = ("--host", "192.0.2.1", "--admin-secret", "correct-horse-battery-staple-7")
        ended = serve(*words, "--port", str(free_port()), "--data", str(tmp_path))
        self.gives_up(ended, 1, "192.0.2.1", "another with --host")

    @pytest.mark.thorough
    def test_a_port_that_another_aboveboard_has(self, running: Server, tmp_path: Path) -> None:
        ended = serve("--port", str(running.port), "--data", str(tmp_path / "other"))
        self.gives_up(ended, 1, f"port {running.port}", "--port")

    @pytest.mark.parametrize("port", ["70000", "-1", "0"])
    def test_a_port_that_is_none(self, tmp_path: Path, port: str) -> None:
        self.gives_up(serve(f"--port={port}", "--data", str(tmp_path)), 2, "--port")

    def test_a_directory_that_another_server_has(self, running: Server) -> None:
        ended = serve("--port", str(free_port()), "--data", str(running.data))
        self.gives_up(ended, 1, str(running.data), "--data")

    def test_a_directory_that_cannot_be_written_to(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        ended = serve("--port", str(free_port()), "--data", str(tmp_path / "file"))
        self.gives_up(ended, 1, "cannot write to", "--data")

    def test_a_warehouse_that_is_not_there(self, tmp_path: Path) -> None:
        words = ["--port", str(free_port()), "--data", str(tmp_path)]
        ended = serve(*words, "--warehouse", "clickhouse://me:secret@127.0.0.1:9/")
        self.gives_up(ended, 1, "127.0.0.1:9")
        assert "secret" not in ended.stderr

    def test_an_address_for_others_without_a_secret(self, tmp_path: Path) -> None:
        for host in ("0.0.0.0", "::", "192.168.1.2"):
            ended = serve("--host", host, "--data", str(tmp_path), ABOVEBOARD_ADMIN_SECRET="")
            self.gives_up(ended, 2, "ABOVEBOARD_ADMIN_SECRET")

    @pytest.mark.parametrize("words", [["--catalog", "x.json"], ["--project", "tool"]])
    def test_a_catalog_of_no_project(self, tmp_path: Path, words: list[str]) -> None:
        self.gives_up(serve("--data", str(tmp_path), *words), 2, "--catalog and --project")

    @pytest.mark.parametrize("text", [None, "{", "[]", "{}", '{"format": 99, "events": []}'])
    def test_a_catalog_that_is_none(self, tmp_path: Path, text: str | None) -> None:
        file = tmp_path / "catalog.json"
        if text is not None:
            file.write_text(text)
        words = ["--port", str(free_port()), "--data", str(tmp_path / "data")]
        ended = serve(*words, "--catalog", str(file), "--project", "tool")
        self.gives_up(ended, 1, "catalog")

    @pytest.mark.thorough
    def test_a_catalog_that_the_tables_contradict(self, running: Server, tmp_path: Path) -> None:
        running.stop()
        document = CATALOG.as_json()
        for event in document["events"]:  # type: ignore[attr-defined]
            for told in event["properties"]:
                if told["name"] == "tokens":
                    told["kind"] = "flag"
        file = tmp_path / "catalog.json"
        file.write_text(json.dumps(document))
        words = ["--port", str(free_port()), "--data", str(running.data)]
        ended = serve(*words, "--catalog", str(file), "--project", "tool")
        self.gives_up(ended, 1, "message_send.tokens", "another name")
        (kept,) = _projects(running.data)
        assert kept.catalog.as_json() == CATALOG.as_json()


class TestEnding:
    def test_ctrl_c_moves_what_waits_and_says_nothing(self, running: Server) -> None:
        key = running.key()
        for _ in range(20):
            running.send(key, Install().segment(1))
        assert running.stop() == (0, "")
        told = ask(running.data, "SELECT count() FROM {project:Identifier}.message_send")
        assert told.rows == [(20,)]

    def test_a_connection_that_is_kept_open_does_not_hold_it(self, running: Server) -> None:
        with socket.create_connection(("127.0.0.1", running.port)) as idle:
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(100).startswith(b"HTTP/1.1 200")
            assert running.stop() == (0, "")

    def test_a_request_that_is_never_finished_does_not_hold_it(self, tmp_path: Path) -> None:
        add_project(tmp_path)
        running = HurriedServer(tmp_path)
        with socket.create_connection(("127.0.0.1", running.port)) as slow:
            slow.sendall(
                b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx"
            )
            time.sleep(0.3)
            code, _ = running.stop()
            assert code == 0


def descendants(pid: int) -> set[int]:
    """Return the processes below a process, as Linux tells them."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    below = {int(child) for child in path.read_text().split()} if path.exists() else set()
    return below.union(*map(descendants, below))


@pytest.mark.thorough
class TestDemo:
    def test_an_empty_demo_is_filled_and_ctrl_c_ends_both(self, tmp_path: Path) -> None:
        server = RealServer(tmp_path, "--demo")
        until(lambda: server.metric("events_accepted_total") > 0)
        people = descendants(server.process.pid)
        assert people
        code, said = server.stop()
        assert code == 0
        assert "Traceback" not in said
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in people))
        assert count(tmp_path, "sessions", "demo") > 0

    def test_a_demo_that_has_events_is_left_as_it_is(self, tmp_path: Path) -> None:
        server = Server(tmp_path)
        key = add_project(tmp_path, "demo", shipped_catalog("aider"))
        server.send(key, Install().start())
        assert server.stop()[0] == 0
        again = Server(tmp_path, "--demo")
        time.sleep(0.5)
        assert descendants(again.process.pid) == set()
        assert again.stop() == (0, "")
        assert count(tmp_path, "sessions", "demo") == 1


def test_no_address_and_nothing_that_names_a_sender_is_kept_or_said(tmp_path: Path) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    marks = {"X-Forwarded-For": "203.0.113.77", "User-Agent": "Nam3dAgent", "Cookie": "c00kie=1"}
    me = Install()
    told = {"Authorization": f"Bearer {key}", "Idempotency-Key": me.session, **marks}
    body = me.start() + me.line("launched", {"ip": "203.0.113.77"}, ip="203.0.113.77") + b"c00kie"
    assert server.request("POST", "/v1/events", body, told).status == 200
    crash = json.dumps({"api_key": key, "event": "Nam3d Agent/x", "properties": {"c00kie!": 1}})
    assert server.request("POST", "/batch/", crash.encode(), marks).status == 200
    assert server.request("POST", "/batch/", b"c00kie", marks).status == 400
    server.settle()
    server.process.send_signal(signal.SIGINT)
    said = b"".join(server.process.communicate(timeout=60))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    kept = said + b"".join(path.read_bytes() for path in files)
    assert b"launched" in kept  # so this would see what is there
    for mark in (b"203.0.113.77", b"Nam3d", b"c00kie", b"127.0.0.1\0"):
        assert mark not in kept


def _projects(directory: Path) -> list[Project]:
    projects = Projects(directory)
    found = projects.all()
    projects.close()
    return found
