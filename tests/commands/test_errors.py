"""`aboveboard errors`: the page's groups in a terminal; issues that find their reports again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aboveboard import insights
from aboveboard.collector.people.register import Register
from aboveboard.collector.service import Collector
from aboveboard.collector.triage.decisions import Decisions
from aboveboard.commands import main
from tests.commands import asked

PERIOD = ("--since", "60d", "--until", "2026-10-31")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asked.directory(tmp_path_factory)


def told(data: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["errors", "--project", "aider", "--data", str(data), *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def groups(data: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    code, out, _ = told(data, capsys, *PERIOD, "--json", *words)
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_open_groups_are_listed_with_their_share_and_versions(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = groups(data, capsys, "--all")
    code, out, _ = told(data, capsys, *PERIOD, "--all")
    assert code == 0
    head, *lines = out.splitlines()
    assert head.split() == [
        "state",
        "sessions",
        "share",
        "installs",
        "first",
        "last",
        "what",
        "where",
        "group",
    ]
    assert [line.split()[-1] for line in lines] == [each["group"] for each in every]
    assert {each["kind"] for each in every} == {"crash"}
    assert groups(data, capsys, "--kind", "provider")


@pytest.mark.thorough
def test_what_is_resolved_is_left_out_until_a_later_version_has_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = groups(data, capsys, "--all")
    one = next(each for each in every if each["last_version"] == "0.86.2")
    with closing(Register(data)) as register:
        decisions = Decisions(register)
        decisions.resolve("aider", str(one["group"]), "0.86.3", "ana")
        assert one["group"] not in {each["group"] for each in groups(data, capsys)}
        decisions.resolve("aider", str(one["group"]), "0.86.2", "ana")
        (again,) = [each for each in groups(data, capsys) if each["group"] == one["group"]]
        assert again["reopened"] == "0.86.2"
        decisions.open("aider", str(one["group"]), "ana")


@pytest.mark.thorough
def test_an_issue_is_written_once_a_group_and_finds_its_later_reports(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, dry, _ = told(data, capsys, *PERIOD, "--issues")
    assert code == 0
    assert dry.count("```aboveboard") == len(groups(data, capsys))
    code, out, _ = told(data, capsys, *PERIOD, "--issues", "--write", str(tmp_path))
    files = out.splitlines()
    assert len(files) == len(groups(data, capsys))
    _, out, err = told(data, capsys, *PERIOD, "--issues", "--write", str(tmp_path))
    assert (out, "no open group is without an issue" in err) == ("", True)
    code, out, _ = told(data, capsys, *PERIOD, "--issue", files[0])
    assert code == 0
    assert Path(files[0]).stem.replace("-", ":") in out
    days = ("--since", "2026-01-01", "--until", "2026-01-02")
    assert told(data, capsys, *days, "--issue", files[0])[1].startswith("It did not come up")


def test_issues_of_many_groups_take_as_many_questions_as_of_one(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = insights.Insight.run

    def counted(self: insights.Insight, *told: Any) -> insights.Table:
        asked.append(self.name)
        return run(self, *told)

    monkeypatch.setattr(insights.Insight, "run", counted)
    code, out, _ = told(data, capsys, *PERIOD, "--issues")

    assert code == 0
    assert out.count("```aboveboard") > 2
    assert sorted(asked) == [
        *("error_frames", "error_sides", "error_versions", "errors", "versions"),
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--since", "x"), 2, "is no date"),
        (("--link", "https://a.example"), 2, "go with --issues"),
        (("--issues", "--link", "javascript:alert(1)"), 2, "--link is the dashboard's address"),
        (("--issues", "--write", "/nowhere"), 2, "is no folder"),
        (("--issue", "/nowhere"), 2, "cannot be read"),
        (("--issue", __file__), 2, "no ```aboveboard block"),
        (("--since", "2020-01-01", "--until", "2020-01-02"), 0, "no open crash"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
) -> None:
    found, out, err = told(data, capsys, *words)
    assert (found, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.thorough
def test_a_server_that_has_the_data_open_is_asked(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = groups(data, capsys, "--all")
    with closing(Collector(data)) as collector:
        collector.start()
        words = ("errors", "--project", "aider", "--data", str(data), *PERIOD, "--json", "--all")
        ended = subprocess.run(
            [sys.executable, "-m", "aboveboard", *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line) for line in ended.stdout.splitlines()] == alone
