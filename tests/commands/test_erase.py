from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aboveboard.warehouse.schema import key as key_of
from tests import forked
from tests.collector.erasing.forgetful import Forgetful, erase, kept
from tests.collector.tool import NOW, Install, Server, add_project, new_id


def command(data: Path, *words: str, said: str | None = None) -> subprocess.CompletedProcess[str]:
    return forked.aboveboard("erase", *words, "--data", str(data), said=said or "", COLUMNS="200")


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Server, str, Forgetful, Install]:
    key = add_project(tmp_path)
    server = Server(tmp_path)
    me, other = Forgetful(), Install()
    server.send(key, me.run() + other.segment(1))
    server.settle()
    return server, key, me, other


Filled = tuple[Server, str, Forgetful, Install]


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param(True, id="beside a collector"),
        pytest.param(False, id="alone", marks=pytest.mark.thorough),
    ],
)
class TestAnInstall:
    def test_is_erased_and_stays_out(self, filled: Filled, tmp_path: Path, runs: bool) -> None:
        server, key, me, other = filled
        if not runs:
            server.stop()
        counted = command(tmp_path, me.user_id, "--project", "tool", "--dry-run")
        assert (counted.returncode, counted.stdout) == (
            0,
            "4 rows of project tool would be erased\n",
        )
        done = command(tmp_path, me.user_id.upper(), "--project", "tool", "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("4 rows of project tool erased, from the files too\n")
        if not runs:
            server.start()
        assert server.send(key, me.run()).json()["accepted"] == 0
        listed = command(tmp_path, "--list").stdout.splitlines()
        assert listed[1].split()[1] == done.stdout.split()[1].rstrip(":")
        server.stop()
        assert kept(tmp_path) == [key_of(other.user_id)]

    @pytest.mark.thorough
    def test_is_not_without_a_word(self, filled: Filled, tmp_path: Path, runs: bool) -> None:
        server, _, me, _ = filled
        if not runs:
            server.stop()
        refused = command(tmp_path, me.user_id, "--project", "tool")
        assert refused.returncode == 2
        assert "say --yes" in refused.stderr
        if runs:
            server.stop()
        assert len(kept(tmp_path)) == 3


def test_rows_of_a_time_are_erased_and_their_install_goes_on(
    filled: Filled, tmp_path: Path
) -> None:
    server, key, me, other = filled
    since = "2020-01-01"
    done = command(
        tmp_path, "--project", "tool", "--since", since, "--install", me.user_id, "--yes"
    )
    assert done.stdout == "4 rows of project tool erased, from the files too\n"
    assert server.send(key, me.run()).json()["accepted"] == 4
    server.stop()
    assert sorted(kept(tmp_path)) == sorted([key_of(other.user_id)] + [key_of(me.user_id)] * 2)
    assert NOW > 0


def test_a_request_without_a_secret_is_listed_and_decided(filled: Filled, tmp_path: Path) -> None:
    server, key, me, _ = filled
    assert erase(server, key, me.request(secret=None)).status == 202
    assert f"`aboveboard erase {me.user_id} --project tool`" in command(tmp_path, "--list").stdout
    command(tmp_path, me.user_id, "--project", "tool", "--yes")
    assert "for you to decide" not in command(tmp_path, "--list").stdout
    server.stop()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--project"),
        (["--project", "tool"], "say what"),
        (["--project", "tool", new_id(), "--since", "2026-01-01"], "as a whole"),
        (["--project", "tool", "--since", "2026-01-02", "--until", "2026-01-01"], "exchange"),
        (["--project", "tool", "--since", "yesterday"], "neither a day"),
        (["--project", "tool", "nobody"], "no UUID"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, words: list[str], said: str) -> None:
    ended = command(tmp_path, *words)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_a_project_that_is_not_there_is_said(tmp_path: Path) -> None:
    add_project(tmp_path)
    ended = command(tmp_path, new_id(), "--project", "other", "--yes")
    assert ended.returncode == 1
    assert "there is no project 'other' (there is: tool)" in ended.stderr
