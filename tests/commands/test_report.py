"""`aboveboard report`: the pages as one file that asks nobody for anything, and charts by name."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from aboveboard.commands import main
from tests.commands import asked
from tests.commands.insights import put

PERIOD = ("--since", "60d", "--until", "2026-10-31")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asked.directory(tmp_path_factory)


def report(data: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["report", "--project", "aider", "--data", str(data), *words])
    return code, capsys.readouterr().err


def test_the_file_has_all_in_it_and_loads_nothing(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    assert report(data, capsys, *PERIOD, "-o", str(file)) == (0, "")
    text = file.read_text("utf-8")
    for words in ("Active installs", "Models", "Crashes to look at", "not all installs"):
        assert words in text
    pictures = re.findall(r'<img src="data:image/svg[+]xml;base64,([^"]+)" alt="([^"]+)"', text)
    assert len(pictures) >= 5
    assert all(base64.b64decode(picture).startswith(b"<svg") for picture, _ in pictures)
    assert "<script" not in text
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert "url(" not in text
    assert "default-src 'none'" in text
    assert list(tmp_path.iterdir()) == [file], "no part of it is left"


@pytest.mark.thorough
def test_some_of_it_and_one_chart_are_made_by_name(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "some.html"
    assert report(data, capsys, *PERIOD, "--only", "models", "-o", str(file))[0] == 0
    assert file.read_text("utf-8").count("<h2") == 1
    for name, begin in (("a.png", b"\x89PNG"), ("a.svg", b"<svg")):
        chart = tmp_path / name
        assert report(data, capsys, *PERIOD, "--chart", "models", "-o", str(chart))[0] == 0
        assert chart.read_bytes().startswith(begin)


@pytest.mark.thorough
def test_insights_of_one_s_own_come_first_and_have_charts(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    put(tmp_path / "own")
    own = ("--insights", str(tmp_path / "own"))
    file = tmp_path / "report.html"
    assert report(data, capsys, *PERIOD, *own, "-o", str(file)) == (0, "")
    text = file.read_text("utf-8")
    assert text.index("In which formats are edits asked for") < text.index("Which models answer")
    chart = tmp_path / "a.svg"
    assert report(data, capsys, *PERIOD, *own, "--chart", "edit_formats", "-o", str(chart))[0] == 0
    assert chart.read_bytes().startswith(b"<svg")


def test_insights_that_cannot_be_asked_are_told_a_line_each(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    put(tmp_path, "one", sql="-- What?\nSELECT nothing FROM message_send")
    put(tmp_path, "two", title=" ")
    code, err = report(data, capsys, "--insights", str(tmp_path))
    assert (code, err) == (2, "aboveboard report: --insights: two.json: the title is empty\n")
    put(tmp_path, "two")
    code, err = report(data, capsys, "--insights", str(tmp_path))
    assert code == 2
    assert err.startswith("aboveboard report: --insights: one.sql, asked of project aider: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--chart", "odd"), "'odd' is no insight of aider: use one of totals"),
        (("--only", "models,odd"), "'odd' is no insight of aider"),
        (("--since", "x"), "is no date"),
        (("--only", "totals", "-o", "/nowhere/x.html"), "/nowhere/x.html cannot be written"),
        (("--chart", "totals"), "there is no chart of totals"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_line(
    data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, err = report(data, capsys, *words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1


def test_an_empty_period_says_so(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "empty.html"
    days = ("--since", "2020-01-01", "--until", "2020-01-02", "--only", "models")
    assert report(data, capsys, *days, "-o", str(file))[0] == 0
    assert "Nothing in this period" in file.read_text("utf-8")
