"""`aboveboard report`: the pages as one file that asks nobody for anything, and charts by name."""

from __future__ import annotations

import base64
import re
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.projects.registry import shipped_catalog
from aboveboard.collector.service import Collector
from aboveboard.commands import main
from tests.insights.population import fill, population

PERIOD = ("--since", "60d", "--until", "2026-10-31")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("data")
    with closing(Collector(directory)) as collector:
        collector.add_project("aider", shipped_catalog("aider"))
        fill(collector.warehouse, "aider", shipped_catalog("aider"), population(installs=12))
    return directory


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
