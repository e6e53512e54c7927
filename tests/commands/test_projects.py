from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aboveboard.client.catalog import Catalog
from tests.collector.tool import CATALOG, EVENTS, add_project


def projects(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run("--data", str(data), *words)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aboveboard", "projects", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


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


def test_an_empty_directory_says_how_to_get_one(tmp_path: Path) -> None:
    told = projects(tmp_path)
    assert told.returncode == 0
    assert "aboveboard serve" in told.stdout


@pytest.mark.parametrize("name", ["Tool", "a-b", ""])
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


def test_what_a_newer_catalog_has_no_more_is_told_and_the_catalog_taken(
    tmp_path: Path, catalog: Path
) -> None:
    key = add_project(tmp_path)
    catalog.write_text(json.dumps(Catalog.of("tool", EVENTS[1:]).as_json()))
    told = projects(tmp_path, "add", "tool", "--catalog", str(catalog))
    assert (told.returncode, told.stdout) == (0, f"tool  {key}\n")
    assert told.stderr.count("\n") == 1
    assert "tool no longer takes no-repo, which older versions" in told.stderr
    again = projects(tmp_path, "add", "tool", "--catalog", str(catalog))
    assert (again.returncode, again.stderr) == (0, "")
