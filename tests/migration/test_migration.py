"""A data directory that aboveboard 0.1.0 wrote is opened by today's: nothing lost, nothing doubled.

write_with_0_1_0.py tells what is in it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import tarfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aboveboard.collector.inbox import storage
from aboveboard.collector.inbox.memory import Memory
from aboveboard.collector.inbox.migrations import INBOX, Migration
from aboveboard.collector.projects import migrations as projects
from aboveboard.collector.projects.registry import Projects
from aboveboard.collector.service import Collector, Reader
from aboveboard.collector.transfer import logs as auditlog
from aboveboard.warehouse import Warehouse, WarehouseError, embedded, schema
from aboveboard.warehouse.structure import migration, unstarted, versions
from tests import forked
from tests.collector.tool import Server

WRITTEN = Path(__file__).with_name("data-0.1.0.tar.xz")
NOBODY = schema.NOBODY

Row = dict[str, Any]


class Opened(NamedTuple):
    """A directory of 0.1.0 that was opened by today's, and all rows that it has since."""

    directory: Path
    found: dict[str, list[Row]]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What 0.1.0 wrote; nobody opens this copy of it."""
    directory = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(WRITTEN) as archive:
        archive.extractall(directory, filter="data")
    return directory / "data"


@pytest.fixture(scope="module")
def opened(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """The same, opened once and closed; whoever opens it again has a copy."""
    directory = _keeping(_copy(unpacked, tmp_path_factory.mktemp("opened")))
    return Opened(directory, kept(directory))


@pytest.fixture(scope="module")
def without_unstarted(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, as it was before sessions without a start had rows."""
    directory = _copy(opened.directory, tmp_path_factory.mktemp("without"))
    with closing(Warehouse(embedded(directory / "warehouse"))) as there:
        for project in ("tool", "other"):
            name = schema.database(project)
            there.query(f"DROP VIEW {name}.{unstarted.VIEW}", bounded=False)
            there.query(f"DROP TABLE {name}.{unstarted.TABLE} SYNC", bounded=False)
    return directory


@pytest.fixture
def written(unpacked: Path, tmp_path: Path) -> Path:
    """A data directory as 0.1.0 left it."""
    return _copy(unpacked, tmp_path)


@pytest.fixture
def data(written: Path) -> Path:
    """The same, with projects that keep what is of 2025 for long enough to look at it."""
    return _keeping(written)


@pytest.fixture(scope="module")
def truth(unpacked: Path) -> dict[str, list[Row]]:
    """Return all rows as 0.1.0 has them in the end, by project and table."""
    found: dict[str, list[Row]] = json.loads((unpacked / "truth.json").read_text())
    return found


def _copy(data: Path, into: Path) -> Path:
    return shutil.copytree(data, into / "data", symlinks=True)


def _keeping(directory: Path) -> Path:
    with closing(Projects(directory)) as projects:
        for project in projects.all():
            projects.keep_for(project.name, 3_650)
    return directory


def kept(data: Path) -> dict[str, list[Row]]:
    """Return all rows as they are kept, once what waits is moved."""
    found = {}
    with closing(Collector(data)) as collector:
        assert collector.mover.troubles() == {}
        collector.mover.move_all()
        for project in ("tool", "other"):
            of = {"database": f"project_{project}"}
            names = collector.warehouse.query(
                "SELECT name FROM system.tables WHERE database = {database:String}", of
            ).rows
            made = {str(name) for (name,) in names if str(name).startswith("_")}
            assert made == {unstarted.TABLE, unstarted.VIEW, versions.TABLE}
            for table in [name for (name,) in names if name not in made] + [unstarted.VIEW]:
                apart = "time" if table == unstarted.VIEW else "_move, time"
                result = collector.warehouse.query(
                    f"SELECT * EXCEPT ({apart}), toUnixTimestamp(time) AS time "
                    "FROM {database:Identifier}.{table:Identifier}",
                    {**of, "table": table},
                )
                rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
                found[f"{project}.{table}"] = rows
    return found


