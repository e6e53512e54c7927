from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collector.tool import CATALOG, add_project


def projects(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aboveboard", "projects", "--data", str(data), *words],
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
