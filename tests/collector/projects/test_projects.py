from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard import Event
from aboveboard.catalog.catalog import Catalog
from aboveboard.catalog.event import count, flag
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.inbox import storage
from aboveboard.collector.projects import migrations
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects, UnreadableError
from aboveboard.warehouse import WarehouseError
from tests.collector.tool import CATALOG, damage


class Other(Event):
    """Another event."""


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[Projects]:
    opened = Projects(tmp_path)
    yield opened
    opened.close()


def test_a_project_has_a_key_that_finds_it(projects: Projects) -> None:
    tool = projects.add("tool", CATALOG)
    (key,) = tool.keys
    found = projects.by_key(key)
    assert found is not None
    assert found.name == "tool"
    assert projects.by_key(key + "x") is None
    assert projects.by_key("") is None


def test_keys_differ_and_stay_when_the_catalog_is_a_newer_one(projects: Projects) -> None:
    first, other = projects.add("tool", CATALOG), projects.add("other", CATALOG)
    newer = projects.add("tool", Catalog.of("tool", [Other]))
    assert newer.keys == first.keys != other.keys
    assert newer.catalog.entries.keys() == {*CATALOG.entries, "other"}
    assert {each.name for each in projects.all()} == {"tool", "other"}


def test_projects_are_there_when_the_directory_is_opened_again(
    projects: Projects, tmp_path: Path
) -> None:
    tool = projects.add("tool", CATALOG, shipped=True)
    with closing(Projects(tmp_path)) as again:
        (found,) = again.all()
    assert (found.name, found.keys, found.shipped) == ("tool", tool.keys, True)
    assert found.catalog.as_json() == CATALOG.as_json()


def test_what_another_process_adds_is_found_without_a_restart(
    projects: Projects, tmp_path: Path
) -> None:
    with closing(Projects(tmp_path)) as other:
        key = other.add("tool", CATALOG).keys[0]
    found = projects.by_key(key)
    assert found is not None
    with closing(Projects(tmp_path)) as other:
        other.add("tool", Catalog.of("tool", [Other]))
    projects.refresh()
    newer = projects.get("tool")
    assert newer is not None
    assert newer.catalog.entries.keys() == {*CATALOG.entries, "other"}


@pytest.mark.parametrize("name", ["", "Tool", "a b", "1a", "-a"])
def test_a_name_that_no_database_could_have_is_refused(projects: Projects, name: str) -> None:
    with pytest.raises(WarehouseError, match="cannot name a project"):
        projects.add(name, CATALOG)
    assert projects.all() == []


def test_a_catalog_whose_legacy_part_is_none_is_refused(projects: Projects) -> None:
    with pytest.raises(CatalogError, match="legacy"):
        projects.add("tool", Catalog.of("tool", [Other], {"silent": 1}))
    assert projects.all() == []


def test_a_catalog_that_contradicts_the_one_before_changes_nothing(projects: Projects) -> None:
    class Changed(Event, name="other"):
        """Another event."""

        times: int = count("How often")

    class Now(Event, name="other"):
        """Another event."""

        times: bool = flag("Whether often")

    projects.add("tool", Catalog.of("tool", [Changed]))
    with pytest.raises(CatalogError, match=r"other\.times is a count here and a flag in new\.json"):
        projects.add("tool", Catalog.of("tool", [Now]), called="new.json")
    (kept,) = projects.all()
    assert kept.catalog.entries["other"].properties["times"].kind.label == "count"


def test_another_tools_catalog_is_refused(projects: Projects) -> None:
    projects.add("shelf", Catalog.of("shelf", [Other]))
    with pytest.raises(
        CatalogError,
        match=r"^sky\.json is sky-cast's catalog, and the project shelf has shelf's: ",
    ):
        projects.add("shelf", Catalog.of("sky-cast", [Other]), called="sky.json")


def test_a_catalog_that_has_not_changed_stays_the_same_object(
    projects: Projects, tmp_path: Path
) -> None:
    before = projects.add("tool", CATALOG).catalog
    with closing(Projects(tmp_path)) as other:
        other.add("another", CATALOG)
    projects.refresh()
    assert [each.catalog is before for each in projects.all()].count(True) == 1
    assert len(projects.all()) == 2