def expected(table: str, row: Row) -> str:
    """Return a row of 0.1.0 as it is to be kept now, but for its place."""
    now = dict(row)
    now["user_id"] = 0 if row["user_id"] == NOBODY else schema.key(row["user_id"])
    now["session"] = 0 if row["user_id"] == NOBODY else schema.key(row["session"])
    now["time"] = row["time"] - row["time"] % 3600
    if "cost" in row and row["cost"] is not None:
        now["cost"] = Decimal(str(row["cost"])).quantize(Decimal("1e-9"))
    if table.endswith(".sessions"):
        now |= {"user_uuid": uuid.UUID(row["user_id"]), "session_uuid": uuid.UUID(row["session"])}
    return _said(now)


def _said(row: Row) -> str:
    return repr(sorted((name, value) for name, value in row.items() if name != "seq"))


def assert_all_is_there(truth: dict[str, list[Row]], found: dict[str, list[Row]]) -> None:
    views = {f"{project}.{unstarted.VIEW}" for project in ("tool", "other")}
    assert found.keys() == truth.keys() | views
    for view in views:
        assert_each_session_is_there(truth, found, view.partition(".")[0])
    for table, rows in truth.items():
        told = [row for row in rows if row["user_id"] != NOBODY or not table.endswith(".sessions")]
        assert Counter(map(_said, found[table])) == Counter(expected(table, row) for row in told)


def assert_each_session_is_there(
    truth: dict[str, list[Row]], found: dict[str, list[Row]], project: str
) -> None:
    """A session has one row, from its start, or else from the first of its events on."""
    hours: dict[tuple[str, str], list[int]] = defaultdict(list)
    starts = {}
    for table, rows in truth.items():
        for row in rows:
            if table.startswith(f"{project}.") and row["user_id"] != NOBODY:
                session = row["user_id"], row["session"]
                hours[session].append(row["time"] - row["time"] % 3600)
                if table.endswith(".sessions"):
                    starts[session] = hours[session][-1], row["app_version"]
    wanted = {
        (schema.key(user_id), schema.key(session)): starts.get(
            (user_id, session), (min(hours[user_id, session]), None)
        )
        for user_id, session in hours
    }
    rows = found[f"{project}.{unstarted.VIEW}"]
    assert {(r["user_id"], r["session"]): (r["time"], r["app_version"]) for r in rows} == wanted
    assert len(rows) == len(wanted)
    assert project != "tool" or len(starts) < len(wanted)  # some starts never came
    for row in rows:
        assert schema.key(str(row["user_uuid"])) == row["user_id"]
        assert schema.key(str(row["session_uuid"])) == row["session"]


def assert_in_order(truth: dict[str, list[Row]], found: dict[str, list[Row]]) -> None:
    """What was in order by its seconds is in order by its places."""
    places: dict[int, list[int]] = defaultdict(list)
    by_hour: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for table, rows in found.items():
        for row in rows:
            if row["session"] and not table.endswith(unstarted.VIEW):
                places[row["session"]].append(row["seq"])
                by_hour[row["session"]].append((row["seq"], row["time"]))
    for session, each in places.items():
        assert sorted(each) == list(range(len(each))), session
    for told in by_hour.values():
        hours = [hour for _, hour in sorted(told)]
        assert hours == sorted(hours)
    for table, rows in truth.items():
        seconds: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            if row["user_id"] != NOBODY:
                seconds[schema.key(row["session"])].append(row["time"])
        for session, times in seconds.items():
            mine = [row for row in found[table] if row["session"] == session]
            mine.sort(key=lambda row: row["seq"])
            assert [row["time"] for row in mine] == [
                moment - moment % 3600 for moment in sorted(times)
            ]


def test_every_row_is_there_once_with_its_hour_its_key_and_its_place(
    opened: Opened, truth: dict[str, list[Row]]
) -> None:
    assert_all_is_there(truth, opened.found)
    assert_in_order(truth, opened.found)


