"""`aboveboard query`: somebody's own SQL in a terminal, within the same rules as on the page."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from aboveboard.commands import main
from tests.commands import asked

QUESTION = "SELECT os, count() AS n FROM sessions GROUP BY os ORDER BY os"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asked.directory(tmp_path_factory)


def told(data: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["query", "--project", "aider", "--data", str(data), *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_answer_is_a_table_csv_or_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(data, capsys, QUESTION, "--json")
    document = json.loads(out)
    assert (code, document["columns"]) == (0, ["os", "n"])
    rows = [[os, str(n)] for os, n in document["rows"]]
    _, out, _ = told(data, capsys, QUESTION, "--csv")
    assert list(csv.reader(io.StringIO(out, newline=""))) == [["os", "n"], *rows]
    _, out, err = told(data, capsys, QUESTION)
    assert [line.split() for line in out.splitlines()] == [["os", "n"], *rows]
    assert f"{len(rows)} row" in err


def test_a_question_comes_by_a_pipe_too(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1 AS one\n"))
    assert told(data, capsys, "--csv")[1] == "one\r\n1\r\n"


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("SELECT file('/etc/hostname')", 2, "the function file cannot be used here"),
        ("SELECT '\udcff'", 2, "the question is not UTF-8"),
        ("DROP TABLE sessions", 2, "only a SELECT can be asked"),
        ("SELECT arrayJoin(range(20000))", 1, "10,000 rows"),
    ],
)
def test_what_is_not_answered_is_said_in_a_line(
    data: Path, capsys: pytest.CaptureFixture[str], question: str, code: int, said: str
) -> None:
    found, out, err = told(data, capsys, question)
    assert (found, out, said in err, err.count("\n")) == (code, "", True, 1)


def test_what_can_be_asked_is_listed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(data, capsys, "--schema")
    assert code == 0
    assert "sessions\n" in out
    assert "  app_version  LowCardinality(Nullable(String))\n" in out
    assert "_move" not in out
