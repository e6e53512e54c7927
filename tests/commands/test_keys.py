from __future__ import annotations

import subprocess
from pathlib import Path

from tests import forked
from tests.collector.tool import add_project


def keys(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forked.aboveboard("keys", "--data", str(data), *words)


def test_keys_are_added_listed_and_revoked(tmp_path: Path) -> None:
    first = add_project(tmp_path)
    added = keys(tmp_path, "add", "tool", "--name", "v2")
    assert added.returncode == 0
    project, name, key = added.stdout.split()
    assert (project, name) == ("tool", "v2")
    told = keys(tmp_path, "revoke", "tool", "first")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == (
        "tool takes nothing with the key 'first' any more; what came with it stays\n"
    )
    head, *rows = keys(tmp_path, "list").stdout.splitlines()
    assert head.split() == ["PROJECT", "NAME", "KEY", "ADDED", "LAST", "USED", "REVOKED"]
    cells = {row.split()[1]: row.split() for row in rows}
    assert cells["v2"][2] == key
    assert cells["v2"][-1] == "never"
    assert cells["first"][2] == first
    assert cells["first"][-1] == cells["first"][3], "revoked on the day on which it was added"


def test_revoking_the_last_key_says_what_that_means_and_what_to_do(tmp_path: Path) -> None:
    add_project(tmp_path)
    assert keys(tmp_path, "revoke", "tool", "first").stdout.splitlines()[1:] == [
        "tool has no key left, and takes nothing: `aboveboard keys add tool` makes another"
    ]


def test_what_is_not_there_is_told_on_one_line(tmp_path: Path) -> None:
    add_project(tmp_path)
    for words in (("add", "other"), ("list", "other"), ("revoke", "tool", "nothing")):
        told = keys(tmp_path, *words)
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.startswith("aboveboard keys: ")
        assert told.stderr.count("\n") == 1


def test_an_empty_directory_says_how_to_get_a_key(tmp_path: Path) -> None:
    assert "projects add" in keys(tmp_path).stdout