def test_opened_again_it_is_the_same(opened: Opened, tmp_path: Path) -> None:
    again = kept(_copy(opened.directory, tmp_path))
    assert again.keys() == opened.found.keys()
    for table, rows in opened.found.items():
        assert Counter(map(repr, rows)) == Counter(map(repr, again[table]))


@pytest.mark.thorough
def test_many_buckets_say_what_one_says(
    data: Path, truth: dict[str, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "BUCKET_EVENTS", 120)
    found = kept(data)
    assert_all_is_there(truth, found)
    assert_in_order(truth, found)


@pytest.mark.thorough
def test_a_server_opens_it_and_shows_it(data: Path, truth: dict[str, list[Row]]) -> None:
    server = Server(data)
    try:
        server.settle()
        asked = "project=tool&since=2025-08-01&until=2025-12-31"
        answer = server.request("GET", f"/insights/events.csv?{asked}")
        assert answer.status == 200
        times = {
            line.split(",")[0]: int(line.split(",")[2])
            for line in answer.body.decode().splitlines()[1:]
        }
        assert times["message_send"] == len(truth["tool.message_send"])
    finally:
        server.stop()


LONG = bool(os.environ.get("ABOVEBOARD_LONG"))
STEPS = [("copied", 4), ("dropped", 1), ("renamed", 1), ("inserted", 1)]
MORE_STEPS = [("copied", 1), ("noted", 4)] if LONG else []


@pytest.mark.thorough
@pytest.mark.parametrize(("step", "buckets"), [*STEPS, *MORE_STEPS])
def test_killed_after_any_step_nothing_is_lost_or_doubled(
    data: Path, truth: dict[str, list[Row]], step: str, buckets: int
) -> None:
    """Each run goes on for one step more of its kind than the one before, and is killed."""
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from aboveboard.collector.service import Collector\n"
        "from aboveboard.warehouse.structure import migration\n"
        "migration.BUCKET_EVENTS = int(sys.argv[4])\n"
        "left = int(sys.argv[3])\n"
        "def crash(step):\n"
        "    global left\n"
        "    left -= step == sys.argv[2]\n"
        "    if left == 0:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "collector = Collector(Path(sys.argv[1]), _crash=crash)\n"
        "collector.mover.move_all()\n"
        "collector.close()\n"
    )
    events = 10**6 if buckets == 1 else 150
    for number in (1, 3):
        process = forked.script(script, str(data), step, str(number), str(events))
        process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGKILL)
    found = kept(data)
    assert_all_is_there(truth, found)
    assert_in_order(truth, found)


@pytest.mark.thorough
def test_killed_at_any_moment_nothing_is_lost_or_doubled(
    data: Path, truth: dict[str, list[Row]]
) -> None:
    chance = random.Random(8)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from aboveboard.collector.service import Collector\n"
        "from aboveboard.warehouse.structure import migration\n"
        "migration.BUCKET_EVENTS = 100\n"
        "print('begun', flush=True)\n"
        "collector = Collector(Path(sys.argv[1]))\n"
        "collector.mover.move_all()\n"
        "collector.close()\n"
    )
    for _ in range(12 if LONG else 3):
        process = forked.script(script, str(data))
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.05, 1.2))
        process.kill()
        process.communicate()
    found = kept(data)
    assert_all_is_there(truth, found)
    assert_in_order(truth, found)


@pytest.mark.thorough
def test_a_disk_without_room_is_told_and_changes_nothing(
    data: Path, truth: dict[str, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(data)
    with closing(Projects(data)) as projects:
        catalog = projects.all()[0].catalog
    with monkeypatch.context() as full, closing(Warehouse(embedded(data / "warehouse"))) as there:
        full.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**6))
        with pytest.raises(WarehouseError, match="MiB of disk, and 0 are free: make room"):
            there.ensure("tool", catalog)
    assert_all_is_there(truth, kept(data))


