"""A ClickHouse server by URL: what it may say, who may do what, and what is said when it fails."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.service import Collector
from aboveboard.insights.adhoc import asking, rules
from aboveboard.warehouse import QueryLimitError, Warehouse, WarehouseError
from aboveboard.warehouse.engine import server, settings
from aboveboard.warehouse.errors import WarehouseAwayError
from aboveboard.warehouse.limits import Limits
from aboveboard.warehouse.result import Result
from tests.clickhouse.node import STRICT, Node
from tests.clickhouse.tls import terminated
from tests.collector.tool import CATALOG, Install, until
from tests.conftest import Recorder, missing
from tests.insights.conftest import Project
from tests.warehouse.granted import count, deliver, do_everything, grants, refused
from tests.warehouse.tables import Sent, row, rows


class TestWhatAUrlSays:
    """What cannot be is told before anything is connected to."""

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("clickhouse://u:secret@host:99999/", "the port is a number from 1 to 65535"),
            ("clickhouse://u:secret@host:x/", "the port is a number from 1 to 65535"),
            ("clickhouse:///", "it names no host"),
            ("clickhouse://u:secret@host/mine", "leave '/mine' away"),
            ("https://host/?ca_cert=/nowhere", "cannot read ca_cert /nowhere (No such file"),
            ("clickhouse://host/?ca_cert=/nowhere", "cannot read ca_cert /nowhere (No such file"),
            ("http://host/?server_host_name=x", "server_host_name is for TLS"),
            ("http://host/?connect_timeout=soon", "connect_timeout is a number of seconds"),
            ("http://host/?send_receive_timeout=0", "send_receive_timeout is a number of seconds"),
        ],
    )
    def test_what_cannot_be_is_named(self, url: str, said: str) -> None:
        assert said in refused(url)

    @pytest.mark.parametrize("name", settings.OURS)
    def test_no_setting_that_changes_what_is_counted_can_be_set(self, name: str) -> None:
        assert f"leave {name} away" in refused(f"http://u:secret@host/?{name}=1")

    def test_every_such_setting_is_one_of_clickhouses(self, node: Node) -> None:
        known = set(node.ask("SELECT name FROM system.settings SETTINGS limit = 0").split())
        assert set(settings.OURS) <= known

    def test_each_statement_carries_them_whatever_the_profile_has(self, node: Node) -> None:
        asked = ", ".join(f"toString(getSetting('{each}'))" for each in settings.OURS)
        with closing(Warehouse(node.url())) as warehouse:
            ((*told,),) = warehouse.query(f"SELECT {asked}").rows
        bools = {"true": "1", "false": "0"}
        assert [bools.get(str(each), str(each)) for each in told] == [
            str(each) for each in settings.OURS.values()
        ]

    def test_other_settings_are_clickhouses(self, node: Node) -> None:
        url = node.url(max_threads=1, connect_timeout=5, send_receive_timeout=60)
        with closing(Warehouse(url)) as warehouse:
            assert warehouse.query("SELECT getSetting('max_threads')").rows == [(1,)]

    def test_one_that_the_server_does_not_know_is_named(self, node: Node) -> None:
        said = refused(node.url(password="", max_thread=1))
        assert "has no setting 'max_thread'; correct the URL" in said

    def test_a_value_that_a_setting_cannot_have_is_refused(self, node: Node) -> None:
        assert "max_threads" in refused(node.url(max_threads="many"))


class TestWhatAnswersThere:
    def test_a_wrong_user_or_password_is_told(self, node: Node) -> None:
        assert "the user or the password is wrong" in refused(node.url("nobody", "secret"))

    def test_an_older_version_is_refused(self, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "OLDEST", (99, 1))
        assert "and 99.1 is the oldest that aboveboard works with" in refused(node.url())

    def test_what_is_no_clickhouse_is_told(self, recorder: Recorder) -> None:
        recorder.answer = b"<html>hello</html>"
        for statuses in ([], [404] * 9):
            recorder.statuses = [*statuses]
            said = refused(recorder.url.replace("http://", "clickhouse://u:secret@"))
            assert "what answers there is no ClickHouse" in said

    def test_tls_where_there_is_none_is_told(self, recorder: Recorder) -> None:
        said = refused(recorder.url.replace("http://", "https://u:secret@"))
        assert "it does not speak TLS" in said

    def test_a_host_that_does_not_exist_is_told(self) -> None:
        assert "ClickHouse does not answer" in refused(
            "clickhouse://u:secret@nowhere.invalid:8123/"
        )


@pytest.fixture(scope="module")
def certified(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A port with TLS, and the file of the authority that its certificate is of."""
    if shutil.which("openssl") is None:
        missing("openssl")
    place = tmp_path_factory.mktemp("tls")
    key, certificate = place / "key.pem", place / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    with terminated(node.http, certificate, key) as port:
        yield port, certificate


