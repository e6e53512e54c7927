from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import choice, count
from aboveboard.collector.people.accounts import Accounts
from aboveboard.collector.people.register import Register
from aboveboard.collector.people.tokens import Tokens
from aboveboard.collector.projects.registry import Projects
from tests import forked
from tests.collector.tool import CATALOG, EVENTS, Install, Server, add_project, ask, damage


def projects(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run("--data", str(data), *words)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return forked.aboveboard("projects", *words)


def _entry(**changes: object) -> str:
    entry: dict[str, object] = {"name": "tool", "catalog": CATALOG.as_json(), "shipped": False}
    entry |= {"retention": 400, "limits": {}, "keys": []}
    return json.dumps({"projects": [entry | changes]})


def _two_with_one_key() -> str:
    keys = [{"key": "ab", "name": "x", "added": 1}]
    entries = [json.loads(_entry(name=name, keys=keys))["projects"][0] for name in ("a", "b")]
    return json.dumps({"projects": entries})


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(CATALOG.as_json()))
    return file


def test_projects_are_listed_with_their_keys(tmp_path: Path) -> None:
    keys = {name: add_project(tmp_path, name) for name in ("tool", "another")}
    told = projects(tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert sorted(line.split() for line in told.stdout.splitlines()) == sorted(
        [name, key] for name, key in keys.items()
    )


def test_a_project_is_added_with_a_key_and_keeps_it_with_a_newer_catalog(
    tmp_path: Path, catalog: Path
) -> None:
    first = projects(tmp_path / "data", "add", "tool", "--catalog", str(catalog))
    again = projects(tmp_path / "data", "add", "tool", "--catalog", str(catalog))
    assert first.returncode == again.returncode == 0
    assert first.stdout == again.stdout == projects(tmp_path / "data").stdout
    assert first.stdout.startswith("tool  ab_")


def test_the_list_has_a_name_too(tmp_path: Path) -> None:
    add_project(tmp_path)
    assert projects(tmp_path, "list").stdout == projects(tmp_path).stdout


def test_only_a_project_that_is_there_is_set(tmp_path: Path, catalog: Path) -> None:
    key = add_project(tmp_path)
    told = projects(tmp_path, "set", "tool", "--catalog", str(catalog))
    assert (told.returncode, told.stdout) == (0, f"tool  {key}\n")
    refused = projects(tmp_path, "set", "tol", "--catalog", str(catalog))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "there is no project 'tol' (there is: tool)" in refused.stderr


def test_an_empty_directory_says_how_to_get_one(tmp_path: Path) -> None:
    told = projects(tmp_path)
    assert told.returncode == 0
    assert "aboveboard serve" in told.stdout


def test_aider_needs_no_catalog_and_a_tool_of_ones_own_does(tmp_path: Path) -> None:
    added, again = (projects(tmp_path, "add", "aider") for _ in range(2))
    assert added.stdout.startswith("aider  ab_")
    assert (again.returncode, again.stdout) == (0, added.stdout)
    refused = projects(tmp_path, "add", "tool")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "say with --catalog FILE what 'tool' may collect" in refused.stderr


@pytest.mark.parametrize("name", ["Tool", "a+b", ""])
def test_a_name_that_cannot_be_is_refused_on_one_line(
    tmp_path: Path, catalog: Path, name: str
) -> None:
    told = projects(tmp_path / "data", "add", name, "--catalog", str(catalog))
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "cannot name a project" in told.stderr


def test_a_catalog_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    told = projects(tmp_path, "add", "tool", "--catalog", "missing.json")
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "missing.json" in told.stderr


@pytest.mark.parametrize("before", [True, False])
def test_the_directory_may_be_named_before_the_action_or_after(
    tmp_path: Path, catalog: Path, before: bool
) -> None:
    data = ["--data", str(tmp_path / "data")]
    adding = ["add", "tool", "--catalog", str(catalog)]
    told = run(*data, *adding) if before else run(*adding, *data)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == projects(tmp_path / "data").stdout


def test_a_property_of_another_kind_is_refused_on_one_line(tmp_path: Path, catalog: Path) -> None:
    add_project(tmp_path)
    catalog.write_text(
        catalog.read_text().replace('"tokens", "kind": "count"', '"tokens", "kind": "flag"')
    )
    told = projects(tmp_path, "add", "tool", "--catalog", str(catalog))
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == (
        f"aboveboard projects: message_send.tokens is a count here and a flag in {catalog}: "
        "give the property another name\n"
    )


def test_another_tools_catalog_is_refused_on_one_line(tmp_path: Path, catalog: Path) -> None:
    add_project(tmp_path)
    catalog.write_text(json.dumps(Catalog.of("sky-cast", EVENTS).as_json()))
    told = projects(tmp_path, "add", "tool", "--catalog", str(catalog))
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.count("\n") == 1
    assert f"{catalog} is sky-cast's catalog, and the project tool has tool's" in told.stderr


def write(file: Path, *events: type[Event]) -> None:
    file.write_text(json.dumps(Catalog.of("tool", events).as_json()))


def test_a_catalog_that_lacks_something_is_taken_and_says_that_the_rest_stays(
    tmp_path: Path, catalog: Path
) -> None:
    key = add_project(tmp_path)
    write(catalog, *EVENTS[1:])
    told = projects(tmp_path, "add", "tool", "--catalog", str(catalog))
    assert (told.returncode, told.stdout) == (0, f"tool  {key}\n")
    assert told.stderr == (
        "aboveboard projects: tool goes on taking command_add, no-repo, which older "
        f"versions of the tool send and {catalog} lacks. To refuse it from now on: "
        f"`aboveboard projects add tool --catalog {catalog} --replace`\n"
    )
    assert {*kept(tmp_path).entries} >= {"no-repo", "message_send"}


def test_what_is_withdrawn_is_told_by_name_and_the_key_stays(tmp_path: Path, catalog: Path) -> None:
    class Narrow(Event, name="message_send"):
        """The model answered."""

        edit_format: str | None = choice("diff", doc="How edits were asked for")
        tokens: int | None = count("How many tokens")

    key = add_project(tmp_path)
    write(catalog, Narrow, *EVENTS[2:])
    words = ("add", "tool", "--catalog", str(catalog), "--replace")
    told = projects(tmp_path, *words)
    assert (told.returncode, told.stdout) == (0, f"tool  {key}\n")
    assert told.stderr == (
        "aboveboard projects: from now on tool refuses command_add, no-repo, "
        'message_send.main_model, message_send.edit_format "whole", message_send.cost, also from '
        "older versions of the tool. What was kept of it stays\n"
    )
    assert "no-repo" not in kept(tmp_path).entries
    again = projects(tmp_path, *words)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_number_that_goes_on_being_rounded_is_told(tmp_path: Path, catalog: Path) -> None:
    class Rounded(Event, name="message_send"):
        """The model answered."""

        tokens: int | None = count("How many tokens", steps=True)

    class Exact(Event, name="message_send"):
        """The model answered."""

        tokens: int | None = count("How many tokens")

    add_project(tmp_path, catalog=Catalog.of("tool", [Rounded]))
    write(catalog, Exact)
    told = projects(tmp_path, "add", "tool", "--catalog", str(catalog))
    assert told.returncode == 0
    assert told.stderr.count("\n") == 1
    assert "tool goes on rounding message_send.tokens, which" in told.stderr


def test_a_damaged_catalog_is_told_on_one_line_and_mended_with_the_key_kept(
    tmp_path: Path, catalog: Path
) -> None:
    key, well = add_project(tmp_path), add_project(tmp_path, "well")
    damage(tmp_path, "tool")
    told = projects(tmp_path)
    assert (told.returncode, told.stdout) == (1, f"well  {well}\n")
    said = (
        "aboveboard projects: project tool: its catalog is damaged: give it one with "
        "`aboveboard projects add tool --catalog FILE --replace`\n"
    )
    assert told.stderr == said
    words = ("add", "tool", "--catalog", str(catalog))
    refused = projects(tmp_path, *words)
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", said)
    mended = projects(tmp_path, *words, "--replace")
    assert (mended.returncode, mended.stdout, mended.stderr) == (0, f"tool  {key}\n", "")
    assert projects(tmp_path).returncode == 0


def test_a_catalog_file_that_is_too_deep_is_refused_on_one_line(
    tmp_path: Path, catalog: Path
) -> None:
    catalog.write_text("[" * 100_000)
    told = projects(tmp_path, "add", "tool", "--catalog", str(catalog))
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert f"{catalog} is no JSON" in told.stderr


def kept(data: Path) -> Catalog:
    with contextlib.closing(Projects(data)) as opened:
        project = opened.get("tool")
        assert project is not None
        return project.catalog


class TestRemoving:
    """Nothing of a project is left, and nothing of the others is touched."""

    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        for name in ("tool", "well"):
            add_project(tmp_path, name)
        server = Server(tmp_path)
        for name in ("tool", "well"):
            assert server.send(server.key(name), Install().segment(2)).status == 200
        server.settle()
        with contextlib.closing(Register(tmp_path)) as register:
            Accounts(register).invite("ana", "tool")
            Accounts(register).invite("bo")
            Tokens(register).add("reports", "tool")
        server.stop()
        return tmp_path

    def test_it_is_gone_with_its_events_keys_and_those_who_saw_it_alone(self, data: Path) -> None:
        told = projects(data, "remove", "tool", "--yes")
        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout == "tool is removed, with its keys and all of its events\n"
        assert projects(data).stdout.split()[0] == "well"
        databases = "SELECT name FROM system.databases WHERE startsWith(name, 'project')"
        left = ask(data, databases, "well")
        assert left.rows == [("project_well",)]
        assert ask(data, "SELECT count() FROM {project:Identifier}.message_send", "well").rows == [
            (2,)
        ]
        for file in ("inbox.sqlite", "projects.sqlite"):
            with contextlib.closing(sqlite3.connect(data / file)) as kept:
                tables = [
                    name
                    for (name,) in kept.execute("SELECT name FROM sqlite_master WHERE type='table'")
                    if name != "erased"
                    and "project" in [row[1] for row in kept.execute(f"PRAGMA table_info({name})")]
                ]
                assert len(tables) > 3
                for table in tables:
                    sql = f"SELECT count(*) FROM {table} WHERE project = 'tool'"
                    assert kept.execute(sql).fetchone() == (0,), table
        with contextlib.closing(Register(data)) as register:
            assert [each.name for each in Accounts(register).all()] == ["bo"]
        again = add_project(data, "tool")
        assert again.startswith("ab_")

    def test_without_a_terminal_it_is_said_twice(self, data: Path) -> None:
        told = projects(data, "remove", "tool")
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.endswith("say --yes\n")
        assert len(projects(data).stdout.splitlines()) == 2

    @pytest.mark.thorough
    def test_while_a_collector_runs_or_for_no_project_nothing_is_changed(self, data: Path) -> None:
        unknown = projects(data, "remove", "tol", "--yes")
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert "there is no project 'tol' (there is: tool, well)" in unknown.stderr
        server = Server(data)
        try:
            busy = projects(data, "remove", "tool", "--yes")
            assert (busy.returncode, busy.stdout) == (1, "")
            assert "another aboveboard serves" in busy.stderr
            assert server.send(server.key("tool"), Install().start()).status == 200
        finally:
            server.stop()


class TestForAnotherCollector:
    def test_what_is_exported_is_taken_back_as_it_was(self, tmp_path: Path) -> None:
        key = add_project(tmp_path / "one")
        projects(tmp_path / "one", "set", "tool", "--retention", "90d")
        projects(tmp_path / "one", "set", "tool", "--limit", "install-events-day=off")
        retired = _key(tmp_path / "one", "add")
        _key(tmp_path / "one", "revoke", retired)
        told = projects(tmp_path / "one", "export")
        assert (told.returncode, told.stderr) == (0, "")
        file = tmp_path / "projects.json"
        file.write_text(told.stdout)

        for _ in range(2):
            taken = projects(tmp_path / "two", "import", str(file))
            assert (taken.returncode, taken.stderr) == (0, "")
            assert key in taken.stdout

        assert projects(tmp_path / "two", "export", "tool").stdout == told.stdout
        with contextlib.closing(Projects(tmp_path / "two")) as there:
            assert there.by_key(key) is not None
            assert there.by_key(retired) is None

    def test_a_project_that_is_there_gets_what_it_lacks_and_loses_nothing(
        self, tmp_path: Path
    ) -> None:
        add_project(tmp_path / "one")
        mine = add_project(tmp_path / "two", catalog=Catalog.of("tool", [Grown]))
        file = tmp_path / "projects.json"
        file.write_text(projects(tmp_path / "one", "export").stdout)

        assert projects(tmp_path / "two", "import", str(file)).returncode == 0

        with contextlib.closing(Projects(tmp_path / "two")) as there:
            project = there.get("tool")
            assert project is not None
            assert len(project.keys) == 2
            assert mine in project.keys
            assert project.catalog.entries.keys() == {"grown", *CATALOG.entries}

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("{", "it is not JSON"),
            ('{"projects": [{"name": "x"}]}', "missing required field"),
            ('{"projects": [], "more": 1}', "unknown field"),
            (_entry(retention=0), "retention is 1 to 3650 days"),
            (_entry(limits={"nosuch": 1}), "nosuch"),
            (_entry(keys=[{"key": "a\nb", "name": "x", "added": 1}]), "printable"),
            (_entry(keys=[{"key": "ab", "name": "", "added": 1}]), "printable"),
            (_entry(keys=[{"key": "a" * 1000, "name": "x", "added": 1}]), "at most 200"),
            (_entry(keys=[{"key": "ab", "name": "x", "added": 2**62}]), "seconds since 1970"),
            (_entry(keys=[{"key": "ab", "name": "x", "added": -1}]), "seconds since 1970"),
            (
                _entry(keys=[{"key": "ab", "name": "x", "added": 1, "revoked": 2**70}]),
                "seconds since 1970",
            ),
            (_two_with_one_key(), "b and a have the same key"),
            (_entry(name="no such"), "no such"),
            (_entry(catalog={"app": 1}), "catalog"),
        ],
    )
    def test_what_is_none_is_refused_in_one_line_and_nothing_is_changed(
        self, tmp_path: Path, text: str, why: str
    ) -> None:
        file = tmp_path / "projects.json"
        file.write_text(text)

        told = projects(tmp_path / "two", "import", str(file))

        assert told.returncode == 1
        assert why in told.stderr
        assert len(told.stderr.splitlines()) == 1
        assert "no projects yet" in projects(tmp_path / "two").stdout

    def test_a_document_without_projects_changes_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "projects.json"
        (tmp_path / "one").mkdir()
        file.write_text(projects(tmp_path / "one", "export").stdout)

        told = projects(tmp_path / "two", "import", str(file))

        assert (told.returncode, told.stderr) == (0, "")
        assert "nothing has changed" in told.stdout

    def test_another_project_s_key_is_refused(self, tmp_path: Path) -> None:
        add_project(tmp_path / "one")
        file = tmp_path / "projects.json"
        told = projects(tmp_path / "one", "export").stdout
        file.write_text(told)
        projects(tmp_path / "two", "import", str(file))
        file.write_text(told.replace('"name": "tool"', '"name": "other"'))

        refused = projects(tmp_path / "two", "import", str(file))

        assert refused.returncode == 1
        assert "is tool's here" in refused.stderr
        assert "other" not in projects(tmp_path / "two").stdout

    def test_an_unknown_name_is_told(self, tmp_path: Path) -> None:
        add_project(tmp_path)
        told = projects(tmp_path, "export", "nosuch")
        assert (told.returncode, told.stdout) == (1, "")
        assert "no project 'nosuch' (there is: tool)" in told.stderr


class Grown(Event):
    """Something else."""


def _key(data: Path, action: str, *words: str) -> str:
    told = forked.aboveboard("keys", action, "tool", *words, "--data", str(data))
    assert told.returncode == 0, told.stderr
    return next(word for word in told.stdout.split() if word.startswith("ab_")) if not words else ""