def test_no_project_of_before_is_shown_to_everybody_until_somebody_says_so(data: Path) -> None:
    with closing(Projects(data)) as projects:
        names = [each.name for each in projects.all()]
        assert names
        assert not any(each.is_public for each in projects.all())
        projects.show(names[0], public=True)
    with closing(Projects(data)) as projects:
        assert [each.name for each in projects.all() if each.is_public] == names[:1]


class TestADirectoryFromBeforeSessionsWithoutAStartHadRows:
    OPENS = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from aboveboard.collector.service import Collector\n"
        "from aboveboard.warehouse.structure import unstarted\n"
        "unstarted.BUCKET_EVENTS = 60\n"
        "left = int(sys.argv[3])\n"
        "def crash(step):\n"
        "    global left\n"
        "    left -= step == sys.argv[2]\n"
        "    if left == 0:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "print('begun', flush=True)\n"
        "collector = Collector(Path(sys.argv[1]), _crash=crash)\n"
        "collector.mover.move_all()\n"
        "collector.close()\n"
    )

    @pytest.fixture
    def older(self, without_unstarted: Path, tmp_path: Path) -> Path:
        return _copy(without_unstarted, tmp_path)

    def test_they_have_them_when_it_is_opened(
        self, older: Path, truth: dict[str, list[Row]]
    ) -> None:
        assert_all_is_there(truth, kept(older))

    @pytest.mark.thorough
    @pytest.mark.parametrize("step", ["filled", "named"])
    def test_killed_after_any_step_each_is_there_once(
        self, older: Path, truth: dict[str, list[Row]], step: str
    ) -> None:
        for number in (1, 2, 3):
            process = forked.script(self.OPENS, str(older), step, str(number))
            process.communicate(timeout=60)
            code = process.returncode
            assert code == -signal.SIGKILL or (step, number) in {("named", 2), ("named", 3)}
        assert_all_is_there(truth, kept(older))

    @pytest.mark.thorough
    def test_killed_at_any_moment_each_is_there_once(
        self, older: Path, truth: dict[str, list[Row]]
    ) -> None:
        chance = random.Random(17)
        for _ in range(12 if LONG else 3):
            process = forked.script(self.OPENS, str(older), "never", "0")
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.2, 0.9))
            process.kill()
            process.communicate()
        assert_all_is_there(truth, kept(older))

    def test_an_install_with_another_session_keeps_its_whole_id(
        self, opened: Opened, truth: dict[str, list[Row]]
    ) -> None:
        found = opened.found["tool._sessions"]
        whole = {row["user_id"] for row in truth["tool.sessions"]}
        of_others = {schema.key(user_id) for user_id in whole}
        for row in found:
            assert str(row["user_uuid"]) in whole or row["user_id"] not in of_others


class File(NamedTuple):
    name: str
    steps: Sequence[Migration]


