from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from aboveboard.warehouse import database
from tests.collector.tool import NOW, Install, Server, add_project, ask, keep_for, new_id, until
from tests.collector.transfer.logged import old
from tests.commands.importing import run, take


def count(data: Path, table: str, project: str = "tool") -> object:
    return ask(data, f"SELECT count() FROM {{project:Identifier}}.{table}", project).rows[0][0]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "log.jsonl"
    file.write_bytes(Install().segment(9))
    return file


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    add_project(directory)
    return directory


class TestWithoutAServer:
    def test_a_log_is_in_the_warehouse_when_the_command_ends(self, data: Path, log: Path) -> None:
        assert take(data, log) == "10 events of 1 install taken into project tool\n"
        assert (count(data, "sessions"), count(data, "message_send")) == (1, 9)

    def test_a_log_twice_counts_once_and_says_so(self, data: Path, log: Path) -> None:
        take(data, log)
        told = take(data, log, log)
        assert told == "0 events taken into project tool\n  20 events known already\n"
        assert count(data, "message_send") == 9

    def test_of_a_log_that_has_grown_the_rest_is_taken(self, data: Path, log: Path) -> None:
        take(data, log)
        with log.open("ab") as file:
            file.write(Install().segment(2))
        assert take(data, log).startswith("3 events of 1 install taken")
        assert (count(data, "sessions"), count(data, "message_send")) == (2, 11)

    @pytest.mark.thorough
    def test_several_logs_may_be_of_either_form(self, data: Path, log: Path) -> None:
        older = log.with_name("older.jsonl")
        older.write_bytes(old("launched", "command_add", "exit"))
        assert take(data, log, older).startswith("13 events of 2 installs taken")
        assert count(data, "command") == 1

    def test_what_is_left_out_is_told_by_name_and_number(self, data: Path, log: Path) -> None:
        me = Install()
        log.write_bytes(
            me.start()
            + me.line("uninvited") * 2
            + me.line("message_send", {"edit_format": "/home/me", "path": "/home/me"})
            + b"damaged\n"
        )
        told = take(data, log)
        assert "/home/me" not in told
        assert told.splitlines() == [
            "2 events of 1 install taken into project tool",
            "  1 line damaged and left out",
            "  events that the catalog does not have: uninvited (2)",
            "  properties that the catalog does not have: message_send.path (1)",
            "  values that do not fit and became null: message_send.edit_format (1)",
        ]

    @pytest.mark.thorough
    def test_a_log_of_sessions_that_were_off_is_of_no_install(
        self, data: Path, tmp_path: Path
    ) -> None:
        """Twelve runs of somebody who said no are no twelve installs."""
        off = tmp_path / "off.jsonl"
        lines = [
            line.replace(install.user_id.encode(), b"null").replace(b'"null"', b"null")
            for install in (Install() for _ in range(12))
            for line in install.segment(2).splitlines(keepends=True)
        ]
        off.write_bytes(b"".join(lines))
        assert take(data, off) == (
            "36 events of 0 installs taken into project tool\n"
            "  36 events of no install, from sessions that were not sent: they count as events "
            "only\n"
        )
        assert "36 events known already" in take(data, off)
        found = ask(
            data,
            "SELECT count(), uniqExactIf(user_id, user_id != 0), uniqExact(session) "
            "FROM {project:Identifier}.message_send",
        )
        assert found.rows == [(24, 0, 12)]

    def test_of_an_older_log_hours_are_kept_and_its_order(self, data: Path, tmp_path: Path) -> None:
        """Its runs are told apart by the seconds in the file, a day of silence among them."""
        file, user_id, noon = tmp_path / "older.jsonl", new_id(), NOW - NOW % 3600 - 10 * 86_400
        moments = [noon + 5, noon + 7, noon + 7, noon + 7 + 86_400, noon + 8 + 2 * 86_400]
        file.write_text(
            "".join(
                json.dumps({"event": "message_send", "properties": {"tokens": number},
                            "user_id": user_id, "time": moment}) + "\n"
                for number, moment in enumerate(moments)
            )
        )  # fmt: skip
        take(data, file)
        found = ask(
            data,
            "SELECT tokens, seq, toUnixTimestamp(time), dense_rank() OVER (ORDER BY first) FROM ("
            "SELECT *, min(tokens) OVER (PARTITION BY session) AS first "
            "FROM {project:Identifier}.message_send) ORDER BY tokens",
        )
        assert found.rows == [
            (0, 1, noon, 1),
            (1, 2, noon, 1),
            (2, 3, noon, 1),
            (3, 4, noon + 86_400, 1),
            (4, 1, noon + 2 * 86_400, 2),
        ]

    def test_aiders_project_is_made_where_it_is_missing(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_bytes(old("launched", "exit"))
        assert take(tmp_path / "new", log, project="aider").startswith("2 events")

    @pytest.mark.thorough
    def test_a_bar_is_shown_on_a_terminal_and_gone_at_the_end(self, data: Path, log: Path) -> None:
        master, slave = pty.openpty()
        words = ["import", str(log), "--project", "tool", "--data", str(data)]
        with subprocess.Popen(
            [sys.executable, "-m", "aboveboard", *words],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            env={**os.environ, "TERM": "xterm"},
        ) as process:
            os.close(slave)
            shown = b""
            with contextlib.suppress(OSError):  # which says that the other end was closed
                while True:
                    shown += os.read(master, 10_000)
            assert process.stdout is not None
            assert process.stdout.read().startswith(b"10 events")
        os.close(master)
        assert process.returncode == 0
        assert b"importing" in shown
        assert shown.rstrip().endswith(b"\x1b[2K")


class TestPackedLogs:
    def test_of_any_kind_count_once_with_the_plain_one(self, data: Path, log: Path) -> None:
        packed = log.with_suffix(".1")
        packed.write_bytes(gzip.compress(log.read_bytes()))
        assert "taken into project tool" in take(data, packed)
        assert take(data, log).startswith("0 events")

    @pytest.mark.thorough
    def test_that_are_cut_off_count_to_that_place(self, data: Path, tmp_path: Path) -> None:
        packed = gzip.compress(b"".join(Install().segment(99) for _ in range(200)))
        log = tmp_path / "log.gz"
        log.write_bytes(packed[: len(packed) // 2])
        told = take(data, log)
        assert "a packed log is damaged or cut off" in told
        assert not told.startswith("0 events")


class TestBesideAServer:
    def test_the_server_takes_what_was_imported_within_a_moment(
        self, data: Path, log: Path
    ) -> None:
        server = Server(data)
        told = take(data, log)
        assert told.startswith("10 events of 1 install taken")
        assert "the collector that runs" in told
        until(lambda: server.metric("warehouse_rows_total") == 10)
        log.write_bytes(old("launched", "exit"))
        assert take(data, log, project="aider").startswith("2 events")  # a project that was missing
        until(lambda: server.metric("warehouse_rows_total") == 13)  # and the session's start
        server.stop()
        assert count(data, "message_send") == 9

    @pytest.mark.thorough
    def test_a_session_that_was_sent_is_left_out_and_said(self, data: Path, log: Path) -> None:
        server = Server(data)
        server.send(server.key(), log.read_bytes())
        told = take(data, log)
        assert told == (
            "0 events taken into project tool\n"
            "  1 session left out, received from the wire already\n"
        )
        server.stop()
        assert take(data, log) == told
        assert count(data, "message_send") == 9

    @pytest.mark.thorough
    def test_what_is_taken_after_an_import_outlives_a_kill(self, data: Path, log: Path) -> None:
        """The import's end must not take the write-ahead log away from under the server."""
        server = Server(data)
        key, body, identity = server.key(), Install().segment(3), new_id()
        take(data, log)
        assert json.loads(server.send(key, body, identity).body)["duplicate"] is False
        server.settle()
        server.kill()
        again = Server(data)
        try:
            assert json.loads(again.send(key, body, identity).body)["duplicate"] is True
        finally:
            again.stop()


class TestGivingUp:
    def gives_up(self, ended: subprocess.CompletedProcess[str], *words: str) -> None:
        assert ended.returncode == 1
        assert ended.stderr.startswith("aboveboard import: ")
        assert ended.stderr.count("\n") == 1
        for word in words:
            assert word in ended.stderr

    def test_a_file_that_is_not_there(self, data: Path, log: Path) -> None:
        missing = str(log) + "x"
        ended = run("import", str(log), missing, "--project", "tool", "--data", str(data))
        self.gives_up(ended, missing, "No such file")
        assert not (data / "warehouse").exists()

    def test_what_may_never_end(self, data: Path, log: Path) -> None:
        os.mkfifo(pipe := log.with_name("pipe"))
        for name in (str(pipe), "/dev/zero"):
            ended = run("import", str(log), name, "--project", "tool", "--data", str(data))
            self.gives_up(ended, f"{name} is no file")
        ended = run("import", "", "--project", "tool", "--data", str(data))
        assert (ended.returncode, "FILE: it is empty" in ended.stderr) == (2, True)
        assert not (data / "warehouse").exists()

    def test_a_project_that_is_not_there(self, data: Path, log: Path) -> None:
        ended = run("import", str(log), "--project", "other", "--data", str(data))
        self.gives_up(ended, "'other'", "tool", "aboveboard projects add")

    def test_a_directory_that_cannot_be_written_to(self, log: Path) -> None:
        ended = run("import", str(log), "--project", "aider", "--data", str(log))
        self.gives_up(ended, "--data")

    def test_a_file_that_is_no_log(self, data: Path) -> None:
        ended = run("import", __file__, "--project", "tool", "--data", str(data))
        assert ended.returncode == 1
        assert "lines damaged" in ended.stdout


class TestAidersPublishedSample:
    def test_it_is_a_thousand_events_of_one_install_with_107_messages(
        self, sample_log: Path, tmp_path: Path
    ) -> None:
        keep_for(tmp_path, 3_650)
        told = take(tmp_path, sample_log, project="aider")
        assert told == "1,000 events of 1 install taken into project aider\n"
        assert count(tmp_path, "message_send", "aider") == 107
        sql = (
            "SELECT sum(total_rows) FROM system.tables "
            "WHERE database = {project:Identifier} "
            "AND name NOT IN ('sessions', '_sessions', '_versions')"
        ).replace("{project:Identifier}", f"'{database('aider')}'")
        assert ask(tmp_path, sql, "aider").rows == [(1000,)]
        assert take(tmp_path, sample_log, project="aider").endswith("1,000 events known already\n")
        assert count(tmp_path, "message_send", "aider") == 107

    @pytest.mark.thorough
    def test_its_models_are_those_that_a_few_lines_count(
        self, sample_log: Path, tmp_path: Path
    ) -> None:
        keep_for(tmp_path, 3_650)
        take(tmp_path, sample_log, project="aider")
        told = map(json.loads, sample_log.read_text().splitlines())
        counted = Counter(
            each["properties"]["main_model"] for each in told if each["event"] == "message_send"
        )
        rows = ask(
            tmp_path,
            "SELECT main_model, count() FROM {project:Identifier}.message_send GROUP BY main_model",
            "aider",
        ).rows
        assert sorted(rows) == sorted(counted.items())