def test_aiders_catalog_comes_with_the_package() -> None:
    assert "message_send" in shipped_catalog("aider").entries


class TestAnotherCatalog:
    """A project is given a second catalog."""

    def test_that_is_smaller_leaves_it_all_that_it_took(self, projects: Projects) -> None:
        whole = projects.add("tool", CATALOG)
        assert projects.add("tool", Catalog.of("tool", [])).catalog.entries.keys() == {
            *CATALOG.entries
        }
        assert projects.add("tool", CATALOG).catalog.as_json() == whole.catalog.as_json()

    def test_that_is_given_again_changes_nothing_that_was_made_of_it(
        self, projects: Projects
    ) -> None:
        projects.add("tool", CATALOG)
        both = projects.add("tool", Catalog.of("tool", [Other])).catalog
        assert projects.add("tool", Catalog.of("tool", [Other])).catalog is both

    def test_that_replaces_the_first_is_all_that_it_takes(self, projects: Projects) -> None:
        before = projects.add("tool", CATALOG)
        narrow = Catalog.of("tool", [Other])
        after = projects.add("tool", narrow, replace=True)
        assert after.catalog.as_json() == narrow.as_json()
        assert after.keys == before.keys

    def test_may_bring_back_what_was_withdrawn_and_not_as_another_kind(
        self, tmp_path: Path
    ) -> None:
        def narrow(**kinds: str) -> Catalog:
            document = json.loads(json.dumps(CATALOG.as_json()))
            sent = next(each for each in document["events"] if each["name"] == "message_send")
            sent["properties"] = [
                {"name": name, "kind": kind, "doc": "It"} for name, kind in kinds.items()
            ]
            return Catalog.from_json(document)

        with closing(Projects(tmp_path)) as projects:
            projects.add("tool", narrow(tokens="count", cached="flag"))
            projects.add("tool", narrow(), replace=True)
        with closing(Projects(tmp_path)) as projects:
            for replace in (True, False):
                with pytest.raises(CatalogError) as refused:
                    projects.add("tool", narrow(tokens="flag"), called="new.json", replace=replace)
                assert str(refused.value) == (
                    "message_send.tokens is a flag in new.json, and message_send.tokens, which "
                    "was withdrawn and is kept still, is a count: give the property another name"
                )
            back = projects.add("tool", narrow(tokens="count"))
            assert list(back.catalog.entries["message_send"].properties) == ["tokens"]
            projects.add("other", narrow(tokens="flag"))

    def test_may_not_replace_it_with_another_kind_of_a_property(self, projects: Projects) -> None:
        document = json.dumps(CATALOG.as_json())
        changed = document.replace('"tokens", "kind": "count"', '"tokens", "kind": "flag"')
        projects.add("tool", CATALOG)
        with pytest.raises(CatalogError, match=r"message_send\.tokens is a count here"):
            projects.add("tool", Catalog.from_json(json.loads(changed)), replace=True)

    def test_is_not_lost_when_several_are_given_at_once(self, tmp_path: Path) -> None:
        add = (
            "import sys, pathlib\n"
            "from aboveboard.catalog.catalog import Catalog, Entry\n"
            "from aboveboard.collector.projects.registry import Projects\n"
            "projects = Projects(pathlib.Path(sys.argv[1]))\n"
            "sys.stdin.readline()\n"
            "for number in range(10):\n"
            "    entry = Entry(f'{sys.argv[2]}{number}', 'It.', [])\n"
            "    projects.add('tool', Catalog('tool', [entry]))\n"
        )
        given = [
            subprocess.Popen([sys.executable, "-c", add, tmp_path, each], stdin=subprocess.PIPE)
            for each in "abc"
        ]
        for process in given:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        for process in given:
            process.communicate()
            assert process.returncode == 0
        with closing(Projects(tmp_path)) as projects:
            (tool,) = projects.all()
        assert {*tool.catalog.entries} == {f"{each}{n}" for each in "abc" for n in range(10)}

    @pytest.mark.parametrize("step", ["UPDATE", "write_key", "COMMIT"])
    def test_is_there_whole_or_not_at_all_when_the_process_is_killed(
        self, projects: Projects, tmp_path: Path, step: str
    ) -> None:
        before = projects.add("tool", CATALOG)
        add = (
            "import os, pathlib, signal, sys\n"
            "from aboveboard.catalog.catalog import Catalog\n"
            "from aboveboard.collector.projects.registry import Projects\n"
            "projects = Projects(pathlib.Path(sys.argv[1]))\n"
            "projects._connection.set_trace_callback(\n"
            "    lambda sql: sys.argv[2] in sql and os.kill(os.getpid(), signal.SIGKILL))\n"
            "projects.add('tool', Catalog.of('tool', []), replace=True)\n"
        )
        ran = subprocess.run([sys.executable, "-c", add, tmp_path, step], check=False)
        assert ran.returncode == -signal.SIGKILL
        with closing(Projects(tmp_path)) as again:
            (tool,) = again.all()
            assert tool.catalog.as_json() == before.catalog.as_json()
            assert again.add("tool", Catalog.of("tool", [Other])).keys == before.keys