FILES = [File(storage.INBOX, INBOX), File(projects.FILE, projects.PROJECTS)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
class TestTheTablesOfAFile:
    """They are the same whenever a file was made and whatever versions have opened it since."""

    def test_are_those_of_a_new_one(self, data: Path, tmp_path: Path, file: File) -> None:
        assert self.tables(data, *file) == self.tables(tmp_path / "new", *file)

    def test_keep_all_rows_whichever_step_a_version_between_had_come_to(
        self, unpacked: Path, tmp_path: Path, file: File
    ) -> None:
        made = self.rows(tmp_path / "new", *file)
        files = shutil.ignore_patterns("warehouse")
        shutil.copytree(unpacked, tmp_path / "at-once", ignore=files)
        wanted = self.rows(tmp_path / "at-once", *file)
        assert any(wanted.values())
        for taken in range(1, len(file.steps)):
            stopped = tmp_path / str(taken)
            shutil.copytree(unpacked, stopped, ignore=files)
            storage.connect(stopped, file.name, file.steps[:taken]).close()
            found = self.rows(stopped, *file)
            assert found.keys() == wanted.keys()
            for table, rows in wanted.items():
                if made[table]:  # also in a new file, and of each file's own making: the salt
                    assert len(found[table]) == len(rows)
                else:
                    assert found[table] == rows

    @staticmethod
    def tables(directory: Path, name: str, steps: Sequence[Migration]) -> dict[str, object]:
        """Return the columns and indexes of each table, and the file's version."""
        with closing(storage.connect(directory, name, steps)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found: dict[str, object] = {}
            for (table,) in names.fetchall():
                columns = connection.execute(f"PRAGMA table_xinfo({table})").fetchall()
                indexes = connection.execute(f"PRAGMA index_list({table})").fetchall()
                found[table] = columns, sorted(index[1:] for index in indexes)
            return {**found, "version": connection.execute("PRAGMA user_version").fetchone()}

    @staticmethod
    def rows(directory: Path, name: str, steps: Sequence[Migration]) -> dict[str, list[str]]:
        with closing(storage.connect(directory, name, steps)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {
                table: sorted(map(repr, connection.execute(f"SELECT * FROM {table}")))
                for (table,) in names.fetchall()
            }


class TestTheInbox:
    def test_a_run_that_goes_on_has_its_later_events_behind_the_earlier_ones(
        self, data: Path
    ) -> None:
        with closing(storage.connect(data, storage.INBOX)) as connection:
            rows = connection.execute("SELECT user_id, last, ended FROM run").fetchall()
            assert rows
            for user_id, last, _ in rows:
                run = Memory(connection, "tool", last).recall(user_id)
                assert run is not None
                assert (run.last, last % 3600) == (last, 0)
                assert run.next > 1000

    def test_what_0_1_0_imported_is_known_for_as_long_as_if_it_had_come_today(
        self, data: Path
    ) -> None:
        with closing(storage.connect(data)) as connection:
            rows = connection.execute("SELECT seen FROM imported_by_bytes").fetchall()
            assert rows
            assert {time.time() - seen < 7200 for (seen,) in rows} == {True}

    def test_no_moment_finer_than_the_hour_is_left(self, data: Path) -> None:
        with closing(storage.connect(data, storage.INBOX)) as connection:
            columns = ("session.taken", "delivery.taken", "run.last", "imported_by_bytes.seen")
            for column in columns:
                table, name = column.split(".")
                rows = connection.execute(f"SELECT {name} % 3600 FROM {table}").fetchall()
                assert rows
                assert {row[0] for row in rows} == {0}

    def test_a_log_that_0_1_0_imported_is_known_and_its_later_lines_go_on_in_their_session(
        self, opened: Opened, truth: dict[str, list[Row]], tmp_path: Path
    ) -> None:
        """The imported aider log is made again here, line by line as it was, and has grown."""
        imported = next(
            row["user_id"]
            for row in truth["tool.sessions"]
            if row["source"] == "import" and row["app_version"] is None
        )
        log = self._log(truth, imported)
        with closing(Collector(_copy(opened.directory, tmp_path))) as collector:
            project = collector.projects.get("tool")
            assert project is not None
            taken = auditlog.LogImport(Reader(project), collector.inbox).take(log)
            assert (taken.known, taken.taken, taken.damaged) == (len(log), 0, 0)

    @staticmethod
    def _log(truth: dict[str, list[Row]], user_id: str) -> list[bytes]:
        lines = []
        for table, event, said in (
            ("launched", "launched", {}),
            ("command", "command_add", {}),
            ("message_send", "message_send", {"model": "gpt-4o", "cost": 0.5}),
            ("exit", "exit", {"reason": "done"}),
        ):
            for row in truth[f"tool.{table}"]:
                if row["user_id"] == user_id:
                    line = {
                        "event": event,
                        "properties": said,
                        "user_id": user_id,
                        "time": row["time"],
                    }
                    lines.append((row["time"], json.dumps(line).encode() + b"\n"))
        return [line for _, line in sorted(lines)]
