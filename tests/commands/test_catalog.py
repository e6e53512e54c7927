from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aboveboard.commands import main


@pytest.mark.parametrize("action", ["show", "json"])
def test_a_module_without_a_name_is_answered_with_how_to_write_it(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["catalog", action, "shelf.analytics"]) == 1
    assert capsys.readouterr().err == (
        "aboveboard catalog: there is no file shelf.analytics; for a catalog in the tool's own "
        "code write MODULE:NAME, such as shelf.analytics:analytics\n"
    )


@pytest.mark.parametrize("name", ["shelf.json", "./shelf", "some/shelf.analytics"])
def test_a_file_that_is_not_there_is_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "show", name]) == 1
    assert capsys.readouterr().err == (
        f"aboveboard catalog: {name.removeprefix('./')} cannot be read: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "import argparse\nargparse.ArgumentParser(prog='shelf').parse_args()\n",
            (
                "importing runs_at_once runs the tool, which ended: have what only a run does in a "
                'function, called under `if __name__ == "__main__":`'
            ),
        ),
        ("1 / 0\n", "runs_at_once cannot be imported: ZeroDivisionError: division by zero"),
    ],
)
def test_a_tool_that_runs_when_it_is_imported_is_told_so(
    code: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "runs_at_once.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["aboveboard", "catalog", "json", "runs_at_once:analytics"])
    assert main(["catalog", "json", "runs_at_once:analytics"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"aboveboard catalog: {told}"