NEWER = {"format": 2, "app": "tool", "events": []}


class TestACatalogThatCannotBeRead:
    """A disk has damaged it, or a newer aboveboard has written it."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (b"\xff\xfe\x00", "its catalog is damaged: give it one with `aboveboard projects add "),
            (json.dumps(CATALOG.as_json())[:100], "its catalog is damaged: "),
            ("[" * 100_000, "its catalog is damaged: "),
            ("[]", "its catalog is damaged: "),
            ("", "its catalog is damaged: "),
            (json.dumps(NEWER), "format 2, and 1 is known here: use a newer aboveboard"),
            (
                json.dumps({**CATALOG.as_json(), "legacy": {"silent": 1}}),
                "the catalog's legacy part",
            ),
            ('{"format": 1, "app": "tool"}', "this is no catalog: 'events' is missing"),
        ],
    )
    def test_is_its_own_projects_trouble_alone(
        self, projects: Projects, tmp_path: Path, text: str | bytes, said: str
    ) -> None:
        key = projects.add("tool", CATALOG).keys[0]
        well = projects.add("well", CATALOG)
        damage(tmp_path, "tool", text)
        projects.refresh()
        with closing(Projects(tmp_path)) as again:
            for opened in (projects, again):
                assert [each.name for each in opened.all()] == ["well"]
                found = opened.by_key(well.keys[0])
                assert found is not None
                assert found.name == "well"
                assert said in opened.unreadable()["tool"]
                with pytest.raises(UnreadableError, match=r"^project tool: [^\n]+$"):
                    opened.by_key(key)
                with pytest.raises(UnreadableError, match=r"^project tool: [^\n]+$"):
                    opened.get("tool")
                assert "other" in opened.add("well", Catalog.of("tool", [Other])).catalog.entries

    def test_is_not_written_over_unless_it_is_to_be_replaced(
        self, projects: Projects, tmp_path: Path
    ) -> None:
        keys = projects.add("tool", CATALOG).keys
        damage(tmp_path, "tool", json.dumps(NEWER))
        with pytest.raises(UnreadableError, match=r"^project tool: this catalog has format 2"):
            projects.add("tool", CATALOG)
        damage(tmp_path, "tool", json.dumps(NEWER))
        assert projects.add("tool", CATALOG, replace=True).keys == keys
        assert projects.unreadable() == {}

    @given(data=st.data())
    def test_is_told_in_one_line_however_it_is_damaged(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        text = json.dumps(Catalog.of("tool", [Other]).as_json()).encode()
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, len(text)))
        damaged = text[:start] + data.draw(st.binary(max_size=8)) + text[end:]
        directory = tmp_path_factory.mktemp("data")
        with closing(Projects(directory)) as projects:
            projects.add("tool", CATALOG)
            damage(directory, "tool", damaged)
            projects.refresh()
            assert len(projects.all()) + len(projects.unreadable()) == 1
            assert all("\n" not in why for why in projects.unreadable().values())


def test_a_file_that_no_longer_can_be_read_is_told_in_one_line(
    projects: Projects, tmp_path: Path
) -> None:
    projects.add("tool", CATALOG)
    with closing(sqlite3.connect(tmp_path / migrations.FILE)) as connection, connection:
        connection.execute("ALTER TABLE project RENAME TO away")
    for use in (projects.refresh, lambda: projects.add("tool", CATALOG)):
        with pytest.raises(storage.StorageError, match=r"cannot use .*projects\.sqlite \(no such"):
            use()
