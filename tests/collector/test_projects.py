from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard import Event
from aboveboard.client.catalog import Catalog
from aboveboard.client.event import count, flag
from aboveboard.client.kinds import CatalogError
from aboveboard.collector.projects import Projects, shipped_catalog
from aboveboard.warehouse import WarehouseError
from tests.collector.tool import CATALOG


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
    assert "other" in newer.catalog.entries
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
    assert "other" in newer.catalog.entries


@pytest.mark.parametrize("name", ["", "Tool", "a b", "1a", "a-b"])
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