class TestTls:
    """A server with a certificate of an authority of one's own."""

    def test_it_is_trusted_by_its_authoritys_file(self, certified: tuple[int, Path]) -> None:
        port, certificate = certified
        with closing(
            Warehouse(f"https://default@localhost:{port}/?ca_cert={certificate}")
        ) as warehouse:
            assert warehouse.query("SELECT 1").rows == [(1,)]

    def test_it_is_refused_without_and_under_another_name(
        self, certified: tuple[int, Path]
    ) -> None:
        port, certificate = certified
        for url in (
            f"https://u:secret@localhost:{port}/",
            f"https://u:secret@127.0.0.1:{port}/?ca_cert={certificate}",
        ):
            assert "?ca_cert=FILE" in refused(url)

    def test_a_name_of_its_own_may_be_told(self, certified: tuple[int, Path]) -> None:
        port, certificate = certified
        url = f"https://127.0.0.1:{port}/?ca_cert={certificate}&server_host_name=localhost"
        with closing(Warehouse(url)) as warehouse:
            assert warehouse.query("SELECT 1").rows == [(1,)]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    users = {
        "aboveboard": {"password": "secret", "grants": {"query": grants()}},
        "reader": {"password": "secret", "profile": "readonly"},
        "other": {"password": "secret", "grants": {"query": ["GRANT SELECT ON other.*"]}},
    }
    running = Node(tmp_path_factory.mktemp("strict") / "node", STRICT, users).start()
    yield running
    running.kill()


@pytest.mark.thorough
class TestWhoMayDoWhat:
    """A server where nobody may do anything without a grant."""

    def test_the_documented_grants_suffice_for_all_that_a_collector_does(
        self, strict: Node, tmp_path: Path
    ) -> None:
        do_everything(strict.url("aboveboard", "secret"), tmp_path)
        assert strict.ask("SHOW TABLES FROM project_tool") == "_erased\n"

    def test_no_grant_reaches_what_is_others(self, strict: Node) -> None:
        strict.ask("CREATE DATABASE IF NOT EXISTS other")
        strict.ask("CREATE TABLE other.t (a UInt8) ENGINE = Memory")
        with (
            closing(Warehouse(strict.url("aboveboard", "secret"))) as warehouse,
            pytest.raises(WarehouseError, match="Not enough privileges") as told,
        ):
            warehouse.query("SELECT * FROM other.t")
        assert "\n" not in str(told.value)

    @pytest.mark.parametrize(
        ("user", "said"), [("reader", "its user may only read"), ("other", "CREATE DATABASE")]
    )
    def test_who_may_not_is_told_so(self, strict: Node, user: str, said: str) -> None:
        def use() -> None:
            with closing(Warehouse(strict.url(user, "secret"))) as warehouse:
                warehouse.ensure("mine", Catalog.of("mine", [Sent]))

        with pytest.raises(WarehouseError, match=said) as told:
            use()
        assert "\n" not in str(told.value)


