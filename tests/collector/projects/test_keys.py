"""Write keys: many a project, each retired by itself, and gone at once for who serves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.inbox import storage
from aboveboard.collector.projects import keys as write_keys
from aboveboard.collector.projects import migrations
from aboveboard.collector.projects.keys import KeyNameError, Keys
from aboveboard.collector.projects.registry import Projects
from tests.collector.tool import CATALOG, Install, Server, add_project, ask, until


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[Projects]:
    with closing(Projects(tmp_path)) as opened:
        opened.add("tool", CATALOG)
        yield opened


@pytest.fixture
def keys(tmp_path: Path, projects: Projects) -> Iterator[Keys]:
    with closing(Keys(tmp_path)) as opened:
        yield opened


def used(keys: Keys) -> list[int | None]:
    return [each.used for each in keys.all("tool")]


def test_a_project_has_as_many_keys_as_it_is_given(projects: Projects, keys: Keys) -> None:
    named, by_day = keys.add("tool", "release 2"), keys.add("tool")
    again = keys.add("tool")
    names = {each.name for each in keys.all("tool")}
    assert len(names) == 4
    assert names > {"first", "release 2"}
    for each in (named, by_day, again):
        found = projects.by_key(each.key)
        assert found is not None
        assert found.name == "tool"


def test_a_revoked_key_is_unknown_at_the_next_look_and_the_others_go_on(
    projects: Projects, keys: Keys
) -> None:
    leaked, other = keys.add("tool", "leaked"), keys.add("tool", "other")
    assert projects.by_key(leaked.key) is not None
    keys.revoke("tool", "leaked")
    assert projects.by_key(leaked.key) is None
    assert projects.by_key(other.key) is not None
    (found,) = projects.all()
    assert leaked.key not in found.keys
    assert [each.name for each in keys.all() if each.revoked is not None] == ["leaked"]


def test_a_key_is_revoked_by_itself_too_and_once(keys: Keys) -> None:
    key = keys.add("tool", "leaked").key
    assert keys.revoke("tool", key).name == "leaked"
    with pytest.raises(KeyNameError, match="no key 'leaked' in use"):
        keys.revoke("tool", "leaked")


def test_a_name_is_one_key_s_for_good(keys: Keys) -> None:
    keys.add("tool", "ci")
    keys.revoke("tool", "ci")
    with pytest.raises(KeyNameError, match="choose another"):
        keys.add("tool", "ci")


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 61])
def test_a_name_that_would_break_a_table_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(KeyNameError, match="printable"):
        keys.add("tool", name)


def test_a_project_without_a_key_in_use_is_given_none_by_a_newer_catalog(
    projects: Projects, keys: Keys
) -> None:
    keys.revoke("tool", "first")
    assert projects.add("tool", CATALOG).keys == ()


def test_the_day_of_use_is_written_once_a_day_and_by_no_look(
    projects: Projects, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = projects.all()[0].keys
    for _ in range(3):
        projects.by_key(key)
    assert used(keys) == [None]
    projects.note_used()
    assert used(keys) == [write_keys.today()]
    tomorrow = write_keys.today() + 1
    monkeypatch.setattr(write_keys, "today", lambda: tomorrow)
    with closing(sqlite3.connect(projects._file)) as watching:
        version = watching.execute("PRAGMA data_version").fetchone()
        projects.note_used()
        assert watching.execute("PRAGMA data_version").fetchone() == version
        projects.by_key(key)
        projects.note_used()
        assert watching.execute("PRAGMA data_version").fetchone() != version
    assert used(keys) == [tomorrow]


def test_a_file_that_cannot_be_read_stops_no_known_key(
    projects: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = projects.all()[0].keys

    def fail() -> None:
        raise storage.StorageError

    monkeypatch.setattr(projects, "refresh", fail)
    assert projects.by_key(key) is not None
    with pytest.raises(storage.StorageError):
        projects.by_key("ab_unknown")


def test_the_keys_of_0_1_0_are_each_the_first_of_their_project(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / migrations.FILE)) as old:
        old.executescript(
            "CREATE TABLE project (name TEXT PRIMARY KEY, catalog TEXT NOT NULL, shipped INTEGER "
            "NOT NULL, added INTEGER NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE write_key (key TEXT PRIMARY KEY, project TEXT NOT NULL, "
            "added INTEGER NOT NULL) WITHOUT ROWID;"
            "INSERT INTO project VALUES ('tool', '{}', 0, 1);"
            "INSERT INTO write_key VALUES ('ab_old', 'tool', 1);"
        )
    with closing(Keys(tmp_path)) as keys:
        assert [(each.key, each.name, each.used) for each in keys.all()] == [
            ("ab_old", "first", None)
        ]


def test_a_collector_that_runs_takes_a_new_key_at_once_and_a_revoked_one_no_more(
    tmp_path: Path,
) -> None:
    add_project(tmp_path)
    server = Server(tmp_path)
    try:
        with closing(Keys(tmp_path)) as keys:
            leaked = keys.add("tool", "leaked").key
            assert server.send(leaked, Install().segment(2)).status == 200
            keys.revoke("tool", "leaked")
            assert server.send(leaked, Install().segment(2)).status == 401
            batch = b'{"api_key": "%s", "batch": []}' % leaked.encode()
            assert server.request("POST", "/batch/", batch).status == 401
            assert server.send(server.key(), Install().segment(3)).status == 200
            until(lambda: None not in [each.used for each in keys.all("tool")])
    finally:
        server.stop()
    told = ask(tmp_path, "SELECT count() FROM {project:Identifier}.message_send")
    assert told.rows == [(5,)], "what came with the leaked key stays"
