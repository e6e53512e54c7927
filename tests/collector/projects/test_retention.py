"""What is collected is kept for as long as the project says, and no longer."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.projects.project import RETENTION_DAYS
from aboveboard.collector.projects.registry import Projects
from tests import forked
from tests.collector.projects.age import DAY, NOW, has_older
from tests.collector.tool import Install, Server, add_project, ask, new_id, until
from tests.commands.exporting import export
from tests.commands.importing import take


def set_retention(data: Path, days: str) -> subprocess.CompletedProcess[str]:
    return forked.aboveboard("projects", "set", "tool", "--retention", days, "--data", str(data))


def session(days: int) -> bytes:
    """Return a session that was so many days ago."""
    me = Install()
    told = {"time": NOW - days * DAY}
    start = {"app_version": "1.2.3", "os": "Linux", "arch": "x86_64", "python_version": "3.12.1"}
    return me.line("session_start", start, **told) + me.line("message_send", {}, **told)


def ages(data: Path, table: str = "message_send") -> list[int]:
    rows = ask(data, f"SELECT time FROM {{project:Identifier}}.{table} ORDER BY time DESC").rows
    return [round((NOW - when.timestamp()) / DAY) for (when,) in rows]  # type: ignore[attr-defined]


def test_it_is_thirteen_months_unless_said(tmp_path: Path) -> None:
    add_project(tmp_path)
    with closing(Projects(tmp_path)) as projects:
        (project,) = projects.all()
    assert project.retention == RETENTION_DAYS == 400
    declared = "SELECT create_table_query FROM system.tables WHERE database = {project:String}"
    server = Server(tmp_path)
    server.stop()
    tables = [str(text) for (text,) in ask(tmp_path, declared).rows if "`time`" in str(text)]
    tables = [text for text in tables if "MergeTree" in text]
    assert len(tables) > 5
    assert all("TTL time + toIntervalDay(400)" in text for text in tables)


def test_what_is_older_than_a_project_keeps_goes_and_what_is_younger_stays(tmp_path: Path) -> None:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    for days in (1, 20, 40, 300):
        assert server.send(key, session(days)).json()["accepted"] == 2
    server.settle()
    assert has_older(server, 35)
    told = set_retention(tmp_path, "30d")
    assert (told.returncode, told.stderr) == (0, "")
    assert "keeps events for 30 days" in told.stdout

    def refuses() -> bool:
        late = server.send(key, session(31)).json()
        if late["accepted"]:
            return False
        assert late["rejected"] == [
            {"line": line, "reason": "time is longer ago than what is taken"} for line in (1, 2)
        ]
        return True

    until(refuses)
    assert server.send(key, session(29)).json()["accepted"] == 2
    server.settle()
    until(lambda: not has_older(server, 35), seconds=60)
    server.stop()
    for table in ("message_send", "sessions"):
        assert ages(tmp_path, table) == [1, 20, 29]


def test_tables_of_before_are_given_it_without_losing_what_is_younger(tmp_path: Path) -> None:
    from aboveboard.warehouse import Warehouse, embedded
    from tests.collector.tool import CATALOG

    add_project(tmp_path)
    with closing(Warehouse(embedded(tmp_path / "warehouse"))) as warehouse:
        warehouse.ensure("tool", CATALOG)
        for days in (10, 399, 450):
            told: dict[str, list[object]] = {
                "user_id": [new_id()], "session": [new_id()], "seq": [0],
                "time": [NOW - days * DAY],
            }  # fmt: skip
            warehouse.insert("tool", "message_send", told, new_id())
    server = Server(tmp_path)
    try:
        until(lambda: not has_older(server, 440), seconds=60)
    finally:
        server.stop()
    assert ages(tmp_path) == [10, 399]


def test_a_log_that_is_older_is_left_out_and_said(tmp_path: Path) -> None:
    add_project(tmp_path)
    log = tmp_path / "log"
    log.write_bytes(session(500) + session(2))
    words = ("import", str(log), "--project", "tool", "--data", str(tmp_path))
    told = forked.aboveboard(*words)
    assert told.returncode == 0
    assert told.stdout.startswith("2 events of 1 install taken")
    assert "2 events left out, older than what the project keeps" in told.stdout
    set_retention(tmp_path, "600d")
    again = forked.aboveboard(*words)
    assert again.stdout.startswith("2 events of 1 install taken")
    assert ages(tmp_path) == [2, 500]


@pytest.mark.thorough
def test_an_export_that_is_older_is_left_out_and_said(tmp_path: Path) -> None:
    """What ClickHouse would remove again is not added first."""
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "all.jsonl"
    key = add_project(here)
    add_project(there)
    server = Server(here)
    server.send(key, session(300) + session(2))
    export(here, file)
    server.stop()
    set_retention(there, "90d")
    for taken in (2, 0):
        told = take(there, file)
        assert told.startswith(f"{taken} events of an export taken into project tool\n")
        assert "  2 events left out, older than what the project keeps; to keep more:" in told
        assert ages(there) == [2]
    set_retention(there, "400d")
    assert take(there, file).startswith("2 events of an export taken")
    assert ages(there) == [2, 300]


def test_it_stands_on_the_page_and_in_the_facts(tmp_path: Path) -> None:
    add_project(tmp_path)
    set_retention(tmp_path, "90")
    server = Server(tmp_path)
    assert b"kept for 90 days" in server.request("GET", "/catalog?project=tool").body
    facts = json.loads(server.request("GET", "/catalog.json?project=tool").body)
    assert (facts["project"], facts["retention_days"]) == ("tool", 90)
    assert "message_send" in json.dumps(facts["catalog"])
    server.stop()


@pytest.mark.parametrize("days", ["0d", "-1d", "4000d", "long", "1.5d", "²d"])
def test_what_is_no_time_is_refused(tmp_path: Path, days: str) -> None:
    add_project(tmp_path)
    assert set_retention(tmp_path, days).returncode == 2