@pytest.mark.thorough
class TestAServerThatFails:
    """Nothing is lost and nothing doubled; what is taken meanwhile waits in the inbox."""

    @pytest.fixture
    def failing(self, tmp_path: Path) -> Iterator[Node]:
        running = Node(tmp_path / "node").start()
        yield running
        running.kill()

    def test_what_came_while_it_was_away_is_there_once_afterwards(
        self, failing: Node, tmp_path: Path
    ) -> None:
        with closing(Collector(tmp_path / "data", failing.url(connect_timeout=1))) as collector:
            collector.add_project("tool", CATALOG)
            for ends in (failing.kill, failing.stop):
                deliver(collector, Install().segment(3))
                ends()
                with pytest.raises(WarehouseError, match=r"ClickHouse (does not answer|ended)"):
                    collector.mover.move_all()
                with pytest.raises(WarehouseError, match=r"ClickHouse (does not answer|ended)"):
                    collector.warehouse.query("SELECT 1")
                deliver(collector, Install().segment(3))
                failing.start()
                collector.mover.move_all()
            assert count(collector, "message_send") == 12
            assert count(collector, "_sessions") == 4
            assert collector.inbox.depth.events == 0

    def test_a_collector_that_starts_while_it_is_away_takes_events_which_are_there_once_later(
        self, failing: Node, tmp_path: Path
    ) -> None:
        url = failing.url(connect_timeout=1)
        with closing(Collector(tmp_path / "data", url)) as collector:
            collector.add_project("tool", CATALOG)
        failing.kill()
        with closing(Collector(tmp_path / "data", url)) as collector:
            collector.add_project("tool", CATALOG)  # as `serve` does with what comes with it
            deliver(collector, Install().segment(3))
            with pytest.raises(WarehouseError, match="ClickHouse does not answer"):
                collector.mover.move_all()
            failing.start()
            collector.mover.move_all()
            assert count(collector, "message_send") == 3
            failing.kill()
        with pytest.raises(WarehouseError, match="ClickHouse does not answer"):
            Collector(tmp_path / "first", url)

    def test_one_that_hangs_keeps_no_question_longer_than_it_may_take(self, failing: Node) -> None:
        limits = Limits(seconds=1)
        with closing(Warehouse(failing.url(), limits=limits)) as warehouse:
            asking: list[Callable[[], Result]] = [
                lambda: warehouse.query("SELECT 1"),
                lambda: warehouse.read_only("SELECT 1", limits),
            ]
            for ask in asking:
                assert ask().rows == [(1,)]
            assert failing.process is not None
            failing.process.send_signal(signal.SIGSTOP)
            try:
                with ThreadPoolExecutor(len(asking)) as threads:
                    asked = [threads.submit(ask) for ask in asking]
                    for each in asked:
                        with pytest.raises(WarehouseAwayError, match="did not answer in time"):
                            each.result()
            finally:
                failing.process.send_signal(signal.SIGCONT)
            for ask in asking:
                assert ask().rows == [(1,)]

    def test_a_full_disk_keeps_events_waiting(self, failing: Node, tmp_path: Path) -> None:
        full = {"disks": {"default": {"keep_free_space_bytes": 1 << 60}}}
        with closing(Collector(tmp_path / "data", failing.url())) as collector:
            collector.add_project("tool", CATALOG)
            deliver(collector, Install().segment(3))
            failing.stop()
            failing.settings["storage_configuration"] = full
            failing.start()
            with pytest.raises(WarehouseError, match="ClickHouse's disk is full; make room there"):
                collector.mover.move_all()
            failing.stop()
            del failing.settings["storage_configuration"]
            failing.start()
            collector.mover.move_all()
            assert count(collector, "message_send") == 3

    def test_an_insert_waits_while_one_of_its_token_goes_on_without_its_collector(
        self, node: Node
    ) -> None:
        with closing(Warehouse(node.url())) as warehouse:
            warehouse.ensure("tool", Catalog.of("tool", [Sent]))

            def left_alone() -> None:
                with warehouse.client() as client:
                    client.query("SELECT sleep(1.5)", settings={"query_id": "one"})

            other = threading.Thread(target=left_alone)
            other.start()
            until(lambda: "sleep(1.5)" in node.ask("SELECT query FROM system.processes"))
            with pytest.raises(WarehouseError, match="what was sent before is still being worked"):
                warehouse.insert("tool", "sent", row(tokens=1), "one")
            other.join()
            warehouse.insert("tool", "sent", row(tokens=1), "one")
            assert rows(warehouse) == [(1,)]
        node.clear()

    def test_the_same_token_inserts_once_after_a_restart(self, failing: Node) -> None:
        with closing(Warehouse(failing.url())) as warehouse:
            warehouse.ensure("tool", Catalog.of("tool", [Sent]))
            told = row(tokens=1)
            warehouse.insert("tool", "sent", told, "one")
            failing.kill()
            failing.start()
            warehouse.insert("tool", "sent", told, "one")
            assert rows(warehouse) == [(1,)]


def test_somebody_s_own_questions_are_let_through_and_refused_as_embedded(node: Node) -> None:
    """Also where the profile is hostile; tests/insights/adhoc has all the ways out."""
    project = Project("asked", CATALOG)
    with closing(Warehouse(node.url())) as warehouse:
        warehouse.ensure(project.name, project.catalog)
        text = "WITH a AS (SELECT * FROM sessions) SELECT count() FROM a -- all"
        table = asking.ask(warehouse, project, text)
        assert table.rows == ((0,),)
        for text in ("SELECT * FROM system.one", "SELECT file('x')", "SELECT 1 INTO OUTFILE 'x'"):
            with pytest.raises(rules.RefusedError):
                asking.ask(warehouse, project, text)
        with pytest.raises(QueryLimitError, match="10,000 rows"):
            asking.ask(warehouse, project, "SELECT arrayJoin(range(20000))")
    node.clear()
